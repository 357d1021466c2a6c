"""Handing a caller over: REFER and the NOTIFYs that tell how it went (RFC 3515)."""

from __future__ import annotations

import re
from collections.abc import Callable

from aiosipua import SipRequest, SipResponse

from gateway.transport.leg import HandOver
from gateway.transport.timers import Timers

_FRAGMENT = re.compile(r"SIP/2\.0 ([1-6]\d\d)")
_NO_ANSWER = HandOver(ok=False, reason="timeout")


class Referral:
    """One attempt to hand the caller over; says once, in bounded time, how it went.

    The other side does the calling. It tells us by NOTIFY, or, as many do, by hanging up once it has begun.

    Args:
        done: told the outcome, once.
    """

    def __init__(self, timers: Timers, timeout_ms: float, done: Callable[[HandOver], None]) -> None:
        self._done: Callable[[HandOver], None] | None = done
        self._accepted = False
        self._deadline = timers.later(timeout_ms, lambda: self._finish(_NO_ANSWER))

    def answered(self, response: SipResponse) -> None:
        """The REFER was answered."""
        if response.status_code < 300:
            self._accepted = True
        else:
            self._finish(HandOver(ok=False, reason=str(response.status_code)))

    def timed_out(self) -> None:
        """The REFER was not answered."""
        self._finish(_NO_ANSWER)

    def notified(self, notify: SipRequest) -> None:
        """A NOTIFY tells how the other side's call goes."""
        found = _FRAGMENT.match(notify.text.lstrip())
        status = int(found[1]) if found else 0
        if 200 <= status < 300:
            self._finish(HandOver(ok=True))
        elif status >= 300:
            self._finish(HandOver(ok=False, reason=str(status)))
        elif (notify.headers.get_first("subscription-state") or "").lower().startswith("terminated"):
            self._finish(HandOver(ok=False, reason="unknown"))

    def other_side_left(self) -> None:
        """A BYE came. After an accepted REFER that is how most switches say that they have taken the caller over."""
        self._finish(HandOver(ok=self._accepted, reason="" if self._accepted else "caller_hung_up"))

    def abandon(self) -> None:
        """The call is over; nobody is told."""
        self._done = None
        self._deadline.cancel()

    def _finish(self, outcome: HandOver) -> None:
        done, self._done = self._done, None
        self._deadline.cancel()
        if done:
            done(outcome)
