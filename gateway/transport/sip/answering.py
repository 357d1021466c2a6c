"""Answers that must arrive: a 2xx until its ACK (RFC 3261 13.3.1.4), a reliable 18x until its PRACK (RFC 3262)."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from aiosipua import SipRequest, SipResponse

from gateway.transport.sip.message import cseq_of
from gateway.transport.sip.transactions import LIFE_MS, T2_MS, Repeater, ServerTransaction
from gateway.transport.timers import Timers


class Insisting:
    """Gives an answer again and again until somebody says it has arrived; after 32 s it gives up.

    Args:
        given_up: called then, once.
    """

    def __init__(
        self,
        timers: Timers,
        transaction: ServerTransaction,
        response: SipResponse,
        given_up: Callable[[], None],
        longest_pause_ms: float = T2_MS,
    ) -> None:
        transaction.respond(response)
        self.number, _ = cseq_of(response)
        self._repeater = Repeater(timers, lambda: transaction.respond(response), longest_pause_ms)
        self._deadline = timers.later(LIFE_MS, self._give_up)
        self._given_up = given_up

    def stop(self) -> None:
        """It has arrived, or doesn't matter any more; idempotent."""
        self._repeater.stop()
        self._deadline.cancel()

    def _give_up(self) -> None:
        self._repeater.stop()
        self._given_up()


class ReliableProvisional(Insisting):
    """A provisional answer that is told to have arrived by PRACK."""

    def __init__(
        self, timers: Timers, transaction: ServerTransaction, response: SipResponse, given_up: Callable[[], None]
    ) -> None:
        self.rseq = secrets.randbelow(2**31 - 2) + 1
        response.headers.set_single("RSeq", str(self.rseq))
        response.headers.set_single("Require", "100rel")
        super().__init__(timers, transaction, response, given_up, LIFE_MS)

    def is_meant(self, prack: SipRequest) -> bool:
        """The PRACK is for this answer: RAck names its RSeq and the INVITE's CSeq."""
        told = (prack.headers.get_first("rack") or "").split()
        return told == [str(self.rseq), str(self.number), "INVITE"]
