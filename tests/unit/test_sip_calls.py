"""A call's beginning and end on virtual time, between a wire and a switchboard: whatever is lost, nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gateway.media.frames import SILENCE
from gateway.transport.timers import Timer, VirtualTimers
from tests.support.sip import OFFER, Caller, Exchange, talking, until_over
from tests.support.sip_line import LIFE, PHONE, QuietLine, WireHop, config, local

pytestmark = pytest.mark.unit

RELIABLE = {"Require": "100rel"}


def is_over(exchange: Exchange) -> bool:
    """Nothing is left once everything that waits has given up."""
    until_over(exchange)
    return exchange.left() == []


# ------------------------------------------------------------------------------------------------------------ answering


def test_a_call_is_answered_at_once_and_taken_with_its_ack() -> None:
    caller = Caller(exchange := Exchange())
    assert caller.invite() == ["100 INVITE", "200 INVITE"]
    assert exchange.place.legs == []
    assert caller.ack() == []
    assert not exchange.tick().hung_up
    info = exchange.leg.info
    assert (info.caller_number, info.called_number, info.transport) == ("13800138000", "10086", "sip+udp")
    assert caller.bye() == ["200 BYE"]
    heard = exchange.tick()
    assert (heard.hung_up, heard.reason) == (True, "caller_hung_up")
    assert is_over(exchange)


def test_it_rings_before_it_is_answered() -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=3000))
    assert caller.invite() == ["100 INVITE", "180 INVITE"]
    assert not caller.last("180 INVITE").body
    exchange.timers.advance(2999)
    assert caller.heard() == []
    exchange.timers.advance(1)
    assert caller.heard() == ["200 INVITE"]
    caller.ack()
    assert exchange.line.stream is not None
    assert exchange.line.stream.sent == 0


def test_with_early_media_the_ringing_tone_is_ours_until_the_answer() -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=1000, early_media=True))
    assert caller.invite() == ["100 INVITE", "183 INVITE"]
    assert caller.last("183 INVITE").body
    exchange.timers.advance(999)
    assert exchange.line.stream is not None
    assert exchange.line.stream.sent == 50
    exchange.timers.advance(1)
    assert caller.last("200 INVITE").body == caller.last("183 INVITE").body
    exchange.timers.advance(1000)
    assert exchange.line.stream.sent == 50


class LateTimers(VirtualTimers):
    """As of a loop that is busy: everything comes 2 ms late."""

    def later(self, delay_ms: float, call: Callable[[], None]) -> Timer:
        return super().later(delay_ms + 2, call)


def test_a_loop_that_is_a_little_late_leaves_no_gaps_in_the_ringing_tone() -> None:
    timers = LateTimers()
    line = QuietLine(config(), 20_000, local())
    line.answer(OFFER)
    line.ring(timers)
    timers.advance(10_000)
    line.quiet()
    assert line.stream is not None
    assert line.stream.sent >= 500


def test_copies_of_the_invite_make_one_call_before_and_after_the_200() -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=1000))
    caller.invite()
    assert caller.again() == ["180 INVITE"]
    exchange.timers.advance(1000)
    caller.heard()
    assert caller.again() == []
    caller.ack()
    assert caller.again() == []
    assert (len(exchange.board.places), exchange.transport.calls) == (1, 1)
    caller.bye()
    assert caller.again() == []
    assert len(exchange.board.places) == 1


def test_the_same_call_by_another_way_is_refused_as_merged() -> None:
    caller = Caller(exchange := Exchange())
    caller.invite()
    assert caller.send(caller.build("INVITE", number=1, dialog=False, body="")) == ["482 INVITE"]
    caller.ack()
    assert caller.bye() == ["200 BYE"]
    assert is_over(exchange)


# -------------------------------------------------------------------------------------------------------- 100rel, PRACK


def test_ringing_that_must_be_reliable_carries_the_answer_and_is_repeated_until_its_prack() -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=100))
    assert caller.invite(headers=RELIABLE) == ["100 INVITE", "180 INVITE"]
    ringing = caller.last("180 INVITE")
    assert ringing.headers.get("require") == ["100rel"]
    assert 1 <= int(ringing.headers.get("rseq")[0]) < 2**31
    assert ringing.body
    exchange.timers.advance(4000)
    assert caller.heard() == ["180 INVITE"] * 3  # no 200 before it is known to have arrived (RFC 3262 3)
    assert caller.prack() == ["200 PRACK"]
    exchange.timers.advance(60)
    assert caller.heard() == ["200 INVITE"]
    caller.ack()
    caller.bye()
    assert is_over(exchange)


@pytest.mark.parametrize("rack", ["1 1 INVITE", "{rseq} 2 INVITE", "{rseq} 1 BYE", "{rseq}", "", "x y z"])
def test_a_prack_of_something_else_is_refused(rack: str) -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=100))
    caller.invite(headers=RELIABLE)
    rseq = caller.last("180 INVITE").headers.get("rseq")[0]
    assert caller.request("PRACK", {"RAck": rack.format(rseq=rseq)}) == ["481 PRACK"]
    exchange.timers.advance(1000)
    assert "200 INVITE" not in caller.heard()


def test_without_any_prack_the_call_is_refused_after_32_s() -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=100))
    caller.invite(headers=RELIABLE)
    exchange.timers.advance(LIFE)
    assert caller.heard()[-1] == "504 INVITE"
    assert exchange.place.released == 1
    caller.ack(refused=True)
    assert is_over(exchange)


def test_a_second_prack_has_nothing_to_say() -> None:
    caller = Caller(Exchange(answer_after_ms=100))
    caller.invite(headers=RELIABLE)
    assert caller.prack() == ["200 PRACK"]
    assert caller.prack() == ["481 PRACK"]


def test_a_call_without_an_offer_does_not_ring_where_ringing_would_have_to_carry_one() -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=100))
    assert caller.invite(None, RELIABLE) == ["100 INVITE"]
    exchange.timers.advance(100)
    assert caller.heard() == ["200 INVITE"]


def test_who_only_supports_reliable_ringing_is_rung_as_usual() -> None:
    caller = Caller(Exchange(answer_after_ms=100))
    caller.invite(headers={"Supported": "100rel"})
    assert not caller.last("180 INVITE").headers.get("rseq")


# --------------------------------------------------------------------------------------------------------------- CANCEL


@pytest.mark.parametrize("headers", [{}, RELIABLE])
def test_a_call_taken_back_while_it_rings_is_refused_and_never_answered(headers: dict[str, str]) -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=3000))
    caller.invite(headers=headers)
    assert caller.cancel() == ["200 CANCEL", "487 INVITE"]
    assert (exchange.place.released, exchange.line.closed) == (1, True)
    exchange.timers.advance(500)
    assert caller.heard() == ["487 INVITE"]
    assert caller.ack(refused=True) == []
    exchange.timers.advance(20_000)
    assert caller.heard() == []
    assert is_over(exchange)


def test_a_cancel_after_the_answer_changes_nothing() -> None:
    caller = Caller(exchange := Exchange())
    caller.invite()
    assert caller.cancel() == ["200 CANCEL"]
    caller.ack()
    assert not exchange.tick().hung_up


# ---------------------------------------------------------------------------------------------------------- a lost ACK


def test_the_200_is_repeated_until_its_ack() -> None:
    caller = Caller(exchange := Exchange())
    caller.invite()
    exchange.timers.advance(3500)
    assert caller.heard() == ["200 INVITE"] * 3
    caller.ack()
    exchange.timers.advance(LIFE)
    assert caller.heard() == []
    assert len(exchange.place.legs) == 1


def test_without_an_ack_the_call_is_hung_up_after_32_s_and_is_on_record() -> None:
    caller = Caller(exchange := Exchange())
    caller.invite()
    exchange.timers.advance(LIFE)
    heard = caller.heard()
    assert (heard[-1], heard.count("200 INVITE")) == ("BYE", 10)
    assert exchange.tick().reason == "ack_timeout"
    assert caller.answer("BYE", 200) == []
    assert caller.ack() == []  # much too late
    assert is_over(exchange)


def test_an_ack_after_we_gave_up_does_not_wake_the_call() -> None:
    caller = Caller(exchange := Exchange())
    caller.invite(None)
    exchange.timers.advance(LIFE)
    caller.heard()
    assert caller.ack("v=0\r\n") == []
    assert exchange.place.settled
    assert is_over(exchange)


def test_an_ack_of_another_number_is_no_ack_of_this_call() -> None:
    caller = Caller(exchange := Exchange())
    caller.invite()
    caller.send(caller.build("ACK", number=99))
    assert exchange.place.legs == []


def test_who_hangs_up_before_the_ack_has_had_a_call_all_the_same() -> None:
    caller = Caller(exchange := Exchange())
    caller.invite()
    assert caller.bye() == ["200 BYE"]
    assert exchange.tick().reason == "caller_hung_up"
    assert caller.ack() == []
    exchange.timers.advance(4000)
    assert caller.heard() == []
    assert is_over(exchange)


def test_who_hangs_up_while_it_rings_gets_the_invite_refused() -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=3000))
    caller.invite()
    assert caller.bye() == ["200 BYE", "487 INVITE"]
    assert exchange.place.released == 1
    caller.ack(refused=True)
    assert is_over(exchange)


# ------------------------------------------------------------------------------------------------------------------ BYE


def test_we_hang_up_after_the_last_words() -> None:
    caller = talking()
    exchange = caller.exchange
    exchange.leg.hang_up("completed")
    exchange.leg.hang_up("again")
    assert exchange.tick().reason == "completed"
    assert exchange.line.stream is not None
    before = exchange.line.stream.sent
    exchange.leg.send(SILENCE)
    assert exchange.line.stream.sent == before
    exchange.timers.advance(300)
    assert caller.heard() == ["BYE"]
    assert exchange.line.closed
    assert exchange.transport.calls == 1  # until the answer
    caller.answer("BYE", 200)
    assert exchange.transport.calls == 0
    assert is_over(exchange)


def test_a_server_that_stops_lets_the_last_words_be_heard() -> None:
    caller = talking()
    exchange = caller.exchange

    async def stop() -> None:
        stopping = asyncio.create_task(exchange.transport.stop())
        await asyncio.sleep(0)
        exchange.timers.advance(299)
        assert caller.heard() == []
        assert exchange.line.stream is not None
        assert not exchange.line.stream.closed
        exchange.timers.advance(1)
        assert caller.heard() == ["BYE"]
        caller.answer("BYE", 200)
        await stopping

    exchange.leg.hang_up("completed")
    asyncio.run(stop())
    assert exchange.tick().reason == "completed"
    assert is_over(exchange)


def test_who_hangs_up_during_our_last_words_gets_no_bye() -> None:
    caller = talking()
    caller.exchange.leg.hang_up("completed")
    assert caller.bye() == ["200 BYE"]
    caller.exchange.timers.advance(1000)
    assert caller.heard() == []
    assert caller.exchange.tick().reason == "completed"
    assert is_over(caller.exchange)


def test_over_a_connection_a_bye_goes_once_and_a_200_is_repeated_all_the_same() -> None:
    exchange = Exchange()
    caller = Caller(exchange, hop=WireHop(exchange.wire, PHONE, local("tcp"), reliable=True, connected=True))
    caller.invite()
    assert caller.last("200 INVITE").headers.get("contact") == ["<sip:192.0.2.1:5060;transport=tcp>"]
    exchange.timers.advance(600)
    assert caller.heard() == ["200 INVITE"]  # a proxy on the way may have lost it (13.3.1.4)
    caller.ack()
    assert exchange.leg.info.transport == "sip+tcp"
    exchange.call.hang_up("completed")
    exchange.timers.advance(LIFE)
    assert caller.heard() == ["BYE"]
    assert caller.last("BYE").headers.get("via")[0].startswith("SIP/2.0/TCP ")
    assert is_over(exchange)


def test_a_lost_bye_is_repeated_and_given_up() -> None:
    caller = talking()
    caller.exchange.call.hang_up("completed")
    caller.exchange.timers.advance(LIFE)
    assert caller.heard() == ["BYE"] * 11
    assert caller.exchange.transport.calls == 0
    assert is_over(caller.exchange)


@pytest.mark.parametrize("status", [200, 481])
def test_two_byes_that_cross_end_the_call_once(status: int) -> None:
    caller = talking()
    caller.exchange.call.hang_up("completed")
    assert caller.bye() == ["BYE", "200 BYE"]
    assert caller.exchange.tick().reason == "completed"
    caller.answer("BYE", status)
    assert caller.exchange.transport.calls == 0
    assert is_over(caller.exchange)


def test_after_our_bye_nothing_is_changed_any_more() -> None:
    caller = talking()
    caller.exchange.call.hang_up("completed")
    caller.heard()
    assert caller.reinvite() == ["481 INVITE"]
    assert caller.info("Signal=5") == ["481 INFO"]
    caller.ack(refused=True)
    assert is_over(caller.exchange)


def ringing() -> Caller:
    caller = Caller(Exchange(answer_after_ms=3000))
    caller.invite()
    caller.heard()
    return caller


def answered() -> Caller:
    caller = Caller(Exchange())
    caller.invite()
    caller.heard()
    return caller


def over() -> Caller:
    caller = talking()
    caller.bye()
    return caller


@pytest.mark.parametrize(
    ("state", "sent", "after_ack"),
    [(ringing, ["480 INVITE"], []), (answered, [], ["BYE"]), (talking, ["BYE"], [])],
)
def test_we_can_hang_up_in_every_state(state: Callable[[], Caller], sent: list[str], after_ack: list[str]) -> None:
    caller = state()
    call = caller.exchange.call
    call.hang_up("shutdown")
    call.hang_up("again")
    assert caller.heard() == sent
    assert caller.ack(refused=state is ringing) == after_ack
    if "BYE" in sent + after_ack:
        caller.answer("BYE", 200)
        assert caller.exchange.tick().reason == "shutdown"
    else:
        assert caller.exchange.place.released == 1
    assert is_over(caller.exchange)


def test_who_was_to_be_hung_up_and_never_acknowledges_is_hung_up_after_32_s() -> None:
    caller = answered()
    caller.exchange.call.hang_up("shutdown")
    caller.exchange.timers.advance(LIFE)
    assert caller.heard()[-1] == "BYE"
    assert is_over(caller.exchange)


def test_when_we_go_a_missing_ack_is_not_waited_for() -> None:
    caller = answered()
    caller.exchange.call.hang_up("shutdown")
    caller.exchange.call.abandon("shutdown")
    assert caller.heard() == ["BYE"]
    assert caller.exchange.tick().reason == "shutdown"
    assert is_over(caller.exchange)


def test_after_a_call_its_requests_belong_to_nothing() -> None:
    caller = over()
    assert caller.bye() == ["481 BYE"]
    assert caller.reinvite() == ["481 INVITE"]
    assert caller.request("OPTIONS") == ["481 OPTIONS"]


def test_a_request_that_comes_after_a_later_one_is_refused() -> None:
    caller = talking()
    caller.number = 10
    assert caller.info("Signal=1") == ["200 INFO"]
    assert caller.send(caller.build("INFO", number=5)) == ["500 INFO"]
    assert caller.send(caller.build("BYE", number=11)) == ["500 BYE"]
    assert caller.bye() == ["200 BYE"]


def test_options_within_a_call_are_answered() -> None:
    caller = talking()
    assert caller.request("OPTIONS") == ["200 OPTIONS"]
    assert caller.request("REFER") == ["405 REFER"]
    assert "REFER" not in caller.last("405 REFER").headers.get("allow")
