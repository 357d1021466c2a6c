"""What an operator may set about the analyses: the table `[analytics]`."""

from __future__ import annotations

from pathlib import Path

from gateway.strict import Strict


class AnalyticsConfig(Strict):
    """The analyses of every call."""

    enabled: bool = True
    """Find out, turn by turn and at the end, what was wanted, how the caller felt, what somebody ought to look at."""
    redacted_copies: bool = False
    """Write a copy of every recording in which personal numbers are silent, within minutes of the call's end."""
    rules: Path | None = None
    """Folder with the rule files that were changed; what isn't there is the package's own."""
