"""Handing the caller to a human: asked for once, told once how it went, and never waited for without end.

The call's record keeps what was handed over only when somebody took the caller. What was asked for in vain, and why it
failed, is told by the events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway import events
from gateway.call.account import Account
from gateway.dialogue import actions
from gateway.transport.leg import HandOver

LIMIT_MS = 90_000
"""A leg promises to say how it went; one that doesn't is taken at its silence."""
_TIMEOUT = HandOver(ok=False, reason="timeout")


@dataclass(frozen=True, slots=True)
class _Wanted:
    queue: str
    handed_over: dict[str, Any]
    since_ms: float


class HandingOver:
    """The transfers of one call, at most one at a time."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._wanted: _Wanted | None = None
        self._untold = False

    def ask(self, transfer: actions.Transfer, now_ms: float) -> None:
        """Ask for the people of a queue."""
        handed_over = self._account.record.hand_over(transfer)
        self._wanted, self._untold = _Wanted(transfer.queue, handed_over, now_ms), True
        self._account.tell(events.TransferRequested, queue=transfer.queue, handed_over=handed_over)

    def take_wish(self) -> str | None:
        """The queue that the leg is to hand the caller to; None once it was taken."""
        untold, self._untold = self._untold, False
        return self._wanted.queue if untold and self._wanted else None

    def outcome(self, now_ms: float, told: HandOver | None) -> HandOver | None:
        """How it went, once: what the leg says (`told`), or that our patience is over. None meanwhile."""
        wanted = self._wanted
        if wanted is None:
            return None
        if told is None and now_ms - wanted.since_ms >= LIMIT_MS:
            told = _TIMEOUT
        if told is None:
            return None
        self._wanted = None
        if told.ok:
            self._account.record.transfer = {"queue": wanted.queue, "handed_over": wanted.handed_over}
        else:
            self._account.tell(events.TransferFailed, queue=wanted.queue, reason=told.reason)
        return told
