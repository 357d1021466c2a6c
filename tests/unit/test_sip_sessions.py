"""Session timers on virtual time (RFC 4028): a side that has silently gone is noticed, whoever does the refreshing."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.transport.sip.session import TRY_AGAIN_MS
from tests.support.sip import OFFER, Caller, Exchange, sdp, talking, until_over
from tests.support.sip_line import LIFE

pytestmark = pytest.mark.unit

HALF_MS = 900_000
"""Of the session that we ask for by ourselves."""
THEIRS = {"Session-Expires": "600;refresher=uac", "Supported": "timer"}
WITHOUT_UPDATE = {"Allow": "INVITE, ACK, BYE, CANCEL"}


def header(caller: Caller, which: str, name: str) -> list[str]:
    """Of the last message of that brief."""
    values: list[str] = caller.last(which).headers.get(name)
    return values


def is_ended(caller: Caller, reason: str = "session_expired") -> bool:
    """The call was hung up for that reason, and nothing stays behind."""
    hung_up = caller.heard()[-1:] == ["BYE"] and caller.exchange.tick().reason == reason
    caller.answer("BYE", 200)
    until_over(caller.exchange)
    return hung_up and caller.exchange.left() == []


# ------------------------------------------------------------------------------------------------------- what is agreed


@pytest.mark.parametrize(
    ("asked", "agreed", "required"),
    [
        ({}, [], []),  # it knows nothing of timers: we look after the session alone
        ({"Supported": "timer"}, ["1800;refresher=uas"], []),
        ({"Supported": "timer", "Min-SE": "3600"}, ["3600;refresher=uas"], []),
        (THEIRS, ["600;refresher=uac"], ["timer"]),
        ({"Session-Expires": "600;refresher=uas", "Supported": "timer"}, ["600;refresher=uas"], []),
        ({"Session-Expires": "600", "Supported": "timer"}, ["600;refresher=uac"], ["timer"]),
        ({"Session-Expires": "600", "Require": "timer"}, ["600;refresher=uac"], ["timer"]),
        ({"x": "600", "k": "timer"}, ["600;refresher=uac"], ["timer"]),
        ({"Session-Expires": "600"}, ["600;refresher=uas"], []),  # from a proxy on the way
        ({"Session-Expires": "86400;refresher=uac", "Supported": "timer"}, ["1800;refresher=uac"], ["timer"]),
        ({"Session-Expires": "9999", "Min-SE": "7200", "Supported": "timer"}, ["7200;refresher=uac"], ["timer"]),
    ],
)
def test_what_is_agreed_stands_in_the_200(asked: dict[str, str], agreed: list[str], required: list[str]) -> None:
    caller = talking(headers=asked)
    assert header(caller, "200 INVITE", "session-expires") == agreed
    assert header(caller, "200 INVITE", "require") == required


@pytest.mark.parametrize("interval", ["60", "89", "0"])
def test_too_short_a_session_is_refused_with_what_we_accept(interval: str) -> None:
    caller = Caller(exchange := Exchange(min_se_s=90))
    assert caller.invite(headers={"Session-Expires": interval, "Supported": "timer"}) == ["422 INVITE"]
    assert header(caller, "422 INVITE", "min-se") == ["90"]
    assert exchange.board.places == []


@pytest.mark.parametrize("interval", ["soon", "-600", "9" * 400, "600, 700"])
def test_a_session_of_no_length_is_a_bad_request(interval: str) -> None:
    caller = Caller(Exchange())
    assert caller.invite(headers={"Session-Expires": interval, "Supported": "timer"}) == ["400 INVITE"]


def test_within_a_call_too_short_a_session_changes_nothing() -> None:
    caller = talking(headers=THEIRS)
    assert caller.request("UPDATE", {"Session-Expires": "60"}) == ["422 UPDATE"]
    assert header(caller, "422 UPDATE", "min-se") == ["90"]
    caller.exchange.timers.advance((600 - 32) * 1000)
    assert caller.heard() == ["BYE"]


# ------------------------------------------------------------------------------------------------------- they refresh


@pytest.mark.parametrize("method", ["UPDATE", "INVITE"])
def test_their_refresh_keeps_the_call(method: str) -> None:
    caller = talking(headers=THEIRS)
    for _ in range(3):
        caller.exchange.timers.advance(500_000)
        answer = caller.request("UPDATE", THEIRS) if method == "UPDATE" else caller.reinvite(OFFER, THEIRS)
        assert answer == [f"200 {method}"]
        assert header(caller, f"200 {method}", "session-expires") == ["600;refresher=uac"]
        caller.ack() if method == "INVITE" else None
    assert not caller.exchange.tick().on_hold
    caller.exchange.timers.advance((600 - 32) * 1000 - 1)
    assert caller.heard() == []
    caller.exchange.timers.advance(1)
    assert is_ended(caller)


def test_who_promised_to_refresh_and_does_not_is_hung_up_before_the_session_ends() -> None:
    caller = talking(headers={"Session-Expires": "90;refresher=uac", "Supported": "timer"})
    caller.exchange.timers.advance(60_000 - 1)  # 90 s less a third (RFC 4028 10)
    assert caller.heard() == []
    caller.exchange.timers.advance(1)
    assert is_ended(caller)


# ---------------------------------------------------------------------------------------------------------- we refresh


def test_we_refresh_with_update_again_and_again() -> None:
    caller = talking()
    for _ in range(3):
        caller.exchange.timers.advance(HALF_MS - 1)
        assert caller.heard() == []
        caller.exchange.timers.advance(1)
        assert caller.heard() == ["UPDATE"]
        update = caller.last("UPDATE")
        assert update.headers.get("session-expires") == ["1800;refresher=uac"]
        assert update.headers.get("supported") == ["timer"]
        assert not update.body
        caller.answer("UPDATE", 200, {"Session-Expires": "1800;refresher=uac", "Require": "timer"})
    assert not caller.exchange.tick().on_hold


def test_where_update_is_not_known_we_refresh_with_an_invite_that_asks_for_no_change() -> None:
    caller = talking(headers=WITHOUT_UPDATE)
    before = caller.last("200 INVITE").text
    caller.exchange.timers.advance(HALF_MS)
    assert caller.heard() == ["INVITE"]
    assert caller.last("INVITE").text == before
    assert caller.answer("INVITE", 200, {}, sdp(port=41_000)) == ["ACK"]
    assert caller.last("ACK").headers.get("cseq") == ["1 ACK"]
    assert caller.exchange.line.plan is not None
    assert caller.exchange.line.plan.remote == ("192.0.2.10", 41_000)
    caller.exchange.call.hang_up("completed")
    assert caller.last("BYE").headers.get("cseq") == ["2 BYE"]


def test_a_refreshing_invite_whose_answer_cannot_be_used_keeps_the_sound_as_it_is() -> None:
    caller = talking(headers=WITHOUT_UPDATE)
    before = caller.exchange.line.plan
    caller.exchange.timers.advance(HALF_MS)
    assert caller.answer("INVITE", 200, {}, "junk") == ["INVITE", "ACK"]
    assert caller.exchange.line.plan == before
    caller.exchange.timers.advance(HALF_MS)
    assert caller.heard() == ["INVITE"]


def test_the_other_side_may_take_the_refreshing_over_and_make_the_session_shorter() -> None:
    caller = talking()
    caller.exchange.timers.advance(HALF_MS)
    caller.answer("UPDATE", 200, {"Session-Expires": "600;refresher=uas"})
    caller.exchange.timers.advance(560_000)
    assert caller.heard() == []
    caller.exchange.timers.advance(8_000)
    assert is_ended(caller)


@pytest.mark.parametrize("interval", ["0", "1", "-5", "soon", "9" * 400])
def test_a_silly_session_in_an_answer_is_brought_into_bounds(interval: str) -> None:
    caller = talking()
    caller.exchange.timers.advance(HALF_MS)
    caller.answer("UPDATE", 200, {"Session-Expires": f"{interval};refresher=uac"})
    caller.exchange.timers.advance(44_000)
    assert caller.heard() == []
    caller.exchange.timers.advance(HALF_MS)
    assert "UPDATE" in caller.heard()


@pytest.mark.parametrize("status", [481, 408])
def test_a_refresh_that_finds_no_call_there_ends_it(status: int) -> None:
    caller = talking()
    caller.exchange.timers.advance(HALF_MS)
    caller.heard()
    assert caller.answer("UPDATE", status) == ["BYE"]
    assert caller.exchange.tick().reason == "session_expired"


def test_a_refresh_without_an_answer_ends_the_call() -> None:
    caller = talking()
    caller.exchange.timers.advance(HALF_MS + LIFE)
    assert is_ended(caller)


@pytest.mark.parametrize("headers", [{}, WITHOUT_UPDATE])
def test_a_refresh_that_crossed_theirs_is_tried_again_within_two_seconds(headers: dict[str, str]) -> None:
    caller = talking(headers=headers)
    method = "INVITE" if headers else "UPDATE"
    caller.exchange.timers.advance(HALF_MS)
    caller.answer(method, 491)
    caller.heard()
    caller.exchange.timers.advance(2000)
    assert method in caller.heard()
    caller.answer(method, 200, {}, OFFER if headers else None)
    assert not caller.exchange.tick().hung_up


def test_a_refresh_tried_again_too_late_does_nothing() -> None:
    caller = talking()
    caller.exchange.timers.advance(HALF_MS)
    caller.answer("UPDATE", 491)
    caller.bye()
    caller.exchange.timers.advance(2000)
    assert caller.heard() == []
    until_over(caller.exchange)
    assert caller.exchange.left() == []


def test_a_refresh_for_which_the_session_is_too_short_is_asked_for_longer() -> None:
    caller = talking()
    caller.exchange.timers.advance(HALF_MS)
    caller.heard()
    assert caller.answer("UPDATE", 422, {"Min-SE": "3600"}) == ["UPDATE"]
    assert header(caller, "UPDATE", "session-expires") == ["3600;refresher=uac"]
    assert header(caller, "UPDATE", "min-se") == ["3600"]
    caller.answer("UPDATE", 200, {"Session-Expires": "3600;refresher=uac"})
    caller.exchange.timers.advance(1_700_000)
    assert caller.heard() == []


def test_a_refresh_that_is_refused_where_no_timer_was_agreed_on_shows_all_the_same_that_somebody_is_there() -> None:
    caller = talking()
    for _ in range(4):
        caller.exchange.timers.advance(HALF_MS)
        assert caller.answer("UPDATE", 500) == ["UPDATE"]
    assert not caller.exchange.tick().hung_up


@pytest.mark.parametrize("relents", [True, False])
def test_a_refresh_that_is_refused_is_tried_again_until_the_session_ends(relents: bool) -> None:
    caller = talking(headers={"Supported": "timer"})
    caller.exchange.timers.advance(HALF_MS)
    for _ in range(3):
        assert caller.answer("UPDATE", 503) == ["UPDATE"]
        caller.exchange.timers.advance(TRY_AGAIN_MS)
    if relents:
        assert caller.answer("UPDATE", 200, {"Session-Expires": "1800;refresher=uac"}) == ["UPDATE"]
        caller.exchange.timers.advance(HALF_MS - 1)
        assert caller.heard() == []
        assert not caller.exchange.tick().hung_up
    else:
        caller.exchange.timers.advance(LIFE)
        assert is_ended(caller)


@pytest.mark.parametrize("status", [405, 501])
def test_who_says_update_and_does_not_know_it_is_asked_by_invite(status: int) -> None:
    caller = talking()
    caller.exchange.timers.advance(HALF_MS)
    caller.heard()
    assert caller.answer("UPDATE", status) == ["INVITE"]
    assert caller.answer("INVITE", 200, {}, OFFER) == ["ACK"]
    caller.exchange.timers.advance(HALF_MS)
    assert caller.heard() == ["INVITE"]


def test_a_call_that_ends_while_we_ask_does_not_ask_on() -> None:
    caller = talking()
    caller.exchange.timers.advance(HALF_MS)
    assert caller.bye() == ["UPDATE", "200 BYE"]
    caller.exchange.timers.advance(10_000)
    assert caller.heard() == []
    until_over(caller.exchange)
    assert caller.exchange.left() == []


def test_an_invite_of_ours_is_acknowledged_although_the_call_has_ended() -> None:
    caller = talking(headers=WITHOUT_UPDATE)
    caller.exchange.timers.advance(HALF_MS)
    assert caller.bye() == ["INVITE", "200 BYE"]
    assert caller.answer("INVITE", 487) == ["ACK"]
    until_over(caller.exchange)
    assert caller.exchange.left() == []


@pytest.mark.parametrize("settings", [{}, {"session_expires_s": 90}])
def test_a_session_is_watched_from_the_ack_to_the_end(settings: dict[str, Any]) -> None:
    caller = talking(**settings)
    caller.bye()
    caller.exchange.timers.advance(4_000_000)
    assert caller.heard() == []
    assert caller.exchange.left() == []
