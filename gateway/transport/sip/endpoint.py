"""The telephone transport: what listens, who is let in, and which call a message belongs to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress

from aiosipua import SipRequest
from aiosipua.utils import generate_tag

from gateway.transport.leg import LegInfo
from gateway.transport.limits import RateLimit
from gateway.transport.rtp.ports import NoPortsError
from gateway.transport.sip.auth import Admitted, Challenged, DoorKeeper
from gateway.transport.sip.call import Office, SipCall
from gateway.transport.sip.call_requests import answer_request
from gateway.transport.sip.config import SipConfig
from gateway.transport.sip.dialog import dialog_id
from gateway.transport.sip.hop import Hop
from gateway.transport.sip.listeners import Listeners
from gateway.transport.sip.media import Sound
from gateway.transport.sip.message import (
    EXTENSIONS,
    METHODS,
    BadMessageError,
    cseq_of,
    number_called,
    number_calling,
    parse_scheme,
    read_message,
    reply,
    sdp_of,
    stamp_source,
    unquoted,
    unsupported,
)
from gateway.transport.sip.registration import Registrar
from gateway.transport.sip.sdp import SdpError
from gateway.transport.sip.session_timer import TooSmallError, terms_of_request
from gateway.transport.sip.transactions import ServerTransaction, TransactionLayer
from gateway.transport.switchboard import Refusal, Switchboard
from gateway.transport.timers import LoopTimers

log = logging.getLogger(__name__)

RETRY_LATER = {"Retry-After": "10"}
"""Seconds after which a call may be tried again."""
STRANGER_TOLD_PER_S = 0.1
"""Lines in the log about one address that may not call."""
GOODBYE_WITHIN_S = 2.0
"""How long stopping waits for the answers to its BYEs."""
_STATUS = {Refusal.UNKNOWN_NUMBER: 404, Refusal.BUSY: 486, Refusal.FULL: 503, Refusal.DRAINING: 503}


class SipTransport:
    """Telephone calls for a switchboard. Everything happens on the event loop that `start` ran in."""

    def __init__(self, config: SipConfig, switchboard: Switchboard) -> None:
        self._config = config
        self._switchboard = switchboard
        self._door = DoorKeeper(config)
        self._messages = RateLimit(config.requests_per_second)
        self._new_calls = RateLimit(config.calls_per_second)
        self._complaints = RateLimit(STRANGER_TOLD_PER_S)
        self._sound = Sound(config)
        self._listeners = Listeners(config, self._received, self._door.knows)
        self._calls: dict[tuple[str, str, str], SipCall] = {}
        self._invited: dict[tuple[str, str, int], SipCall] = {}
        self._registrars: list[Registrar] = []
        self._office: Office | None = None
        self._idle = asyncio.Event()

    # --------------------------------------------------------------------------------------------------- start and stop

    async def start(self) -> None:
        """Listen.

        Raises:
            TransportError: an address can't be had, or the certificate can't be read. Nothing listens then.
        """
        timers = LoopTimers()
        transactions = TransactionLayer(timers, self)
        self._office = Office(self._config, timers, transactions, self._forget)
        await self._listeners.open()
        try:
            for one in self._config.registrations:
                hop = self._listeners.towards(one.transport, one.registrar)
                self._registrars.append(Registrar(one, transactions, hop, self._note_idle))
        except BaseException:
            await self._listeners.close()
            raise
        self._sound.sender.start()
        for registrar in self._registrars:
            registrar.begin()

    def withdraw(self) -> None:
        """No more calls are wanted: have registrars send none. Calls go on; idempotent."""
        for registrar in self._registrars:
            registrar.end()

    async def stop(self) -> None:
        """End what is left of the calls, with a BYE each after its last words, and let go of everything; bounded."""
        self.withdraw()
        for call in list(self._calls.values()):
            call.leg.hang_up("shutdown")
        self._idle.clear()
        self._note_idle()
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_WITHIN_S):
                await self._idle.wait()
        for call in list(self._calls.values()):
            call.abandon("shutdown")
        for registrar in self._registrars:
            registrar.abandon()
        await self._listeners.close()
        await asyncio.to_thread(self._sound.sender.close)

    def _note_idle(self) -> None:
        if not self._calls and not any(registrar.ending for registrar in self._registrars):
            self._idle.set()

    @property
    def addresses(self) -> tuple[str, ...]:
        """What is listened on, with real ports: `sip+udp://127.0.0.1:5060`."""
        return self._listeners.addresses

    @property
    def calls(self) -> int:
        """Calls that signalling knows of."""
        return len(self._calls)

    @property
    def transactions(self) -> int:
        """Requests that are answered or waited for, or whose copies are still kept away."""
        return len(self._office.transactions) if self._office else 0

    # --------------------------------------------------------------------------------------------------------- messages

    def _received(self, data: bytes, hop: Hop) -> None:
        """A message came in. Nothing that is in it may end anything but itself."""
        office = self._office
        if office is None or not self._messages.allows(hop.remote[0], office.timers.now_ms()):
            return
        try:
            message = read_message(data, stream=hop.reliable)
        except BadMessageError as error:
            if error.request is not None and self._door.knows(hop.remote[0]):
                stamp_source(error.request, hop.remote)
                hop.send(bytes(reply(error.request, error.status, tag=generate_tag())))
            return
        try:
            if isinstance(message, SipRequest):
                stamp_source(message, hop.remote)
                hop = _answer_hop(message, hop)
                if not self._may_ask(message, hop):
                    return
            office.transactions.receive(message, hop)
        except BadMessageError as error:
            log.info("a SIP message that can't be acted on: %s", error)
        except Exception:  # border: one message must not end the listening
            log.exception("a SIP message could not be handled")

    def _may_ask(self, request: SipRequest, hop: Hop) -> bool:
        """Whether anything is done for a request: it comes from who may call, or belongs to a call. Others are told no
        once, without a transaction: their address may be somebody else's, who would get it again and again."""
        if self._door.knows(hop.remote[0]) or dialog_id(request) in self._calls:
            return True
        if request.method != "ACK":
            if self._complaints.allows(hop.remote[0], self._timers_ms()):
                log.warning("a %s from %s, which is neither allowed nor a trunk", request.method, hop.remote[0])
            hop.send(bytes(reply(request, 403, tag=generate_tag())))
        return False

    def on_request(self, request: SipRequest, transaction: ServerTransaction) -> None:
        """A new request; every one is answered."""
        try:
            self._answer(request, transaction)
        except BadMessageError as error:
            _refuse(transaction, error.status, {"Accept": "application/sdp"} if error.status == 415 else None)
        except Exception:
            _refuse(transaction, 500)
            raise

    def on_ack(self, ack: SipRequest, hop: Hop) -> None:  # noqa: ARG002 - it may come another way than the call
        """The ACK of a 2xx."""
        if (dialog := dialog_id(ack)) and (call := self._calls.get(dialog)):
            call.acknowledged(ack)

    def on_cancel(self, cancelled: ServerTransaction) -> None:
        """An INVITE is taken back."""
        call = self._invited.get(self._merged_key(cancelled.request))
        if call and call.is_of(cancelled):
            call.cancelled()

    def _answer(self, request: SipRequest, transaction: ServerTransaction) -> None:
        if dialog := dialog_id(request):
            if call := self._calls.get(dialog):
                answer_request(call, request, transaction)
            else:
                transaction.respond(reply(request, 481))
            return
        if request.method == "INVITE":
            self._invite(request, transaction)
        elif request.method == "OPTIONS":
            self._options(request, transaction)
        elif request.method in METHODS:
            _refuse(transaction, 481)
        else:
            _refuse(transaction, 405, {"Allow": ", ".join(METHODS)})

    def _options(self, request: SipRequest, transaction: ServerTransaction) -> None:
        """A health probe: 200 while calls are welcome."""
        headers = {"Allow": ", ".join(METHODS), "Accept": "application/sdp", "Supported": ", ".join(EXTENSIONS)}
        if unknown := unsupported(request):
            status, headers = 420, unknown
        elif self._switchboard.accepting:
            status = 200
        else:
            status, headers = 503, RETRY_LATER
        transaction.respond(reply(request, status, tag=generate_tag(), headers=headers))

    # -------------------------------------------------------------------------------------------------------- new calls

    def _invite(self, request: SipRequest, transaction: ServerTransaction) -> None:
        verdict = self._door.decide(request, transaction.hop.remote[0])
        if not isinstance(verdict, Admitted):
            challenges = verdict.challenges if isinstance(verdict, Challenged) else ()
            response = reply(request, 401 if challenges else 403, tag=generate_tag())
            for challenge in challenges:
                response.headers.append("WWW-Authenticate", challenge)
            transaction.respond_once(response)
        elif refusal := self._refusal(request, transaction.hop.remote[0]):
            _refuse(transaction, *refusal)
        else:
            self._admit(request, transaction, verdict)

    def _refusal(self, request: SipRequest, source: str) -> tuple[int, dict[str, str]] | None:
        """The status that a call is refused with before anybody looks at what it is about; None: let it in."""
        if not self._new_calls.allows(source, self._timers_ms()):
            return 503, RETRY_LATER
        if parse_scheme(request.uri) not in ("sip", "sips"):
            return 416, {}
        if unknown := unsupported(request):
            return 420, unknown
        contacts = [unquoted(value) for value in request.headers.get("contact")]
        if len(contacts) != 1 or parse_scheme(contacts[0].partition("<")[2] or contacts[0]) not in ("sip", "sips"):
            return 400, {}
        if self._merged_key(request) in self._invited:  # the same call by another way (8.2.2.2)
            return 482, {}
        return None

    def _admit(self, request: SipRequest, transaction: ServerTransaction, who: Admitted) -> None:
        office = self._office
        if office is None:
            return
        offer = sdp_of(request)
        try:
            terms = terms_of_request(request, self._config)
        except TooSmallError:
            _refuse(transaction, 422, {"Min-SE": str(self._config.min_se_s)})
            return
        info = LegInfo(
            caller_number=number_calling(request, trusted=who.trunk is not None),
            called_number=number_called(request.uri),
            transport=f"sip+{transaction.hop.local.carrier}",
            trunk=who.trunk.name if who.trunk else "",
        )
        place = self._switchboard.admit(info)
        if isinstance(place, Refusal):
            _refuse(transaction, _STATUS[place], RETRY_LATER if _STATUS[place] == 503 else None)
            return
        try:
            line = self._sound.open(transaction.hop.local)
        except (NoPortsError, OSError) as error:
            place.release()
            log.error("a call was refused: no ports for its sound: %s", error)
            _refuse(transaction, 503, RETRY_LATER)
            return
        call = SipCall(office, transaction, line, place, info, terms)
        self._calls[call.dialog.id] = call
        self._invited[self._merged_key(request)] = call
        try:
            call.begin(offer)
        except SdpError as error:
            call.refuse_offer(str(error))
        except Exception:
            call.hang_up("internal_error")
            raise

    def _forget(self, call: SipCall) -> None:
        self._calls.pop(call.dialog.id, None)
        self._invited.pop(self._merged_key(call.invite), None)
        self._note_idle()

    def _merged_key(self, request: SipRequest) -> tuple[str, str, int]:
        sender = request.from_addr
        return request.call_id or "", (sender.tag if sender else None) or "", cseq_of(request)[0]

    def _timers_ms(self) -> float:
        return self._office.timers.now_ms() if self._office else 0.0


def _refuse(transaction: ServerTransaction, status: int, headers: Mapping[str, str] | None = None) -> None:
    """Say no to a request that began nothing."""
    transaction.respond(reply(transaction.request, status, tag=generate_tag(), headers=headers))


def _answer_hop(request: SipRequest, hop: Hop) -> Hop:
    """Where answers go: back to where the request came from; without rport, to the port that the Via names (18.2.2)."""
    via = request.via[0]
    if hop.reliable or via.rport:
        return hop
    port = via.port or 5060
    return hop if port == hop.remote[1] else hop.towards((hop.remote[0], port))
