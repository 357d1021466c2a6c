"""How a call comes to its end: who or what ended it, and what that makes of it."""

from __future__ import annotations

from gateway.call.outcome import CallRecord
from gateway.events import Disposition
from gateway.transport.leg import CALLER_HUNG_UP

DRAIN_FORCED = "drain_forced"
"""The `reason` of a call that a shutdown cut short."""
CALLED_AGAIN = "called_again"
"""The `reason` of a call whose caller was back on another line before we knew that this one was lost."""
COMPLETED = "completed"
"""The `reason` that a flow gives for a call that came to its proper end."""

Verdict = tuple[Disposition, str]
"""Disposition and reason."""


class Ending:
    """The end of one call. What ended it first stands."""

    def __init__(self, record: CallRecord) -> None:
        self.parting = False
        """The call can't go on: nothing new is begun, we only say goodbye."""
        self.over_ms: float | None = None
        """When the talking ended; the call may still wait for what was said last."""
        self._record = record
        self._left = CALLER_HUNG_UP
        self._verdict: Verdict | None = None

    @property
    def over(self) -> bool:
        """Nothing is said on the line any more."""
        return self.over_ms is not None

    def by_flow(self, reason: str, now_ms: float) -> None:
        """The flow hung up, or we did after our goodbye."""
        self.over_ms = now_ms
        if self.parting:
            self._verdict = self._cut_short("failed"), DRAIN_FORCED
        else:
            self._verdict = "completed" if reason == COMPLETED else "abandoned", reason

    def by_human(self, queue: str, now_ms: float) -> None:
        """Somebody took the caller."""
        self.over_ms = now_ms
        self._verdict = "transferred", f"queue:{queue}"

    def by_leg(self, reason: str, now_ms: float) -> None:
        """The caller hung up, or the line was lost."""
        self.over_ms, self._left = now_ms, reason

    def verdict(self, *, busy: bool) -> Verdict | None:
        """What the call came to; None while something may still change it: a caller who left may yet be served by what
        they said last, which is being worked on (`busy`).
        """
        if self._verdict is None and self.over and not busy:
            self._verdict = self._cut_short("abandoned" if self._left == CALLER_HUNG_UP else "failed"), self._left
        return self._verdict

    def _cut_short(self, otherwise: Disposition) -> Disposition:
        return "completed" if self._record.served else otherwise
