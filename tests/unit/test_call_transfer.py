"""Handing the caller to a human: only who was taken is transferred, and whoever isn't goes on in the flow."""

from __future__ import annotations

import pytest

from gateway import events
from gateway.call.transfer import LIMIT_MS
from gateway.dialogue.actions import Hangup, Keys, Served, Transfer, TransferFailed
from gateway.transport.leg import HandOver
from tests.support.bench import QUESTION, Bench, bench, say

pytestmark = pytest.mark.unit

TO_A_HUMAN = (say("回答"), Transfer("general", {"reason": "asked"}))
BUSY = HandOver(ok=False, reason="486")
LEAVE = (say("再问"), Hangup("no_agent"))


def test_the_queue_is_asked_for_once_the_prompt_has_been_said() -> None:
    async def talk(b: Bench) -> None:
        await b.run(2000)
        assert b.asked == []
        await b.run(3000)

    made = bench([TO_A_HUMAN], [], talk)
    ended = made.session.result
    assert made.asked == ["general"]
    assert (ended.disposition, ended.reason) == ("transferred", "queue:general")
    assert ended.transfer is not None
    (asked,) = made.all(events.TransferRequested)
    assert ended.transfer == {"queue": "general", "handed_over": asked.handed_over}


def test_nobody_is_transferred_before_a_human_has_answered() -> None:
    async def talk(b: Bench) -> None:
        b.human = None
        await b.run(20_000)
        assert b.session.ended is None
        assert not b.session.state.listening
        await b.run(40, handed_over=HandOver(ok=True))

    made = bench([TO_A_HUMAN], [], talk)
    assert made.session.result.disposition == "transferred"
    assert made.session.result.duration_ms > 20_000 - 40


def test_when_nobody_answers_the_flow_goes_on() -> None:
    async def talk(b: Bench) -> None:
        b.human = BUSY
        await b.run(10_000)

    made = bench([TO_A_HUMAN, LEAVE], [], talk)
    ended = made.session.result
    assert made.mind.given == [TransferFailed("486")]
    assert [(event.queue, event.reason) for event in made.all(events.TransferFailed)] == [("general", "486")]
    assert (ended.disposition, ended.reason, ended.transfer) == ("abandoned", "no_agent", None)


def test_a_second_transfer_may_work_where_the_first_did_not() -> None:
    async def talk(b: Bench) -> None:
        b.human = BUSY
        await b.run(3100)
        b.human = HandOver(ok=True)
        await b.run(10_000)

    made = bench([TO_A_HUMAN, (say("再问"), Transfer("night", {}))], [], talk)
    assert made.asked == ["general", "night"]
    assert made.session.result.reason == "queue:night"


def test_a_leg_that_never_says_how_it_went_is_not_waited_for_without_end() -> None:
    async def talk(b: Bench) -> None:
        b.human = None
        await b.run(3000 + LIMIT_MS + 100)
        assert b.mind.given == [TransferFailed("timeout")]
        await b.run(40, handed_over=HandOver(ok=True))  # too late: nobody asks any more
        await b.run(10_000)

    made = bench([TO_A_HUMAN, LEAVE], [], talk)
    assert made.session.result.reason == "no_agent"
    assert made.session.result.transfer is None


@pytest.mark.parametrize(("served", "disposition"), [(False, "abandoned"), (True, "completed")])
def test_who_hangs_up_while_a_human_is_sought_has_not_been_transferred(served: bool, disposition: str) -> None:
    async def talk(b: Bench) -> None:
        b.human = None
        await b.run(10_000)
        await b.run(100, hang_up=True)

    before = (Served("q"),) if served else ()
    made = bench([before + TO_A_HUMAN], [], talk)
    ended = made.session.result
    assert (ended.disposition, ended.reason, ended.transfer) == (disposition, "caller_hung_up", None)
    assert made.all(events.TransferFailed) == []


def test_a_caller_whose_leg_ends_with_the_transfer_was_transferred() -> None:
    async def talk(b: Bench) -> None:
        b.human = None
        await b.run(5000)
        await b.run(100, hang_up=True, handed_over=HandOver(ok=True))

    assert bench([TO_A_HUMAN], [], talk).session.result.disposition == "transferred"


def test_nothing_is_begun_for_a_caller_who_leaves_as_the_transfer_fails() -> None:
    async def talk(b: Bench) -> None:
        b.human = None
        await b.run(5000)
        await b.run(100, hang_up=True, handed_over=BUSY)

    made = bench([TO_A_HUMAN, LEAVE], [], talk)
    assert made.mind.given == []
    assert len(made.all(events.TransferFailed)) == 1
    assert made.session.result.reason == "caller_hung_up"


def test_keys_and_words_while_waiting_answer_nothing() -> None:
    async def talk(b: Bench) -> None:
        b.human = None
        await b.run(4000)
        await b.run(400, key="0")
        await b.run(900, speech=True)
        await b.run(1500, key="0")
        await b.run(40, handed_over=BUSY)
        await b.run(4000)
        assert b.mind.given == [TransferFailed("486")]
        await b.run(40, key="1")

    made = bench([TO_A_HUMAN, (say("问题"), QUESTION)], [], talk)
    assert made.mind.given == [TransferFailed("486"), Keys("1", "length")]
    assert [event.key for event in made.all(events.KeyPressed)] == ["0", "0", "1"]
    assert made.all(events.UtteranceHeard) == []
