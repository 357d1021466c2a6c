"""Keeping a session alive: our refreshes, and what their answers mean (RFC 4028, RFC 3311)."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass

from aiosipua import SipResponse

from gateway.transport.sip.dialog import Dialog
from gateway.transport.sip.media import MediaLine
from gateway.transport.sip.message import BadMessageError, cseq_of, sdp_of
from gateway.transport.sip.sdp import SdpError
from gateway.transport.sip.session_timer import SessionTerms, SessionTimer, longer_terms, terms_of_response
from gateway.transport.sip.transactions import ClientTransaction, Outcome, TransactionLayer
from gateway.transport.timers import Timer

log = logging.getLogger(__name__)

TRY_AGAIN_MS = 10_000
MOST_PATIENT_MS = 2000
"""After both sides have asked at once; the caller's side, whose Call-ID it is, waits longer (RFC 3261 14.1)."""
UNKNOWN = (405, 501)
"""Answers to a method that isn't known."""
GONE = (408, 481)
"""Answers that say the call is no more (RFC 3261 12.2.1.2)."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What a session asks of its call."""

    may_ask: Callable[[], bool]
    """The call is up, and no answer of ours is under way."""
    expired: Callable[[], None]
    """Nobody is there any more."""


class Session:
    """The session of one call, from its ACK to its end."""

    def __init__(
        self, transactions: TransactionLayer, dialog: Dialog, line: MediaLine, terms: SessionTerms, watched: Watched
    ) -> None:
        self.terms = terms
        self._transactions = transactions
        self._dialog = dialog
        self._line = line
        self._watched = watched
        self._timer = SessionTimer(transactions.timers, self._refresh, watched.expired)
        self._asking: ClientTransaction | None = None
        self._again: Timer | None = None
        self._no_update = False

    @property
    def asking(self) -> bool:
        """A refresh of ours is not answered yet: a change of theirs has to wait (491)."""
        return self._asking is not None

    def begin(self, terms: SessionTerms | None = None) -> None:
        """A sign of life: from now on it is good for as long as its terms say, or the new ones."""
        self.terms = terms or self.terms
        self._timer.begin(self.terms)

    def end(self) -> None:
        """The call is over; idempotent."""
        self._timer.stop()
        if self._again:
            self._again.cancel()
        if self._asking:
            self._asking.abandon()

    def _refresh(self) -> None:
        """Ask for a sign of life."""
        if self._asking or not self._watched.may_ask():
            return
        by_update = self._dialog.allows("UPDATE") and not self._no_update
        method, sdp = ("UPDATE", None) if by_update else ("INVITE", self._line.offer())
        request = self._dialog.request(method, self.terms.question(), sdp)
        outcome = Outcome(self._answered, self._watched.expired, lambda _: bytes(self._dialog.ack(request)))
        self._asking = self._transactions.request(request, self._dialog.hop(), outcome)

    def _answered(self, response: SipResponse) -> None:
        self._asking = None
        status, method = response.status_code, cseq_of(response)[1]
        if status < 300:
            self._refreshed(response)
        elif status in GONE:
            self._watched.expired()
        elif status == 422 and (longer := longer_terms(response, self.terms)):
            self.terms = longer
            self._refresh()
        elif status in UNKNOWN and method == "UPDATE":  # they said that they know UPDATE, and don't
            self._no_update = True
            self._refresh()
        elif status == 491:
            self._try_again(random.uniform(0, MOST_PATIENT_MS))  # noqa: S311
        elif not self.terms.told:  # no timer was agreed on: whoever answers, whatever it is, is there
            self.begin()
        else:
            self._try_again(TRY_AGAIN_MS)

    def _refreshed(self, response: SipResponse) -> None:
        self._dialog.refresh(response)
        self.begin(terms_of_response(response, self.terms))
        try:
            if answer := sdp_of(response):
                self._line.accept(answer)
        except (SdpError, BadMessageError) as error:
            log.warning("the answer to a session refresh can't be used: %s", error)

    def _try_again(self, after_ms: float) -> None:
        self._again = self._transactions.timers.later(after_ms, self._refresh)
