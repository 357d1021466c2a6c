"""A network of its own: a namespace of the kernel with loopback and nothing else, so that nothing leaves the machine.

A browser would otherwise offer every address of the machine to its peer, and talk to its maker besides.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Self

_HOLD = 'ip link set lo up && echo up && exec sleep "$0"'
LIFE_S = 1800
"""It ends by itself then, should the test be killed."""


class Loopback:
    """Made on entry, gone with its last process. Where we aren't root, a user namespace around it makes us be."""

    def __init__(self) -> None:
        self._as_root = os.geteuid() == 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        options = ["--net"] if self._as_root else ["--net", "--user", "--map-root-user"]
        command = ["unshare", *options, "sh", "-c", _HOLD, str(LIFE_S)]
        environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != "up\n":
            _, told = self._process.communicate(timeout=10)
            raise AssertionError(f"no network namespace can be made here: {told}")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    @property
    def prefix(self) -> Sequence[str]:
        """What a command that is to run in there begins with."""
        assert self._process is not None
        own = [] if self._as_root else ["--user", "--preserve-credentials"]
        return ("nsenter", "--target", str(self._process.pid), "--net", *own, "--")
