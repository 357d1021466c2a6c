"""Lost calls that their callers may go on with: kept once, for a while, not too many, and never for another caller."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.call.context import Context, Contexts
from gateway.call.ending import CALLED_AGAIN
from gateway.call.messages import SERVED_MS
from gateway.call.outcome import MAX_TOLD, CallRecord
from gateway.dialogue.actions import Hangup, Lookup, Record, Transfer
from gateway.dialogue.state import State
from tests.support.bench import QUESTION, Bench, bench, say

pytestmark = pytest.mark.unit

WITHIN_MS = 1000.0
LOST = "rtp_timeout"


def context(call_id: str = "c1") -> Context:
    return Context(call_id, "small", "1+aa", "139", State({}, "q"), {})


def kept(contexts: Contexts, key: str, now_ms: float = 0.0, call_id: str = "c1") -> None:
    contexts.begin(key, lambda: None)
    contexts.end(key, context(call_id), now_ms)


def test_a_context_is_taken_once() -> None:
    contexts = Contexts(WITHIN_MS)
    kept(contexts, "k")
    assert contexts.take("other", 10) is None
    assert contexts.take("k", 10) == context()
    assert contexts.take("k", 10) is None


@pytest.mark.parametrize(("after_ms", "is_there"), [(999.0, True), (1000.0, False), (5000.0, False)])
def test_it_is_forgotten_after_its_time(after_ms: float, is_there: bool) -> None:
    contexts = Contexts(WITHIN_MS)
    kept(contexts, "k")
    assert (contexts.take("k", after_ms) is not None) == is_there


@pytest.mark.parametrize("touch", [lambda c: c.take("x", 1500.0), lambda c: kept(c, "new", 1500.0)])
def test_what_nobody_asks_for_is_forgotten_with_the_next_call(touch: Callable[[Contexts], None]) -> None:
    contexts = Contexts(WITHIN_MS)
    kept(contexts, "a", 0.0)
    kept(contexts, "b", 600.0)
    touch(contexts)
    assert set(contexts._kept) - {"new"} == {"b"}


def test_the_oldest_is_forgotten_when_there_are_too_many() -> None:
    contexts = Contexts(WITHIN_MS, max_kept=2)
    for number in range(4):
        kept(contexts, f"k{number}", float(number), f"c{number}")
    assert len(contexts) == 2
    assert contexts.take("k1", 5) is None
    assert contexts.take("k2", 5) == context("c2")


def test_a_call_without_a_key_is_not_kept() -> None:
    contexts = Contexts(WITHIN_MS)
    kept(contexts, "")
    assert len(contexts) == 0
    assert contexts.take("", 0) is None


def test_with_no_time_nothing_is_kept() -> None:
    contexts = Contexts(0)
    kept(contexts, "k")
    assert contexts.take("k", 0) is None
    assert len(contexts) == 0


def test_a_call_that_is_still_running_is_given_up_and_not_kept_again() -> None:
    contexts = Contexts(WITHIN_MS)
    contexts.begin("k", context)
    assert contexts.take("k", 10) == context()
    contexts.end("k", context(), 20)
    assert contexts.take("k", 30) is None


def test_a_call_that_ends_well_leaves_nothing() -> None:
    contexts = Contexts(WITHIN_MS)
    contexts.begin("k", context)
    contexts.end("k", None, 20)
    assert contexts.take("k", 30) is None


@pytest.mark.parametrize(
    ("asked", "suits"),
    [
        (("small", "1+aa", "139"), True),
        (("other", "1+aa", "139"), False),
        (("small", "1+bb", "139"), False),
        (("small", "1+aa", "138"), False),
        (("small", "1+aa", ""), False),
    ],
)
def test_it_suits_the_same_version_and_the_same_number(asked: tuple[str, str, str], suits: bool) -> None:
    assert context().suits(*asked) is suits


# ------------------------------------------------------------------------------------------------- the session's side


def test_where_the_line_was_lost_is_told_before_the_last_words_count() -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(800, speech=True)
        b.recogniser.release.set()
        await b.run(2000, hang_up=True, reason=LOST)

    made = bench([(QUESTION,), (Lookup("x", {}, 1000),)], ["查话费"], talk)
    assert len(made.mind.given) == 1
    assert made.session.lost_at is not None
    assert made.session.lost_at.errors == 0
    assert (made.session.result.disposition, made.session.result.reason) == ("failed", LOST)


def test_a_caller_who_hangs_up_has_not_been_lost() -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(200, hang_up=True)

    assert bench([(QUESTION,)], [], talk).session.lost_at is None


def test_a_call_that_we_end_has_not_been_lost() -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        b.session.end("failed", "shutdown")
        b.session.give_up()

    made = bench([(QUESTION,)], [], talk)
    assert made.session.lost_at is None
    assert made.session.result.reason == "shutdown"


def test_who_left_a_message_does_not_leave_it_twice() -> None:
    leave = Record("q", timeout_ms=3000, speech_timeout_ms=1000, max_speech_ms=60_000)

    def lost_after(spoken_ms: float) -> State | None:
        async def talk(b: Bench) -> None:
            await b.run(200)
            await b.run(spoken_ms, speech=True)
            b.recogniser.release.set()
            await b.run(2000, hang_up=True, reason=LOST)

        return bench([(leave,), (Hangup(),)], ["坏了"], talk).session.lost_at

    assert lost_after(SERVED_MS + 1000) is None
    assert lost_after(200) is not None


def test_a_call_that_is_given_up_ends_as_lost_with_the_next_tick() -> None:
    async def talk(b: Bench) -> None:
        await b.run(1000)
        b.session.give_up()
        b.session.give_up()
        assert b.session.over
        assert b.session.lost_at is not None
        await b.run(200)

    made = bench([(say("问题"), QUESTION)], [], talk)
    assert (made.session.result.disposition, made.session.result.reason) == ("failed", CALLED_AGAIN)
    assert made.session.result.duration_ms == 980


# ------------------------------------------------------------------------------------------------- what a human is told


def test_a_human_is_told_what_was_said_before_the_line_was_lost() -> None:
    first = CallRecord(tickets=[{"number": "1"}])
    second = CallRecord(tickets=[{"number": "2"}], messages=[{"path": "m"}], before=first.told())
    packet = second.hand_over(Transfer("general", {"reason": "asked"}))
    assert packet == {
        "reason": "asked",
        "transcript": [],
        "tickets": [{"number": "1"}, {"number": "2"}],
        "messages": [{"path": "m"}],
    }


def test_however_often_a_caller_is_lost_what_is_told_does_not_grow_without_end() -> None:
    told = CallRecord().told()
    for number in range(MAX_TOLD + 10):
        told = CallRecord(tickets=[{"number": str(number)}], before=told).told()
    assert len(told["tickets"]) == MAX_TOLD
    assert told["tickets"][-1] == {"number": str(MAX_TOLD + 9)}
