"""The installed command, run as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("voice-gateway"))


def run(*arguments: str | Path, timeout_s: float = 120, **options: object) -> subprocess.CompletedProcess[str]:
    """Run `voice-gateway` to its end; output as text, exit status unchecked."""
    command = [COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=False, **options)  # type: ignore[call-overload,no-any-return]
