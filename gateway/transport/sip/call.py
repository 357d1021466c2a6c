"""One telephone call's signalling, from its INVITE to its end; nothing here blocks, and everything has its timer.

                 answer_after_ms          ACK
    RINGING ───────────────────▶ ANSWERED ───▶ TALKING ──▶ ENDED
       │ CANCEL, no ports …          │ no ACK      │ BYE from either side, session expired, …
       └──────────▶ ENDED ◀──────────┘─────────────┘

Every way out is `_end`: once, it frees the place, the ports and the timers. Requests within the call are in
`call_requests`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from aiosipua import SipRequest, SipResponse

from gateway.transport.leg import CALLER_HUNG_UP, HandOver, LegInfo
from gateway.transport.sip.answering import Insisting, ReliableProvisional
from gateway.transport.sip.config import SipConfig
from gateway.transport.sip.dialog import Dialog, contact_of
from gateway.transport.sip.leg import SipLeg
from gateway.transport.sip.media import MediaLine
from gateway.transport.sip.message import EXTENSIONS, BadMessageError, cseq_of, option_tags, sdp_of
from gateway.transport.sip.referral import Referral
from gateway.transport.sip.sdp import SdpError
from gateway.transport.sip.session import Session, Watched
from gateway.transport.sip.session_timer import SessionTerms
from gateway.transport.sip.transactions import ClientTransaction, Outcome, ServerTransaction, TransactionLayer
from gateway.transport.switchboard import Place
from gateway.transport.timers import Timer, Timers

log = logging.getLogger(__name__)

RELIABLE = "100rel"


class State(Enum):
    """Where a call stands."""

    RINGING = "ringing"
    ANSWERED = "answered"
    TALKING = "talking"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Office:
    """What the calls of an endpoint share."""

    config: SipConfig
    timers: Timers
    transactions: TransactionLayer
    forget: Callable[[SipCall], None]
    """The call is over, and nothing more is expected for it."""


class SipCall:
    """A call that was let in: it has its place and its sockets."""

    def __init__(
        self,
        office: Office,
        invite: ServerTransaction,
        line: MediaLine,
        place: Place,
        info: LegInfo,
        terms: SessionTerms,
    ) -> None:
        self.dialog = Dialog(invite.request, invite.hop)
        self.leg = SipLeg(info, self, line, office.config, office.timers)
        self.line = line
        self.state = State.RINGING
        watched = Watched(self._may_ask, lambda: self._give_up("session_expired"))
        self.session = Session(office.transactions, self.dialog, line, terms, watched)
        self.insisting: Insisting | None = None
        """The 2xx of an INVITE of theirs that waits for its ACK."""
        self.referral: Referral | None = None
        self.office = office
        self._invite = invite
        self._place: Place | None = place
        self._late_offer = False
        self._provisional: ReliableProvisional | None = None
        self._answer_timer: Timer | None = None
        self._wants_to_end: str | None = None
        self._referring: ClientTransaction | None = None

    # ------------------------------------------------------------------------------------------------------ to the 200

    def begin(self, offer: str | None) -> None:
        """Agree on the sound and answer, at once or after ringing.

        Raises:
            SdpError: there is nothing to agree on; nothing was answered yet.
        """
        self._late_offer = offer is None
        sdp = self.line.offer() if offer is None else self.line.answer(offer)
        self._invite.respond(self.dialog.reply(self._invite.request, 100))
        wait_ms = self.office.config.answer_after_ms
        if not wait_ms:
            self._answer(sdp)
            return
        self._ring(sdp)
        self._answer_timer = self.office.timers.later(wait_ms, lambda: self._answer(sdp))

    def _ring(self, sdp: str) -> None:
        early = self.office.config.early_media and not self._late_offer
        request = self._invite.request
        reliably = RELIABLE in option_tags(request, "require")
        if reliably and self._late_offer:
            return  # it would have to carry our offer, and its PRACK the answer: better silent than unreliable
        response = self.dialog.reply(request, 183 if early else 180, sdp=sdp if early else None)
        if reliably:
            if not early:  # the first reliable answer has to carry ours to the offer (RFC 3262 5)
                response.content_type, response.text = "application/sdp", sdp
            self._provisional = ReliableProvisional(
                self.office.timers, self._invite, response, lambda: self._refuse(504, "prack_timeout")
            )
        else:
            self._invite.respond(response)
        if early:
            self.line.ring(self.office.timers)

    def _answer(self, sdp: str) -> None:
        if self._provisional is not None:  # not before it is known to have arrived (RFC 3262 3)
            self._answer_timer = self.office.timers.later(50, lambda: self._answer(sdp))
            return
        self.line.quiet()
        headers = {"Supported": ", ".join(EXTENSIONS)}
        if self.session.terms.told:
            headers |= self.session.terms.answer()
        self.state = State.ANSWERED
        self.insist(self._invite, self.dialog.reply(self._invite.request, 200, headers, sdp))

    def insist(self, transaction: ServerTransaction, response: SipResponse) -> None:
        """Give the 2xx to an INVITE until its ACK comes."""
        self.insisting = Insisting(self.office.timers, transaction, response, lambda: self._give_up("ack_timeout"))

    def prack(self, request: SipRequest, transaction: ServerTransaction) -> None:
        """They have our reliable ringing."""
        if self._provisional is None or not self._provisional.is_meant(request):
            transaction.respond(self.dialog.reply(request, 481))
            return
        self._provisional.stop()
        self._provisional = None
        transaction.respond(self.dialog.reply(request, 200))

    def cancelled(self) -> None:
        """They don't want to be answered any more."""
        self._refuse(487, "cancelled")

    def _refuse(self, status: int, reason: str) -> None:
        self._invite.respond(self.dialog.reply(self._invite.request, status))
        self._end(reason)

    # ------------------------------------------------------------------------------------------------------- to the end

    def acknowledged(self, ack: SipRequest) -> None:
        """An ACK of a 2xx of ours came."""
        if self.state is State.ENDED or self.insisting is None or cseq_of(ack)[0] != self.insisting.number:
            return
        self.insisting.stop()
        self.insisting = None
        if self._late_offer and not self._take_answer(ack):
            return
        self._late_offer = False
        if self.state is State.ANSWERED:
            self.state = State.TALKING
            self.session.begin()
            self._take_place()
        if self._wants_to_end:
            self.hang_up(self._wants_to_end)

    def offered_late(self) -> None:
        """Our offer is in the 2xx that was just given: the ACK answers it."""
        self._late_offer = True

    def _take_answer(self, ack: SipRequest) -> bool:
        try:
            self.line.accept(sdp_of(ack) or "")
        except (SdpError, BadMessageError) as error:
            log.warning("a call without agreed sound: %s", error)
            self._give_up("no_media")
            return False
        return True

    def _take_place(self) -> None:
        place, self._place = self._place, None
        if place:
            self.line.begin()
            place.take(self.leg)

    def hang_up(self, reason: str) -> None:
        """End the call from our side; idempotent. A caller whose ACK is still on its way gets the BYE after it."""
        if self.state is State.TALKING:
            self.send("BYE", Outcome(lambda _: self.office.forget(self), lambda: self.office.forget(self)))
            self._end(reason, keep=True)
        elif self.state is State.ANSWERED:
            self._wants_to_end = self._wants_to_end or reason
        elif self.state is State.RINGING:
            self._refuse(480, reason)

    def abandon(self, reason: str) -> None:
        """We are going: an ACK that is still missing isn't waited for any longer."""
        if self.state is State.ANSWERED:
            self._give_up(reason)

    def hung_up(self) -> None:
        """Their BYE."""
        if self.referral:
            self.referral.other_side_left()
        if self.state is State.RINGING:
            self._invite.respond(self.dialog.reply(self._invite.request, 487))
        elif self.state is State.ANSWERED:  # no ACK, and gone already: a call all the same, for the record
            self.leg.end(CALLER_HUNG_UP)
            self._take_place()
        self._end(CALLER_HUNG_UP)

    def _give_up(self, reason: str) -> None:
        """What the call needs to live didn't come. A call that was answered is on record, even if nobody heard it."""
        if self.state is State.ANSWERED:
            self.state = State.TALKING
            self.leg.end(reason)
            self._take_place()
        self.hang_up(reason)

    def _end(self, reason: str, *, keep: bool = False) -> None:
        if self.state is State.ENDED:
            return
        self.state = State.ENDED
        self.leg.end(reason)
        self.session.end()
        for waiting in (self.insisting, self._provisional):
            if waiting:
                waiting.stop()
        if self._answer_timer:
            self._answer_timer.cancel()
        if self.referral:
            self.referral.abandon()
        if self._referring:
            self._referring.abandon()
        if self._place:
            self._place.release()
            self._place = None
        self.line.close()
        if not keep:
            self.office.forget(self)

    # ------------------------------------------------------------------------------------------------ requests of ours

    def send(
        self, method: str, outcome: Outcome, headers: Mapping[str, str] | None = None, sdp: str | None = None
    ) -> ClientTransaction:
        """Send a request within the call."""
        request = self.dialog.request(method, headers, sdp)
        return self.office.transactions.request(request, self.dialog.hop(), outcome)

    def _may_ask(self) -> bool:
        return self.state is State.TALKING and self.insisting is None

    @property
    def offering(self) -> bool:
        """An offer of ours, in a 2xx to a re-INVITE, is not answered yet."""
        return self._late_offer and self.state is State.TALKING

    @property
    def transferring(self) -> bool:
        """How a transfer goes isn't known yet."""
        return self.referral is not None

    def transfer(self, queue: str) -> None:
        """Hand the caller over to a queue by REFER."""
        queues = self.office.config.queues
        target = queues.get(queue) or queues.get("*")
        if target is None:
            self.leg.handed_over(HandOver(ok=False, reason="unknown_queue"))
            return
        if self.state is not State.TALKING or self.transferring:
            self.leg.handed_over(HandOver(ok=False, reason="not_now"))
            return
        self.referral = Referral(self.office.timers, self.office.config.transfer_timeout_s * 1000, self._transferred)
        ours = contact_of(self.dialog.local)
        headers = {"Refer-To": f"<{target}>", "Referred-By": ours}
        self._referring = self.send("REFER", Outcome(self.referral.answered, self.referral.timed_out), headers)

    def _transferred(self, outcome: HandOver) -> None:
        self.referral = None
        self.leg.handed_over(outcome)

    # ------------------------------------------------------------------------------------------------ for the endpoint

    @property
    def invite(self) -> SipRequest:
        """What it began with."""
        return self._invite.request

    def is_of(self, transaction: ServerTransaction) -> bool:
        """The call began with this INVITE."""
        return self._invite is transaction

    def refuse_offer(self, why: str) -> None:
        """There is nothing to agree on."""
        response = self.dialog.reply(self._invite.request, 488, {"Warning": f'399 voice-gateway "{why}"'})
        self._invite.respond(response)
        self._end("no_media")
