"""Who is let in, and what others are told, before a call begins; and health probes."""

from __future__ import annotations

from typing import Any

import pytest
from aiosipua.auth import SipDigestAuth, build_credentials
from aiosipua.headers import parse_auth, stringify_auth

from gateway.transport.rtp.ports import NoPortsError
from gateway.transport.sip.config import Trunk
from gateway.transport.switchboard import Refusal
from tests.support.sip import OFFER, Caller, Exchange, sdp, until_over
from tests.support.sip_line import PHONE, Board, WireHop, local

pytestmark = pytest.mark.unit

STRANGER = ("198.51.100.9", 5060)


def refused(caller: Caller, status: int, body: str | None = OFFER, headers: dict[str, Any] | None = None) -> bool:
    """The call is refused with this status, nobody was asked for longer, and nothing stays behind."""
    answers = caller.invite(body, headers)
    caller.ack(refused=True)
    places = caller.exchange.board.places
    settled = all(place.released == 1 for place in places)
    until_over(caller.exchange)
    return answers[-1] == f"{status} INVITE" and settled and caller.exchange.left() == []


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(Refusal.UNKNOWN_NUMBER, 404), (Refusal.BUSY, 486), (Refusal.FULL, 503), (Refusal.DRAINING, 503)],
)
def test_the_switchboards_refusal_becomes_a_status(refusal: Refusal, status: int) -> None:
    caller = Caller(Exchange(Board(refusal)))
    assert refused(caller, status)
    retry = caller.last(f"{status} INVITE").headers.get("retry-after")
    assert retry == (["10"] if status == 503 else [])


@pytest.mark.parametrize("error", [NoPortsError("none"), OSError("no")])
def test_without_ports_a_call_is_told_to_come_back(error: Exception) -> None:
    exchange = Exchange()
    exchange.sound.error = error
    caller = Caller(exchange)
    assert refused(caller, 503)
    assert caller.last("503 INVITE").headers.get("retry-after") == ["10"]


def test_an_offer_that_we_cannot_speak_is_refused_with_the_reason() -> None:
    caller = Caller(Exchange())
    assert refused(caller, 488, sdp("18", events=None))
    assert "no sound" in caller.last("488 INVITE").headers.get("warning")[0]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Require": "timer, nonsense"}, OFFER, 420),
        ({"Content-Type": "application/unknownformat"}, "<a/>", 415),
        ({"Content-Encoding": "gzip"}, OFFER, 415),
        ({"Contact": ()}, OFFER, 400),
        ({"Contact": "<tel:13800138000>"}, OFFER, 400),
        ({"Contact": ("<sip:a@192.0.2.10>", "<sip:b@192.0.2.10>")}, OFFER, 400),
        ({"Session-Expires": "10"}, OFFER, 422),
    ],
)
def test_what_the_rfc_wants_refused_is_refused(headers: dict[str, Any], body: str, status: int) -> None:
    caller = Caller(Exchange())
    assert refused(caller, status, body, headers)
    assert caller.exchange.board.places == []


def test_a_refusal_says_what_would_have_been_accepted() -> None:
    caller = Caller(Exchange())
    caller.invite("x", {"Content-Type": "text/plain"})
    assert caller.last("415 INVITE").headers.get("accept") == ["application/sdp"]
    caller.invite(headers={"Require": "nonsense"})
    assert caller.last("420 INVITE").headers.get("unsupported") == ["nonsense"]


def test_a_contact_may_have_any_name() -> None:
    assert Caller(Exchange()).invite(headers={"Contact": '"<x>, \\"y" <sip:a@192.0.2.10>'})[-1] == "200 INVITE"


def test_a_tel_uri_is_not_ours_to_route() -> None:
    caller = Caller(Exchange())
    caller.uri = "tel:+8610086"
    assert refused(caller, 416)


# --------------------------------------------------------------------------------------------------------- who may call


def test_a_stranger_is_told_no_once_and_nothing_is_kept_of_it() -> None:
    exchange = Exchange()
    caller = Caller(exchange, hop=WireHop(exchange.wire, STRANGER))
    assert caller.invite() == ["403 INVITE"]
    exchange.timers.advance(10_000)
    assert caller.heard() == []  # an address may be somebody else's: no refusal is repeated to it
    assert caller.request("OPTIONS") == ["403 OPTIONS"]
    assert caller.ack() == []
    assert exchange.left() == []
    assert exchange.board.places == []


def test_by_default_only_this_machine_may_call() -> None:
    exchange = Exchange(allow=("127.0.0.0/8", "::1/128"))
    assert Caller(exchange).invite() == ["403 INVITE"]
    assert Caller(exchange, "b", hop=WireHop(exchange.wire, ("127.0.0.1", 5070))).invite()[-1] == "200 INVITE"
    six = WireHop(exchange.wire, ("::1", 5070), local(host="::1"))
    assert Caller(exchange, "c", hop=six).invite(sdp(host="::1"))[-1] == "200 INVITE"


def test_a_trunk_is_known_by_its_address_and_its_name_goes_with_the_call() -> None:
    exchange = Exchange(allow=(), trunks=(Trunk(name="carrier", addresses=("192.0.2.0/24",)),))
    Caller(exchange).call()
    assert exchange.place.info.trunk == "carrier"


def test_a_trunk_with_a_password_must_prove_itself_for_every_call() -> None:
    trunk = Trunk.model_validate({"name": "pbx", "username": "pbx", "password": "secret"})
    exchange = Exchange(allow=(), trunks=(trunk,))
    caller = Caller(exchange, hop=WireHop(exchange.wire, STRANGER))
    assert caller.invite() == ["401 INVITE"]
    challenges = caller.last("401 INVITE").headers.get("www-authenticate")
    assert len(challenges) == 2
    exchange.timers.advance(10_000)
    assert caller.heard() == []  # said once, to an address that may be somebody else's
    assert caller.again() == ["401 INVITE"]
    assert caller.ack(refused=True) == []
    for challenge in challenges:
        proof = build_credentials(SipDigestAuth("pbx", "secret"), parse_auth(challenge), "INVITE", caller.uri)
        assert proof is not None
        headers = {"Authorization": stringify_auth(proof)}
        assert caller.invite(headers=headers)[0] in ("100 INVITE", "401 INVITE")
        caller.ack()
    assert [place.info.trunk for place in exchange.board.places] == ["pbx"]  # both have the same nonce: used once
    assert caller.bye() == ["200 BYE"]


def test_too_many_calls_from_one_address_are_told_to_come_back() -> None:
    exchange = Exchange(calls_per_second=2)
    answers = [Caller(exchange, str(number)).invite()[-1] for number in range(4)]
    assert answers == ["200 INVITE", "200 INVITE", "503 INVITE", "503 INVITE"]
    exchange.timers.advance(500)
    assert "200 INVITE" in Caller(exchange, "later").invite()


def test_too_many_messages_from_one_address_are_dropped_unread() -> None:
    exchange = Exchange(requests_per_second=3)
    caller = Caller(exchange)
    answers = [caller.send(caller.build("OPTIONS", dialog=False)) for _ in range(5)]
    assert answers == [["200 OPTIONS"]] * 3 + [[], []]
    other = Caller(exchange, "b", hop=WireHop(exchange.wire, ("192.0.2.11", 5060)))
    assert other.send(other.build("OPTIONS", dialog=False)) == ["200 OPTIONS"]


# --------------------------------------------------------------------------------------------------------------- probes


def test_a_health_probe_is_told_what_we_can_do() -> None:
    caller = Caller(Exchange())
    assert caller.send(caller.build("OPTIONS", dialog=False)) == ["200 OPTIONS"]
    answer = caller.last("200 OPTIONS").headers
    assert answer.get("accept") == ["application/sdp"]
    assert set(answer.get("allow")) >= {"INVITE", "ACK", "BYE", "CANCEL", "UPDATE", "PRACK", "INFO"}
    assert answer.get("supported") == ["100rel", "timer"]


@pytest.mark.parametrize("refusal", [Refusal.FULL, Refusal.DRAINING])
def test_a_health_probe_is_told_when_there_is_no_room(refusal: Refusal) -> None:
    caller = Caller(Exchange(Board(refusal)))
    assert caller.send(caller.build("OPTIONS", dialog=False)) == ["503 OPTIONS"]
    assert caller.last("503 OPTIONS").headers.get("retry-after") == ["10"]


@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("BYE", 481),
        ("UPDATE", 481),
        ("INFO", 481),
        ("PRACK", 481),
        ("NOTIFY", 481),
        ("REGISTER", 405),
        ("PUBLISH", 405),
    ],
)
def test_outside_a_call_there_is_nothing_else_to_ask(method: str, status: int) -> None:
    caller = Caller(Exchange())
    assert caller.send(caller.build(method, dialog=False)) == [f"{status} {method}"]
    assert caller.send(caller.build(method, dialog=True)) == [f"481 {method}"]


# ----------------------------------------------------------------------------------------------- where answers are sent


@pytest.mark.parametrize(
    ("via", "remote", "sent_to"),
    [
        ("192.0.2.10:5060;branch=z9hG4bK1;rport", ("192.0.2.10", 40_000), ("192.0.2.10", 40_000)),
        ("192.0.2.10:5070;branch=z9hG4bK1", ("192.0.2.10", 40_000), ("192.0.2.10", 5070)),
        ("10.0.0.5:5070;branch=z9hG4bK1", ("192.0.2.10", 40_000), ("192.0.2.10", 5070)),
        ("phone.example.com;branch=z9hG4bK1", ("192.0.2.10", 5060), ("192.0.2.10", 5060)),
        ("phone.example.com;branch=z9hG4bK1;maddr=203.0.113.1", ("192.0.2.10", 5060), ("192.0.2.10", 5060)),
    ],
)
def test_answers_go_back_where_the_request_came_from(
    via: str, remote: tuple[str, int], sent_to: tuple[str, int]
) -> None:
    exchange = Exchange()
    caller = Caller(exchange, hop=WireHop(exchange.wire, remote))
    caller.send(caller.build("OPTIONS", {"Via": f"SIP/2.0/UDP {via}"}, dialog=False))
    assert exchange.wire.went_to("200 OPTIONS") == sent_to


def test_the_log_tells_of_a_stranger_once_and_later_again(caplog: pytest.LogCaptureFixture) -> None:
    exchange = Exchange(allow=("127.0.0.0/8",))
    caller = Caller(exchange)
    for _ in range(5):
        assert caller.send(caller.build("OPTIONS", dialog=False)) == ["403 OPTIONS"]
    assert len(caplog.records) == 1
    assert PHONE[0] in caplog.text
    exchange.timers.advance(10_000)
    caller.send(caller.build("OPTIONS", dialog=False))
    assert len(caplog.records) == 2
