"""The signalling against anything: parsers are total, what we build reads back, and in the end nothing is left."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from aiosipua import SipRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.transport.sip.dialog import Dialog, dialog_id
from gateway.transport.sip.message import BadMessageError, number_called, number_calling, read_message, reply, sdp_of
from gateway.transport.sip.negotiate import Here, Negotiator
from gateway.transport.sip.sdp import SdpError, read_sdp
from tests.support.rfc4475 import CASES
from tests.support.sip import OFFER, Caller, Exchange, sdp, until_over
from tests.support.sip_line import Wire, WireHop, config, read_back

pytestmark = pytest.mark.property

Mutation = list[tuple[str, float, bytes, int]]
mutations: st.SearchStrategy[Mutation] = st.lists(
    st.tuples(
        st.sampled_from(["delete", "insert", "double", "flip"]),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=6) | st.sampled_from([b"\r\n", b";", b'"', b"<", b",", b"%00", b"9" * 30, b":"]),
        st.integers(1, 40),
    ),
    min_size=1,
    max_size=4,
)


def mutated(data: bytes, how: Mutation) -> bytes:
    """The message with a few things wrong."""
    for kind, where, what, size in how:
        at = int(where * len(data))
        match kind:
            case "delete":
                data = data[:at] + data[at + size :]
            case "insert":
                data = data[:at] + what + data[at:]
            case "double":
                data = data[:at] + data[at : at + size] * 2 + data[at + size :]
            case _:
                data = data[:at] + what + data[at + len(what) :]
    return data


def real_messages() -> list[bytes]:
    """One of each kind that a caller sends."""
    caller = Caller(Exchange())
    caller.call()
    kinds = [
        caller.build(method, {"Event": "refer", "RAck": "1 1 INVITE"}, OFFER)
        for method in ("UPDATE", "NOTIFY", "PRACK")
    ]
    return [
        caller.invited.encode(),
        *(kind.encode() for kind in kinds),
        caller.build("INFO", {"Content-Type": "application/dtmf-relay"}, "Signal=5\r\n").encode(),
        bytes(caller.last("200 INVITE")),
        *(case.message for case in CASES.values()),
    ]


MESSAGES = real_messages()


# -------------------------------------------------------------------------------------------------------------- parsers


def take(data: bytes, *, stream: bool) -> None:
    """Read a message and everything that is read out of one."""
    try:
        message = read_message(data, stream=stream)
    except BadMessageError as error:
        if error.request is not None:
            read_back(bytes(reply(error.request, error.status, tag="t")))
        return
    assert read_message(bytes(message)).headers.get("call-id") == message.headers.get("call-id")
    if not isinstance(message, SipRequest):
        return
    dialog_id(message)
    number_called(message.uri)
    number_calling(message, trusted=True)
    read_message(bytes(reply(message, 200, tag="t")))
    with contextlib.suppress(BadMessageError, SdpError):
        read_sdp(sdp_of(message) or "")


@given(st.binary(max_size=400), st.booleans())
def test_reading_a_message_is_total(data: bytes, stream: bool) -> None:
    take(data, stream=stream)


@settings(max_examples=600)
@given(st.sampled_from(MESSAGES), mutations, st.booleans())
def test_reading_a_broken_message_is_total_and_so_is_answering_it(data: bytes, how: Mutation, stream: bool) -> None:
    take(mutated(data, how), stream=stream)


@given(st.text(max_size=400))
def test_reading_a_description_is_total(text: str) -> None:
    with contextlib.suppress(SdpError):
        read_sdp(text)


DESCRIPTIONS = [
    OFFER,
    sdp("96 8 101", "a=rtpmap:96 opus/48000/2", "a=ptime:20", "a=rtcp:40001 IN IP4 192.0.2.10", "a=sendonly"),
    sdp("0", profile="RTP/SAVP", more="a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + "\r\n"),
    sdp("0 13", host="2001:db8::1", more="m=video 50000 RTP/AVP 99\r\na=rtcp-mux\r\n"),
]


@settings(max_examples=600)
@given(st.sampled_from(DESCRIPTIONS), mutations, st.sampled_from(["192.0.2.1", "2001:db8::1", "voice.example.com"]))
def test_answering_a_broken_offer_is_total_and_the_answer_fits(text: str, how: Mutation, host: str) -> None:
    offer = mutated(text.encode(), how).decode(errors="replace")
    ours = Negotiator(config(), Here(host, 20_000, "192.0.2.1" if host.endswith("com") else host))
    try:
        agreement = ours.answer(offer)
    except SdpError:
        return
    plan, theirs = agreement.plan, read_sdp(offer)
    if host.endswith("com"):
        assert f"IN IP4 {host}" in agreement.sdp
        return
    answer = read_sdp(agreement.sdp)
    assert len(answer.sections) == len(theirs.sections)
    (section,) = answer.audio
    assert section.maps[0].payload_type == plan.payload_type
    assert (plan.srtp is not None) == bool(section.cryptos)
    assert not section.secure or plan.srtp
    assert ours.answer(offer).sdp == agreement.sdp
    assert len(read_sdp(ours.offer()).sections) == len(theirs.sections)


@given(st.sampled_from(MESSAGES), mutations)
def test_whatever_began_a_dialog_our_requests_in_it_read_back(data: bytes, how: Mutation) -> None:
    try:
        invite = read_message(mutated(data, how))
    except BadMessageError:
        return
    if not isinstance(invite, SipRequest):
        return
    dialog = Dialog(invite, WireHop(Wire()))
    hop = dialog.hop()
    assert 0 < hop.remote[1] < 65536
    for method in ("UPDATE", "BYE"):
        back = read_message(bytes(dialog.request(method)))
        assert isinstance(back, SipRequest)
        assert back.headers.get("route") == dialog.request(method).headers.get("route")


# ------------------------------------------------------------------------------------------------- the whole signalling


class Chaos:
    """Two callers and a hotline that do whatever they are told, and a wire that keeps, repeats and breaks."""

    def __init__(self, **settings: Any) -> None:
        self.exchange = Exchange(session_expires_s=90, queues={"*": "sip:agents@192.0.2.20"}, **settings)
        self.callers = [Caller(self.exchange, "a"), Caller(self.exchange, "b", Allow="INVITE, ACK, BYE")]
        self.kept: list[bytes] = []

    def do(self, action: str, who: int, number: int, how: Mutation) -> None:
        """One thing happens."""
        caller = self.callers[who]
        said: dict[str, Callable[[], Any]] = {
            "call": caller.call,
            "invite": lambda: caller.invite(BODIES[number % len(BODIES)], HEADERS[number % len(HEADERS)]),
            "reinvite": lambda: caller.reinvite(BODIES[number % len(BODIES)]),
            "update": lambda: caller.request("UPDATE", HEADERS[number % len(HEADERS)], BODIES[number % len(BODIES)]),
            "ack": lambda: caller.ack(BODIES[number % len(BODIES)]),
            "ack_refusal": lambda: caller.ack(refused=True),
            "cancel": caller.cancel,
            "bye": caller.bye,
            "info": lambda: caller.info(f"Signal={number}"),
            "notify": lambda: caller.notify(f"SIP/2.0 {100 + number * 7} X", ("active", "terminated")[number % 2]),
            "prack": lambda: self._prack(caller),
            "answer": lambda: self._answer(caller, number),
            "keep": lambda: self.kept.append(caller.build(KEPT[number % len(KEPT)], body=OFFER).encode()),
            "release": lambda: self.kept and self.exchange.receive(self.kept.pop(number % len(self.kept))),
            "again": caller.again if caller.invited else lambda: None,
            "broken": lambda: self.exchange.receive(mutated(MESSAGES[number % len(MESSAGES)], how)),
            "broken_own": lambda: self.exchange.receive(mutated(caller.build("INVITE", body=OFFER).encode(), how)),
            "wait": lambda: self.exchange.timers.advance(number * 100.0),
            "wait_long": lambda: self.exchange.timers.advance(number * 2000.0),
            "hang_up": lambda: [leg.hang_up("completed") for leg in self.legs],
            "transfer": lambda: [leg.transfer("general") for leg in self.legs],
            "tick": lambda: [self._tick(leg) for leg in self.legs],
        }
        said[action]()

    @property
    def legs(self) -> list[Any]:
        return [leg for place in self.exchange.board.places for leg in place.legs]

    def _tick(self, leg: Any) -> None:
        leg.receive(self.exchange.timers.now_ms(), None)

    def _prack(self, caller: Caller) -> None:
        if any(message.headers.get("rseq") for _, message in self.exchange.wire.sent):
            caller.prack()

    def _answer(self, caller: Caller, number: int) -> None:
        asked = [message.method for _, message in self.exchange.wire.sent if isinstance(message, SipRequest)]
        if asked:
            status = (200, 202, 100, 180, 401, 408, 422, 481, 491, 500, 603)[number % 11]
            caller.answer(asked[-1], status, HEADERS[number % len(HEADERS)], BODIES[number % len(BODIES)])


BODIES = [
    OFFER,
    OFFER,
    None,
    sdp("8 101", "a=sendonly"),
    sdp("8", "a=inactive"),
    sdp("18", events=None),
    "junk",
    sdp(port=0),
]
HEADERS: list[dict[str, str]] = [
    {},
    {},
    {},
    {"Require": "100rel"},
    {"Session-Expires": "90;refresher=uac", "Supported": "timer"},
    {"Session-Expires": "90;refresher=uas", "Supported": "timer"},
    {"Session-Expires": "5"},
    {"Min-SE": "120"},
    {"Require": "nonsense"},
]
KEPT = ["BYE", "INVITE", "UPDATE", "INFO", "OPTIONS"]
ACTIONS = [
    *("call", "call", "invite", "ack", "ack", "reinvite", "update", "ack_refusal", "cancel", "bye", "info", "notify"),
    *("prack", "answer", "answer", "keep", "release", "again", "broken", "broken_own", "wait", "wait_long"),
    *("hang_up", "transfer", "tick"),
]


@settings(max_examples=500)
@given(
    st.sampled_from(["call", "invite", "wait"]),
    st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 1), st.integers(0, 60), mutations), max_size=25),
    st.sampled_from([{}, {"answer_after_ms": 1000}, {"answer_after_ms": 1000, "early_media": True}]),
)
def test_whatever_happens_nothing_raises_and_in_the_end_nothing_is_left(
    first: str, actions: list[tuple[str, int, int, Mutation]], given_settings: dict[str, Any]
) -> None:
    chaos = Chaos(**given_settings)
    for action in [(first, 0, 0, []), *actions]:
        chaos.do(*action)
        assert all(len(place.legs) + place.released <= 1 for place in chaos.exchange.board.places)
    until_over(chaos.exchange, session_s=200)
    assert chaos.exchange.left() == []
