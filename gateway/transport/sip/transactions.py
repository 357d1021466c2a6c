"""Transactions (RFC 3261 chapter 17, RFC 6026): every request is acted on once and answered, or its end is told.

Server side: copies of a request get the last answer again and go no further; a refusal of an INVITE is repeated until
its ACK comes. Client side: a request is repeated until its answer comes, and a lost one ends after 32 s. Nothing here
outlives its timers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Protocol

from aiosipua import SipMessage, SipRequest, SipResponse
from aiosipua.utils import generate_tag

from gateway.transport.sip.hop import Hop
from gateway.transport.sip.message import address_of, reply, top_via
from gateway.transport.timers import Timer, Timers

log = logging.getLogger(__name__)

T1_MS = 500.0
T2_MS = 4000.0
T4_MS = 5000.0
LIFE_MS = 64 * T1_MS
"""Timers B, F, H, J, L: after so long without what it waits for, a transaction is over."""
MAX_TRANSACTIONS = 20_000
MAX_KEPT_BYTES = 64 * 1024 * 1024
"""More than that at once, or so many bytes of requests, is an attack; new requests are dropped."""
_MAGIC = "z9hG4bK"

Key = tuple[str, ...]


class User(Protocol):
    """Who the transactions work for."""

    def on_request(self, request: SipRequest, transaction: ServerTransaction) -> None:
        """A new request, to be answered by `transaction.respond`."""

    def on_ack(self, ack: SipRequest, hop: Hop) -> None:
        """The ACK of a 2xx; it is no transaction's."""

    def on_cancel(self, cancelled: ServerTransaction) -> None:
        """An INVITE without a final answer is not wanted any more; the CANCEL itself has been answered."""


class _State(Enum):
    PROCEEDING = "proceeding"
    ACCEPTED = "accepted"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


class Repeater:
    """Calls again and again, each time after twice as long, up to a longest pause; until it is stopped."""

    def __init__(self, timers: Timers, call: Callable[[], None], longest_ms: float) -> None:
        self._timers = timers
        self._call = call
        self._longest_ms = longest_ms
        self._pause_ms = T1_MS
        self._timer: Timer | None = timers.later(T1_MS, self._again)

    def stop(self) -> None:
        """No more calls; idempotent."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def slow_down(self) -> None:
        """From now on pause as long as is allowed: there was a sign of life (timer E in state Proceeding)."""
        self._pause_ms = self._longest_ms

    def _again(self) -> None:
        self._pause_ms = min(self._pause_ms * 2, self._longest_ms)
        self._timer = self._timers.later(self._pause_ms, self._again)
        self._call()


class ServerTransaction:
    """One request and our answers to it."""

    def __init__(self, layer: TransactionLayer, key: Key, request: SipRequest, hop: Hop) -> None:
        self.request = request
        self.hop = hop
        self.kept_bytes = _bytes_of(request)
        self._layer = layer
        self._key = key
        self._state = _State.PROCEEDING
        self._last: bytes | None = None
        self._repeater: Repeater | None = None

    @property
    def is_invite(self) -> bool:
        return self.request.method == "INVITE"

    @property
    def answered(self) -> bool:
        """A final answer was given."""
        return self._state is not _State.PROCEEDING

    @property
    def tag(self) -> str | None:
        """Ours, as the last answer had it; None before there was one with a tag."""
        return address_of(SipMessage.parse(self._last), "to").tag if self._last else None

    def respond(self, response: SipResponse) -> None:
        """Give an answer; after a final one nothing more is sent, but for a 2xx given again to an INVITE."""
        status = response.status_code
        again = self._state is _State.ACCEPTED and 200 <= status < 300
        if self.answered and not again:
            return
        self._last = bytes(response)
        self.hop.send(self._last)
        if status < 200 or self.answered:
            return
        if self.is_invite and status < 300:
            self._state = _State.ACCEPTED
        else:
            self._state = _State.COMPLETED
            if self.is_invite and not self.hop.reliable:
                self._repeater = Repeater(self._layer.timers, self._send_again, T2_MS)
        keep_ms = 0.0 if self.hop.reliable and not self.is_invite else LIFE_MS
        self._layer.timers.later(keep_ms, self._end)

    def respond_once(self, response: SipResponse) -> None:
        """Answer, and keep nothing: no copies are kept away, and nothing is sent again to who may not have asked."""
        self.hop.send(bytes(response))
        self._end()

    def copy_came(self) -> None:
        """The request again: so its answer was lost. The 2xx to an INVITE is repeated by the call, until its ACK."""
        if self._state in (_State.PROCEEDING, _State.COMPLETED):
            self._send_again()

    def acknowledged(self) -> bool:
        """An ACK came; True when it was for a refusal, and so for this transaction."""
        if self._state is _State.COMPLETED:
            self._state = _State.CONFIRMED
            self._stop_repeating()
        return self._state is _State.CONFIRMED

    def _send_again(self) -> None:
        if self._last:
            self.hop.send(self._last)

    def _stop_repeating(self) -> None:
        if self._repeater:
            self._repeater.stop()
            self._repeater = None

    def _end(self) -> None:
        self._state = _State.TERMINATED
        self._stop_repeating()
        self._layer.forget_server(self._key)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who is told how a request of ours went. Exactly one of the two is called, once, for the final answer."""

    answered: Callable[[SipResponse], None]
    timed_out: Callable[[], None]
    accepted: Callable[[SipResponse], bytes] | None = None
    """For an INVITE: the ACK of a 2xx, sent again for each copy of that."""


class ClientTransaction:
    """One request of ours, sent until it is answered."""

    def __init__(self, layer: TransactionLayer, key: Key, request: SipRequest, hop: Hop, outcome: Outcome) -> None:
        self._layer = layer
        self._key = key
        self._request = request
        self._data = bytes(request)
        self._hop = hop
        self._outcome = outcome
        self._ack: bytes | None = None
        self._final = False
        self._repeater = None if hop.reliable else Repeater(layer.timers, self._send, self._longest_ms)
        self._deadline = layer.timers.later(LIFE_MS, self._time_out)
        self._send()

    @property
    def _is_invite(self) -> bool:
        return self._request.method == "INVITE"

    @property
    def _longest_ms(self) -> float:
        return LIFE_MS if self._is_invite else T2_MS

    def on_response(self, response: SipResponse) -> None:
        """An answer came."""
        status = response.status_code
        if self._final:
            if self._ack and status >= 200:
                self._hop.send(self._ack)
            return
        if status < 200:
            if self._is_invite:
                self._stop_repeating()
            elif self._repeater:
                self._repeater.slow_down()
            return
        self._final = True
        self._stop_repeating()
        self._deadline.cancel()
        if self._is_invite:
            self._ack = self._ack_of(response)
            self._hop.send(self._ack)
        keep_ms = LIFE_MS if self._is_invite else 0.0 if self._hop.reliable else T4_MS
        self._layer.timers.later(keep_ms, self._forget)
        self._outcome.answered(response)

    def _ack_of(self, response: SipResponse) -> bytes:
        if response.status_code < 300 and self._outcome.accepted:
            return self._outcome.accepted(response)
        ack = SipRequest(method="ACK", uri=self._request.uri)  # 17.1.1.3: of the same transaction
        ack.headers.append("Via", self._request.headers.get("via")[0])
        for name in ("From", "Call-ID", "Max-Forwards"):
            ack.headers.set_single(name, self._request.headers.get_first(name) or "")
        for route in self._request.headers.get("route"):
            ack.headers.append("Route", route)
        ack.headers.set_single("To", response.headers.get_first("to") or "")
        number = (self._request.headers.get_first("cseq") or "").split()[0]
        ack.headers.set_single("CSeq", f"{number} ACK")
        return bytes(ack)

    def _send(self) -> None:
        self._hop.send(self._data)

    def _stop_repeating(self) -> None:
        if self._repeater:
            self._repeater.stop()
            self._repeater = None

    def _time_out(self) -> None:
        self._stop_repeating()
        self._forget()
        self._outcome.timed_out()

    def abandon(self) -> None:
        """Nobody wants to know any more. An INVITE goes on by itself: whatever it is answered must be acknowledged."""
        if self._is_invite:
            self._outcome = replace(self._outcome, answered=lambda _: None, timed_out=lambda: None)
            return
        self._stop_repeating()
        self._deadline.cancel()
        self._forget()

    def _forget(self) -> None:
        self._layer.forget_client(self._key)


class TransactionLayer:
    """All transactions of a process, found by what RFC 3261 17.1.3 and 17.2.3 say."""

    def __init__(self, timers: Timers, user: User) -> None:
        self.timers = timers
        self._user = user
        self._servers: dict[Key, ServerTransaction] = {}
        self._clients: dict[Key, ClientTransaction] = {}
        self._kept_bytes = 0
        self.dropped = 0
        """Requests that found no room."""

    def __len__(self) -> int:
        return len(self._servers) + len(self._clients)

    def receive(self, message: SipRequest | SipResponse, hop: Hop) -> None:
        """A checked message has come."""
        if isinstance(message, SipResponse):
            self._receive_response(message)
        elif message.method == "ACK":
            transaction = self._servers.get(_server_key(message, "INVITE"))
            if not (transaction and transaction.acknowledged()):
                self._user.on_ack(message, hop)
        else:
            self._receive_request(message, hop)

    def request(self, request: SipRequest, hop: Hop, outcome: Outcome) -> ClientTransaction:
        """Send a request of ours, whose Via has a branch of its own."""
        key = (top_via(request).branch or "", request.method)
        transaction = ClientTransaction(self, key, request, hop, outcome)
        self._clients[key] = transaction
        return transaction

    def _receive_request(self, request: SipRequest, hop: Hop) -> None:
        key = _server_key(request, request.method)
        if known := self._servers.get(key):
            known.copy_came()
            return
        if len(self._servers) >= MAX_TRANSACTIONS or self._kept_bytes >= MAX_KEPT_BYTES:
            self.dropped += 1
            return
        transaction = self._servers[key] = ServerTransaction(self, key, request, hop)
        self._kept_bytes += transaction.kept_bytes
        if request.method == "CANCEL":
            self._cancel(request, transaction)
        else:
            self._user.on_request(request, transaction)

    def _cancel(self, cancel: SipRequest, transaction: ServerTransaction) -> None:
        invite = self._servers.get(_server_key(cancel, "INVITE"))
        if invite is None:
            transaction.respond(reply(cancel, 481, tag=generate_tag()))
            return
        transaction.respond(reply(cancel, 200, tag=invite.tag or generate_tag()))  # the same one (9.2)
        if not invite.answered:
            self._user.on_cancel(invite)

    def _receive_response(self, response: SipResponse) -> None:
        via = top_via(response)
        method = (response.headers.get_first("cseq") or "").split()[-1]
        if transaction := self._clients.get((via.branch or "", method)):
            transaction.on_response(response)

    def forget_server(self, key: Key) -> None:
        if forgotten := self._servers.pop(key, None):
            self._kept_bytes -= forgotten.kept_bytes

    def forget_client(self, key: Key) -> None:
        self._clients.pop(key, None)


def _bytes_of(request: SipRequest) -> int:
    """What keeping it costs, about; our answers copy no more than its headers."""
    return len(request.body) + sum(len(value) for _, values in request.headers.items() for value in values)


def _server_key(request: SipRequest, method: str) -> Key:
    via = top_via(request)
    branch = via.branch or ""
    sent_by = f"{via.host}:{via.port}".lower()
    if branch.startswith(_MAGIC) and branch != _MAGIC:
        return branch, sent_by, method
    headers = request.headers
    number = (headers.get_first("cseq") or "").split()[0]
    told = (headers.get_first(name) or "" for name in ("call-id", "from"))
    return "rfc2543", method, number, sent_by, branch, *told
