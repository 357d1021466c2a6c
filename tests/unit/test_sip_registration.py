"""Telling a registrar where we are, on virtual time: proving who we are, in time again, and more rarely in vain."""

from __future__ import annotations

from typing import Any

import pytest
from aiosipua import SipRequest, SipResponse
from aiosipua.headers import parse_auth

from gateway.transport.sip.config import Registration
from gateway.transport.sip.hop import Hop
from gateway.transport.sip.message import read_message
from gateway.transport.sip.registration import Registrar
from gateway.transport.sip.transactions import ServerTransaction, TransactionLayer
from gateway.transport.timers import VirtualTimers
from tests.support.sip import text
from tests.support.sip_line import LIFE, Wire, WireHop

pytestmark = pytest.mark.unit

CHALLENGE = 'Digest realm="pbx", nonce="n1", algorithm=MD5, qop="auth"'
REGISTRAR = ("192.0.2.50", 5060)
OURS = "<sip:10086@192.0.2.1:5060>"


US = {"username": "10086", "password": "secret"}


class Bench:
    """A registrar that says what the test wants."""

    def __init__(self, **given: Any) -> None:
        self.timers = VirtualTimers()
        self.wire = Wire()
        self.layer = TransactionLayer(self.timers, self)
        self.left = 0
        settings = {"address": "sip:10086@pbx.example.com", "registrar": "192.0.2.50:5060"} | given
        hop = WireHop(self.wire, REGISTRAR)
        self.registrar = Registrar(Registration.model_validate(settings), self.layer, hop, self._left)

    def _left(self) -> None:
        self.left += 1

    def on_request(self, request: SipRequest, transaction: ServerTransaction) -> None:
        raise AssertionError("nobody asks us")

    def on_ack(self, ack: SipRequest, hop: Hop) -> None:
        raise AssertionError("nobody asks us")

    def on_cancel(self, cancelled: ServerTransaction) -> None:
        raise AssertionError("nobody asks us")

    @property
    def asked(self) -> SipRequest:
        """The last REGISTER."""
        request: SipRequest = self.wire.last("REGISTER")
        return request

    def new(self) -> int:
        """How many were sent since the last time."""
        return len(self.wire.new())

    def until_asked(self) -> int:
        """Wait for the next; how long it took, ms."""
        waited_ms = 0
        while not self.new():
            self.timers.advance(100)
            waited_ms += 100
        return waited_ms

    def told(self, status: int, **headers: Any) -> int:
        """The registrar answers; how many requests that leads to."""
        self.new()
        copied = {name: tuple(self.asked.headers.get(name)) for name in ("Via", "From", "To", "Call-ID", "CSeq")}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        message = read_message(text(f"SIP/2.0 {status} Said", copied | named).encode())
        assert isinstance(message, SipResponse)
        self.layer.receive(message, WireHop(self.wire, REGISTRAR))
        return self.new()

    def header(self, name: str) -> str:
        """Of the last REGISTER."""
        return self.asked.headers.get(name)[0]


def registered(**given: Any) -> Bench:
    """A bench whose registration was accepted."""
    bench = Bench(**given)
    bench.registrar.begin()
    bench.told(200, Contact=f"{OURS};expires=300")
    return bench


def test_a_registration_says_who_and_where_we_are() -> None:
    bench = Bench()
    bench.registrar.begin()
    assert bench.new() == 1
    assert bench.wire.went_to("REGISTER") == REGISTRAR
    assert bench.asked.uri == "sip:pbx.example.com"
    assert bench.header("to") == "<sip:10086@pbx.example.com>"
    assert bench.header("from").startswith("<sip:10086@pbx.example.com>;tag=")
    assert (bench.header("contact"), bench.header("expires")) == (OURS, "300")
    assert not bench.registrar.registered
    bench.told(200)
    assert bench.registrar.registered


@pytest.mark.parametrize(
    ("headers", "granted_s"),
    [
        ({}, 300),
        ({"Expires": "100"}, 100),
        ({"Contact": f"{OURS};expires=60"}, 60),
        ({"Contact": f"<sip:other@192.0.2.9>;expires=20, {OURS};expires=60", "Expires": "100"}, 60),
        ({"Contact": "<sip:other@192.0.2.9>;expires=20"}, 300),
        ({"Contact": "<sip:10086@192.0.2.1>;expires=60"}, 60),  # the usual port needn't be written
        ({"Contact": f"{OURS};expires=1"}, 5),
        ({"Contact": f"{OURS};expires=²"}, 300),
        ({"Contact": f"{OURS};expires={'9' * 400}"}, 300),
        ({"Contact": f"{OURS};expires=9999999999"}, 86_400),
        ({"Expires": "9999999999"}, 86_400),
        ({"Expires": "soon"}, 300),
    ],
)
def test_it_is_done_again_before_it_runs_out(headers: dict[str, Any], granted_s: int) -> None:
    bench = Bench()
    bench.registrar.begin()
    bench.told(200, **headers)
    first = bench.asked
    bench.timers.advance(granted_s * 800 - 6000)  # the transaction is long over
    bench.timers.advance(5999)
    assert bench.new() == 0
    bench.timers.advance(1)
    assert bench.new() == 1
    assert bench.header("call-id") == first.headers.get("call-id")[0]
    assert bench.header("cseq") == "2 REGISTER"
    assert bench.asked.via[0].branch != first.via[0].branch


@pytest.mark.parametrize(
    ("status", "asks", "answers"),
    [(401, "WWW-Authenticate", "authorization"), (407, "Proxy-Authenticate", "proxy-authorization")],
)
def test_a_challenge_is_answered_once(status: int, asks: str, answers: str) -> None:
    bench = Bench(**US)
    bench.registrar.begin()
    assert bench.told(status, **{asks: CHALLENGE}) == 1
    proof = parse_auth(bench.header(answers), credentials=True)
    assert (proof.params["username"], proof.params["uri"], proof.params["nc"]) == (
        "10086",
        "sip:pbx.example.com",
        "00000001",
    )
    assert bench.header("cseq") == "2 REGISTER"
    assert bench.told(status, **{asks: CHALLENGE}) == 0  # the password is wrong: not at once again
    assert not bench.registrar.registered
    bench.timers.advance(6000)
    assert bench.new() >= 1


def test_without_a_password_a_challenge_is_a_refusal() -> None:
    bench = Bench()
    bench.registrar.begin()
    assert bench.told(401, WWW_Authenticate=CHALLENGE) == 0
    bench.timers.advance(6000)
    assert bench.new() >= 1


@pytest.mark.parametrize(
    "challenge", ["Basic realm=x", "Digest", 'Digest realm="r", nonce="n", algorithm=SHA-512-256', ""]
)
def test_a_challenge_that_cannot_be_answered_is_a_refusal(challenge: str) -> None:
    bench = Bench(**US)
    bench.registrar.begin()
    assert bench.told(401, WWW_Authenticate=challenge) == 0
    assert bench.timers.pending > 0


def test_too_short_a_time_is_asked_for_longer() -> None:
    bench = Bench()
    bench.registrar.begin()
    assert bench.told(423, Min_Expires="1800") == 1
    assert bench.header("expires") == "1800"


@pytest.mark.parametrize("wanted", [(), "soon", "10", "300"])
def test_too_short_a_time_without_saying_what_is_long_enough_is_a_refusal(wanted: Any) -> None:
    bench = Bench()
    bench.registrar.begin()
    assert bench.told(423, Min_Expires=wanted) == 0


def test_a_registrar_for_whom_nothing_is_long_enough_is_not_asked_without_end() -> None:
    bench = Bench()
    bench.registrar.begin()
    assert bench.told(423, Min_Expires="9999999") == 1
    assert bench.header("expires") == "86400"
    assert bench.told(423, Min_Expires="9999999") == 0


def test_in_vain_it_is_tried_ever_more_rarely_and_a_success_forgets_that() -> None:
    bench = Bench()
    bench.registrar.begin()
    for base_ms in (5000, 10_000, 20_000):
        assert bench.told(503) == 0
        bench.timers.advance(base_ms * 0.8 - 1)
        assert bench.new() == 0
        bench.timers.advance(base_ms * 0.4 + 1)
        assert bench.new() >= 1
    for _ in range(10):
        bench.told(503)
        waited_ms = bench.until_asked()
    assert 0.8 * 300_000 <= waited_ms <= 1.2 * 300_000 + 100
    bench.told(200)
    assert bench.registrar.registered
    bench.timers.advance(240_000)
    bench.told(503)
    assert not bench.registrar.registered
    bench.timers.advance(6000)
    assert bench.new() >= 1


def test_a_silent_registrar_is_tried_again() -> None:
    bench = Bench()
    bench.registrar.begin()
    bench.timers.advance(LIFE)
    assert bench.new() == 11
    bench.timers.advance(6000)
    assert bench.new() >= 1


def test_when_we_go_it_is_taken_back() -> None:
    bench = registered()
    bench.registrar.end()
    assert bench.new() == 1
    assert bench.header("expires") == "0"
    assert bench.registrar.ending
    bench.told(200)
    assert (bench.left, bench.registrar.ending, bench.registrar.registered) == (1, False, False)
    bench.timers.advance(1_000_000)
    assert (bench.new(), len(bench.layer), bench.timers.pending) == (0, 0, 0)


def test_also_taking_back_may_have_to_be_proven_and_may_fail() -> None:
    bench = registered(**US)
    bench.registrar.end()
    assert bench.told(401, WWW_Authenticate=CHALLENGE) == 1
    assert bench.header("expires") == "0"
    assert bench.told(500) == 0
    assert (bench.left, bench.registrar.ending) == (1, False)


@pytest.mark.parametrize("answered", [True, False])
def test_who_was_never_registered_or_waits_no_longer_leaves_nothing(answered: bool) -> None:
    bench = registered() if answered else Bench()
    if not answered:
        bench.registrar.begin()
    bench.registrar.end()
    assert bench.registrar.ending is answered
    bench.registrar.abandon()
    bench.registrar.abandon()
    bench.new()
    bench.timers.advance(1_000_000)
    assert (bench.new(), len(bench.layer), bench.timers.pending) == (0, 0, 0)
