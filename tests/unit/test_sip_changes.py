"""Offers within a call on virtual time: late ones, hold and resume, and what comes at the wrong moment."""

from __future__ import annotations

import pytest

from tests.support.sip import OFFER, Caller, Exchange, sdp, talking, until_over
from tests.support.sip_line import LIFE

pytestmark = pytest.mark.unit

NOWHERE = "0.0.0.0"  # noqa: S104 -- how RFC 2543 said hold
UNUSABLE = sdp("96", "a=rtpmap:96 AMR/8000", events=None)
ANSWERED_BACK = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


def body_of(caller: Caller, which: str) -> str:
    """Of the last message of that brief."""
    text: str = caller.last(which).text
    return text


def version_of(body: str) -> int:
    """Of the o= line."""
    return int(body.split("\r\n")[1].split()[2])


# --------------------------------------------------------------------------------------------------------- a late offer


def test_a_call_without_an_offer_gets_ours_and_answers_it_with_its_ack() -> None:
    caller = Caller(exchange := Exchange())
    assert caller.invite(None) == ["100 INVITE", "200 INVITE"]
    offer = body_of(caller, "200 INVITE")
    assert "m=audio 20000 RTP/AVP 8 0 9 96 101 102 13" in offer
    assert "a=rtpmap:96 opus/48000/2" in offer
    assert exchange.line.plan is None
    caller.ack(OFFER)
    assert len(exchange.place.legs) == 1
    assert exchange.line.plan is not None
    assert (exchange.line.plan.codec.name, exchange.line.plan.remote) == ("PCMA", ("192.0.2.10", 40_000))


@pytest.mark.parametrize("answer", [None, UNUSABLE, "v=0\r\n", sdp(host="sip.example.com"), sdp(port=0)])
def test_without_a_usable_answer_to_our_offer_the_call_is_hung_up_and_on_record(answer: str | None) -> None:
    caller = Caller(exchange := Exchange())
    caller.invite(None)
    assert caller.ack(answer) == ["BYE"]
    assert exchange.tick().reason == "no_media"
    caller.answer("BYE", 200)
    until_over(exchange)
    assert exchange.left() == []


def test_a_copy_of_the_200_carries_the_same_offer() -> None:
    caller = Caller(exchange := Exchange())
    caller.invite(None)
    first = body_of(caller, "200 INVITE")
    exchange.timers.advance(600)
    assert caller.heard() == ["200 INVITE"]
    assert body_of(caller, "200 INVITE") == first


# ------------------------------------------------------------------------------------------------------ hold and resume


@pytest.mark.parametrize("direction", ANSWERED_BACK)
def test_a_reinvite_may_ask_for_every_direction(direction: str) -> None:
    caller = talking()
    assert caller.reinvite(sdp("8 101", f"a={direction}")) == ["200 INVITE"]
    assert f"a={ANSWERED_BACK[direction]}\r\n" in body_of(caller, "200 INVITE")
    caller.ack()
    held = direction in ("sendonly", "inactive")
    assert caller.exchange.tick().on_hold is held
    assert caller.exchange.line.plan is not None
    assert caller.exchange.line.plan.receives is (direction in ("sendrecv", "sendonly"))
    assert caller.reinvite(sdp("8 101", "a=sendrecv")) == ["200 INVITE"]
    caller.ack()
    assert not caller.exchange.tick().on_hold


@pytest.mark.parametrize("direction", ANSWERED_BACK)
def test_an_update_may_ask_for_every_direction(direction: str) -> None:
    caller = talking()
    assert caller.request("UPDATE", body=sdp("8 101", f"a={direction}")) == ["200 UPDATE"]
    assert f"a={ANSWERED_BACK[direction]}\r\n" in body_of(caller, "200 UPDATE")
    assert caller.exchange.tick().on_hold is (direction in ("sendonly", "inactive"))


def test_hold_the_old_way_keeps_the_place_that_sound_went_to() -> None:
    caller = talking()
    assert caller.reinvite(sdp(host=NOWHERE)) == ["200 INVITE"]
    caller.ack()
    assert caller.exchange.tick().on_hold
    assert caller.exchange.line.plan is not None
    assert caller.exchange.line.plan.remote == ("192.0.2.10", 40_000)


def test_whoever_was_held_can_resume_by_a_reinvite_without_an_offer() -> None:
    caller = talking()
    caller.reinvite(sdp("8 101", "a=sendonly"))
    caller.ack()
    assert caller.reinvite(None) == ["200 INVITE"]
    assert "a=sendrecv" in body_of(caller, "200 INVITE")  # the hold was theirs, we never asked for one
    caller.ack(sdp("8 101", "a=sendrecv"))
    assert not caller.exchange.tick().on_hold


def test_the_version_goes_up_with_a_change_only() -> None:
    caller = talking()
    first = version_of(body_of(caller, "200 INVITE"))
    caller.reinvite(OFFER)
    caller.ack()
    assert version_of(body_of(caller, "200 INVITE")) == first
    caller.reinvite(sdp("8 101", "a=sendonly"))
    caller.ack()
    assert version_of(body_of(caller, "200 INVITE")) == first + 1


def test_a_change_moves_the_sound_and_the_signalling() -> None:
    caller = talking()
    caller.contact = "<sip:13800138000@192.0.2.20:5080>"
    caller.reinvite(sdp(host="192.0.2.20", port=42_000))
    caller.ack()
    assert caller.exchange.line.plan is not None
    assert caller.exchange.line.plan.remote == ("192.0.2.20", 42_000)
    caller.exchange.call.hang_up("completed")
    assert caller.exchange.wire.went_to("BYE") == ("192.0.2.20", 5080)
    assert caller.last("BYE").uri == "sip:13800138000@192.0.2.20:5080"


def test_a_held_call_is_not_waited_for_and_one_that_stays_held_is_ended() -> None:
    caller = talking(rtp_timeout_s=5, hold_timeout_s=60)
    assert caller.exchange.line.stream is not None
    caller.exchange.line.stream.lost = True
    caller.reinvite(sdp("8 101", "a=inactive"))
    caller.ack()
    caller.exchange.tick()
    caller.exchange.timers.advance(60_000)
    assert not caller.exchange.tick().hung_up
    caller.exchange.timers.advance(1000)
    caller.exchange.tick()
    assert caller.heard() == ["BYE"]
    assert caller.exchange.tick().reason == "hold_timeout"


def test_a_call_without_sound_is_ended() -> None:
    caller = talking(rtp_timeout_s=5)
    assert caller.exchange.line.stream is not None
    caller.exchange.line.stream.lost = True
    caller.exchange.timers.advance(5000)
    assert not caller.exchange.tick().hung_up
    caller.exchange.timers.advance(1000)
    caller.exchange.tick()
    assert caller.exchange.tick().reason == "rtp_timeout"
    assert caller.heard() == ["BYE"]


# --------------------------------------------------------------------------------------------- bad, and at a bad moment


@pytest.mark.parametrize("offer", [UNUSABLE, sdp(host="sip.example.com"), sdp(port=22), "junk"])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_after_a_bad_offer_the_call_goes_on_as_it_was(method: str, offer: str) -> None:
    caller = talking()
    before = caller.exchange.line.plan
    answer = caller.reinvite(offer) if method == "INVITE" else caller.request("UPDATE", body=offer)
    assert answer == [f"488 {method}"]
    caller.ack(refused=True)
    assert caller.exchange.line.plan == before
    assert not caller.exchange.tick().hung_up
    assert caller.bye() == ["200 BYE"]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_body_of_another_kind_is_refused(method: str) -> None:
    caller = talking()
    message = caller.build(method, {"Content-Type": "text/plain"}, "hello")
    assert caller.send(message) == [f"415 {method}"]
    assert caller.last(f"415 {method}").headers.get("accept") == ["application/sdp"]


def test_a_change_before_the_call_is_answered_has_to_wait() -> None:
    caller = Caller(Exchange(answer_after_ms=1000))
    caller.invite()
    assert caller.request("UPDATE", body=OFFER) == ["500 UPDATE"]
    assert caller.last("500 UPDATE").headers.get("retry-after")
    assert caller.request("UPDATE") == ["200 UPDATE"]


def test_a_reinvite_before_the_ack_has_to_wait() -> None:
    caller = Caller(exchange := Exchange())
    caller.invite()
    first, number = caller._invite_branch, caller._invite_number
    assert caller.reinvite(OFFER) == ["500 INVITE"]
    assert caller.last("500 INVITE").headers.get("retry-after")
    caller.ack(refused=True)
    caller._invite_branch, caller._invite_number = first, number
    caller.ack()
    assert len(exchange.place.legs) == 1


def test_a_second_reinvite_before_the_first_ones_ack_has_to_wait() -> None:
    caller = talking()
    caller.reinvite(sdp("8 101", "a=sendonly"))
    assert caller.reinvite(OFFER) == ["500 INVITE"]


def test_an_update_while_our_late_offer_is_not_answered_has_to_wait() -> None:
    caller = talking()
    caller.reinvite(None)
    assert caller.request("UPDATE", body=OFFER) == ["491 UPDATE"]
    assert caller.request("UPDATE") == ["200 UPDATE"]


@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_a_change_that_crosses_ours_has_to_wait(method: str) -> None:
    caller = talking()
    caller.exchange.timers.advance(900_000)  # our session refresh
    assert caller.heard() == ["UPDATE"]
    answer = caller.reinvite(OFFER) if method == "INVITE" else caller.request("UPDATE", body=OFFER)
    assert answer == [f"491 {method}"]
    caller.ack(refused=True)
    caller.answer("UPDATE", 200)
    assert caller.reinvite(OFFER) == ["200 INVITE"]


def test_a_reinvite_whose_ack_is_lost_ends_the_call() -> None:
    caller = talking()
    caller.reinvite(OFFER)
    caller.exchange.timers.advance(LIFE)
    heard = caller.heard()
    assert (heard.count("200 INVITE"), heard[-1]) == (10, "BYE")
    assert caller.exchange.tick().reason == "ack_timeout"
    assert caller.ack() == []


def test_an_ack_of_a_reinvite_after_we_hung_up_changes_nothing() -> None:
    caller = talking()
    caller.reinvite(None)
    caller.exchange.call.hang_up("completed")
    assert caller.heard() == ["BYE"]
    assert caller.ack(OFFER) == []
    caller.answer("BYE", 200)
    until_over(caller.exchange)
    assert caller.exchange.left() == []


@pytest.mark.parametrize("method", ["INVITE", "UPDATE", "INFO", "OPTIONS"])
def test_what_is_required_and_not_known_is_refused(method: str) -> None:
    caller = talking()
    assert caller.request(method, {"Require": "nonsense, timer"}) == [f"420 {method}"]
    assert caller.last(f"420 {method}").headers.get("unsupported") == ["nonsense"]
    caller.ack(refused=True)
    assert caller.request("BYE", {"Require": "nonsense"}) == ["200 BYE"]  # leaving is never refused


def test_an_extension_that_we_know_may_be_required() -> None:
    caller = talking()
    assert caller.request("UPDATE", {"Require": "timer"}) == ["200 UPDATE"]
