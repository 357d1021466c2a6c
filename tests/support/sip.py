"""A caller and the whole signalling on virtual time: what is sent is kept and read, nothing has a socket."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping
from typing import Any

from aiosipua import SipResponse

from gateway.transport.leg import HotlineState, Leg, LegInput
from gateway.transport.sip.call import Office, SipCall
from gateway.transport.sip.endpoint import SipTransport
from gateway.transport.sip.transactions import TransactionLayer
from gateway.transport.timers import VirtualTimers
from tests.support.sip_line import (
    LIFE,
    PHONE,
    Board,
    QuietLine,
    QuietSound,
    ScriptedPlace,
    Wire,
    WireHop,
    brief,
    config,
)


class _Alarm(logging.Handler):
    """The signalling logs what it couldn't handle, and goes on; a test does not."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and record.exc_info[1]:
            raise record.exc_info[1]


class Exchange:
    """The whole signalling between a wire and a board, on virtual time."""

    def __init__(self, board: Board | None = None, **settings: Any) -> None:
        self.config = config(**settings)
        self.timers = VirtualTimers()
        self.wire = Wire()
        self.board = board or Board()
        self.transport = SipTransport(self.config, self.board)
        self.layer = TransactionLayer(self.timers, self.transport)
        self.sound = QuietSound(self.config)
        self.transport._office = Office(self.config, self.timers, self.layer, self.transport._forget)
        self.transport._sound = self.sound  # type: ignore[assignment]

    def receive(self, message: str | bytes, hop: WireHop | None = None) -> None:
        """A message comes in."""
        data = message.encode() if isinstance(message, str) else message
        alarm, log = _Alarm(logging.ERROR), logging.getLogger("gateway.transport.sip.endpoint")
        log.addHandler(alarm)
        try:
            self.transport._received(data, hop or WireHop(self.wire))
        finally:
            log.removeHandler(alarm)

    @property
    def call(self) -> SipCall:
        """The one call there is."""
        (call,) = self.transport._calls.values()
        return call

    @property
    def place(self) -> ScriptedPlace:
        """The one place that was given."""
        (place,) = self.board.places
        return place

    @property
    def leg(self) -> Leg:
        """The leg of the one call that was taken."""
        (leg,) = self.place.legs
        return leg

    @property
    def line(self) -> QuietLine:
        """The one line that was opened."""
        (line,) = self.sound.lines
        return line

    def tick(self) -> LegInput:
        """What the leg gives the call above."""
        return self.leg.receive(self.timers.now_ms(), HotlineState(speaking=False, listening=True))

    def left(self) -> list[str]:
        """What is not over, or was not given back; empty when all is well."""
        problems = {
            "calls": self.transport.calls,
            "invitations": len(self.transport._invited),
            "transactions": self.transport.transactions,
            "timers": self.timers.pending,
            "places": sum(not place.settled for place in self.board.places),
            "lines": sum(not line.closed for line in self.sound.lines),
            "legs": sum(not hung_up(leg) for place in self.board.places for leg in place.legs),
        }
        return [f"{number} {what}" for what, number in problems.items() if number]


def hung_up(leg: Leg) -> bool:
    """The leg has ended."""
    return leg.receive(0.0, HotlineState(speaking=False, listening=False)).hung_up


# ----------------------------------------------------------------------------------------------------------- the caller


def sdp(  # one argument for each thing that a test turns
    formats: str = "8 101",
    *lines: str,
    host: str = PHONE[0],
    port: int = 40_000,
    profile: str = "RTP/AVP",
    events: int | None = 101,
    more: str = "",
) -> str:
    """A session description with one audio section, and `more` of them."""
    family = "IP6" if ":" in host else "IP4"
    told = (f"a=rtpmap:{events} telephone-event/8000",) if events else ()
    head = ("v=0", f"o=- 1 1 IN {family} {host}", "s=-", f"c=IN {family} {host}", "t=0 0")
    return "\r\n".join((*head, f"m=audio {port} {profile} {formats}", *told, *lines, "")) + more


OFFER = sdp()


def text(first: str, headers: Mapping[str, str | tuple[str, ...]], body: str = "") -> str:
    """A message; a header of several values stands several times."""
    lines = [first]
    for name, value in headers.items():
        lines.extend(f"{name}: {one}" for one in ((value,) if isinstance(value, str) else value))
    return "\r\n".join([*lines, f"Content-Length: {len(body.encode())}", "", body])


_branches = itertools.count(1)


def branch() -> str:
    """A new one."""
    return f"z9hG4bKcaller{next(_branches)}"


class Caller:
    """The other side of one call: says what a telephone would say, and reads what it is told."""

    def __init__(self, exchange: Exchange, name: str = "a", hop: WireHop | None = None, **headers: Any) -> None:
        self.exchange = exchange
        self.hop = hop or WireHop(exchange.wire)
        self.headers: dict[str, Any] = {"Allow": "INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO, NOTIFY", **headers}
        self.call_id = f"call-{name}@phone"
        self.tag = f"tag-{name}"
        self.number = 0
        self.uri = "sip:10086@192.0.2.1"
        self.sender = f"<sip:13800138000@192.0.2.10>;tag={self.tag}"
        self.contact = "<sip:13800138000@192.0.2.10:5060>"
        self.invited: str = ""
        self._invite_branch = ""
        self._invite_number = 0

    # ---------------------------------------------------------------------------------------------------- requests

    def build(self, method: str, headers: Mapping[str, Any] | None = None, body: str | None = None, **how: Any) -> str:
        """A request: `number` and `branch` of it, and whether it is in the `dialog`."""
        via = f"SIP/2.0/UDP 192.0.2.10:5060;branch={how.get('branch') or branch()};rport"
        to = "<sip:10086@192.0.2.1>" + (f";tag={self.our_tag}" if how.get("dialog", True) else "")
        all_headers: dict[str, Any] = {
            "Via": via,
            "From": self.sender,
            "To": to,
            "Call-ID": self.call_id,
            "CSeq": f"{how.get('number') or self.next_number()} {method}",
            "Contact": self.contact,
            "Max-Forwards": "70",
        }
        if body is not None:
            all_headers["Content-Type"] = "application/sdp"
        if method in ("INVITE", "UPDATE"):
            all_headers |= self.headers
        all_headers |= headers or {}
        return text(f"{method} {self.uri} SIP/2.0", all_headers, body or "")

    def next_number(self) -> int:
        """Of the next request."""
        self.number += 1
        return self.number

    def send(self, message: str) -> list[str]:
        """Send it; what was said to it at once."""
        self.exchange.receive(message, self.hop)
        return self.heard()

    def heard(self) -> list[str]:
        """What was said since the last time, in brief."""
        return [brief(message) for message in self.exchange.wire.new()]

    def last(self, which: str) -> Any:
        """The last message of that brief."""
        return self.exchange.wire.last(which)

    @property
    def our_tag(self) -> str:
        """The gateway's, as its last answer to an INVITE tells it: one that rings or accepts, before any other."""
        tags = [
            (message.status_code < 300, message.to_addr.tag)
            for _, message in self.exchange.wire.sent
            if isinstance(message, SipResponse) and brief(message).endswith("INVITE")
            if message.call_id == self.call_id and message.to_addr and message.to_addr.tag
        ]
        return max(reversed(tags), key=lambda one: one[0], default=(False, "unknown"))[1]

    def invite(self, body: str | None = OFFER, headers: Mapping[str, Any] | None = None, **how: Any) -> list[str]:
        """Call, or within the dialog change the call."""
        self._invite_branch, self._invite_number = branch(), self.next_number()
        how = {"branch": self._invite_branch, "number": self._invite_number, "dialog": False, **how}
        self.invited = self.build("INVITE", headers, body, **how)
        return self.send(self.invited)

    def reinvite(self, body: str | None = OFFER, headers: Mapping[str, Any] | None = None) -> list[str]:
        """Change the call."""
        return self.invite(body, headers, dialog=True)

    def again(self) -> list[str]:
        """The last INVITE once more, as it was."""
        return self.send(self.invited)

    def ack(self, body: str | None = None, *, refused: bool = False) -> list[str]:
        """Say that the answer to the INVITE has come."""
        how = {"branch": self._invite_branch} if refused else {}
        return self.send(self.build("ACK", body=body, number=self._invite_number, **how))

    def cancel(self) -> list[str]:
        """Take the INVITE back."""
        how = {"branch": self._invite_branch, "number": self._invite_number, "dialog": False}
        return self.send(self.build("CANCEL", **how))

    def prack(self, **rack: Any) -> list[str]:
        """Say that a reliable ringing has come."""
        ringing = next(
            message
            for _, message in reversed(self.exchange.wire.sent)
            if isinstance(message, SipResponse) and message.headers.get("rseq")
        )
        value = rack.get("rack") or f"{ringing.headers.get('rseq')[0]} {self._invite_number} INVITE"
        return self.request("PRACK", {"RAck": value})

    def request(self, method: str, headers: Mapping[str, Any] | None = None, body: str | None = None) -> list[str]:
        """A request within the dialog."""
        return self.send(self.build(method, headers, body))

    def info(self, body: str, kind: str = "application/dtmf-relay") -> list[str]:
        """A key by INFO."""
        return self.request("INFO", {"Content-Type": kind}, body)

    def notify(self, fragment: str, state: str = "active") -> list[str]:
        """How the call that we asked for by REFER goes."""
        headers = {"Event": "refer", "Subscription-State": state, "Content-Type": "message/sipfrag"}
        return self.request("NOTIFY", headers, f"{fragment}\r\n")

    def bye(self) -> list[str]:
        """Hang up."""
        return self.request("BYE")

    # ----------------------------------------------------------------------------------------------------- answers

    def answer(
        self, which: str, status: int, headers: Mapping[str, Any] | None = None, body: str | None = None
    ) -> list[str]:
        """Answer the gateway's last request of that method."""
        request = self.last(which)
        copied = {name: tuple(request.headers.get(name)) for name in ("Via", "From", "To", "Call-ID", "CSeq")}
        copied |= {"Contact": self.contact} | dict(headers or {})
        if body is not None:
            copied["Content-Type"] = "application/sdp"
        return self.send(text(f"SIP/2.0 {status} Said", copied, body or ""))

    # ----------------------------------------------------------------------------------------------------- whole calls

    def call(self, body: str = OFFER, headers: Mapping[str, Any] | None = None) -> Caller:
        """Call and be answered."""
        self.invite(body, headers)
        self.ack()
        return self


def talking(board: Board | None = None, headers: Mapping[str, Any] | None = None, **settings: Any) -> Caller:
    """A caller in a call that has just been answered."""
    return Caller(Exchange(board, **settings)).call(headers=headers)


def until_over(exchange: Exchange, session_s: float = 0.0, step: Callable[[], None] | None = None) -> None:
    """Let everything that waits for something give up."""
    exchange.timers.advance(session_s * 1000 + 4 * LIFE + 60_000)
    if step:
        step()
