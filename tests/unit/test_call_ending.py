"""Why a call ended that its flow didn't end: the line, or a shutdown that says goodbye first."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway import events
from gateway.call.account import Account
from gateway.dialogue.actions import BargeIn, Hangup, Lookup, NoInput, Record, Served, Transfer
from gateway.dialogue.nodes.ticket import CREATE
from gateway.transport.leg import HandOver
from tests.support.bench import QUESTION, Bench, bench, say

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(("served", "disposition"), [(False, "failed"), (True, "completed")])
def test_a_line_that_is_lost_is_the_reason(served: bool, disposition: str) -> None:
    async def talk(b: Bench) -> None:
        await b.run(500)
        await b.run(100, hang_up=True, reason="rtp_timeout")

    before = (Served("q"),) if served else ()
    ended = bench([(*before, say("问题"), QUESTION)], [], talk).session.result
    assert (ended.disposition, ended.reason) == (disposition, "rtp_timeout")


@pytest.mark.parametrize(("reason", "disposition"), [("completed", "completed"), ("no_agent", "failed")])
def test_a_line_lost_during_the_goodbye_spoils_nothing_that_was_done(reason: str, disposition: str) -> None:
    async def talk(b: Bench) -> None:
        await b.run(500)
        await b.run(100, hang_up=True, reason="connection_lost")

    ended = bench([(say("再问"), Hangup(reason))], [], talk).session.result
    assert (ended.disposition, ended.reason) == (disposition, "connection_lost")


def test_what_was_said_before_the_line_was_lost_is_kept() -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(800, speech=True)
        b.recogniser.release.set()
        await b.run(2000, hang_up=True, reason="session_expired")

    ended = bench([(QUESTION,), (say("回答"), QUESTION)], ["查话费"], talk).session.result
    assert [turn.text for turn in ended.turns] == ["查话费"]
    assert ended.reason == "session_expired"


@pytest.mark.parametrize(("served", "disposition"), [(False, "failed"), (True, "completed")])
def test_a_shutdown_cuts_the_prompt_says_goodbye_and_hangs_up(served: bool, disposition: str) -> None:
    async def talk(b: Bench) -> None:
        await b.run(500)
        b.session.farewell()
        b.session.farewell()
        await b.run(200, key="1")
        await b.run(1000, speech=True)
        assert b.session.state.speaking, "nothing cuts the goodbye"
        await b.run(3000)

    before = (Served("q"),) if served else ()
    made = bench([(*before, say("问题"), QUESTION)], ["好"], talk)
    ended = made.session.result
    assert [event.text for event in made.all(events.PromptStarted)] == ["问题", "再见"]
    assert [event.cut_by for event in made.all(events.PromptEnded)] == ["shutdown", None]
    assert (ended.disposition, ended.reason) == (disposition, "drain_forced")
    assert made.mind.given == []
    assert 3400 < ended.duration_ms < 3700, "3 s of goodbye after half a second"


def test_a_goodbye_of_the_flows_own_is_let_end() -> None:
    async def talk(b: Bench) -> None:
        await b.run(500)
        b.session.farewell()
        await b.run(5000)

    made = bench([(say("再问"), Hangup())], [], talk)
    assert [event.text for event in made.all(events.PromptStarted)] == ["再问"]
    assert made.session.result.reason == "completed"


def test_who_hangs_up_during_the_goodbye_was_cut_short_all_the_same() -> None:
    async def talk(b: Bench) -> None:
        await b.run(500)
        b.session.farewell()
        await b.run(500)
        await b.run(100, hang_up=True)

    assert bench([(say("问题"), QUESTION)], [], talk).session.result.reason == "drain_forced"


def test_a_human_who_answers_during_the_goodbye_gets_the_caller() -> None:
    async def talk(b: Bench) -> None:
        b.human = None
        await b.run(500)
        b.session.farewell()
        await b.run(500, handed_over=HandOver(ok=True))

    assert bench([(Transfer("general", {}),)], [], talk).session.result.disposition == "transferred"


def test_no_human_during_the_goodbye_changes_nothing() -> None:
    async def talk(b: Bench) -> None:
        b.human = None
        await b.run(500)
        b.session.farewell()
        await b.run(500, handed_over=HandOver(ok=False, reason="603"))
        await b.run(4000)

    made = bench([(Transfer("general", {}),)], [], talk)
    assert made.session.result.reason == "drain_forced"
    assert made.mind.given == []


def test_words_that_were_being_said_are_on_the_record_of_a_call_that_was_cut_short() -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(200)
        await b.run(800, speech=True)
        b.session.farewell()
        await b.run(5000)

    made = bench([(QUESTION,), (say("回答", BargeIn.OFF), QUESTION)], ["查话费"], talk)
    assert [(turn.text, turn.matched) for turn in made.session.result.turns] == [("查话费", "x")]
    assert [event.text for event in made.all(events.PromptStarted)] == ["再见"]


def test_a_message_that_is_cut_short_is_kept_and_its_order_opened(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        b.lookups.release.set()
        await b.run(200)
        await b.run(2000, speech=True)
        b.session.farewell()
        await b.run(5000)

    made = bench([(Record("q"),), (Lookup(CREATE, {}, 1000),), (say("回答"), QUESTION)], ["坏了"], talk, tmp_path)
    ended = made.session.result
    assert len(ended.messages) == 1
    assert [event.name for event in made.all(events.LookupFinished)] == [CREATE]
    assert (ended.disposition, ended.reason) == ("completed", "drain_forced")


def test_the_last_event_tells_how_the_line_was() -> None:
    told: list[events.Event] = []
    quality: Mapping[str, Any] = {"codec": "PCMA", "lost": 3}
    Account("c", Path("c.wav"), told.append, lambda: quality).end("completed", "completed", 5.0)
    (ended,) = told
    assert isinstance(ended, events.CallEnded)
    assert ended.line == {"codec": "PCMA", "lost": 3}


def test_a_caller_who_puts_us_on_hold_is_neither_talked_to_nor_waited_for() -> None:
    async def talk(b: Bench) -> None:
        await b.run(1000)
        await b.run(20_000, on_hold=True)
        assert b.mind.given == []
        await b.run(1900)
        assert b.session.state.speaking, "the prompt goes on where it was"
        await b.run(200)
        await b.run(20_000, on_hold=True)
        await b.run(2900)
        assert b.mind.given == [], "the question has its whole time again"
        await b.run(200)
        assert b.mind.given == [NoInput()]

    bench([(say("问题"), QUESTION)], [], talk)


def test_a_goodbye_is_said_also_to_who_has_put_us_on_hold() -> None:
    async def talk(b: Bench) -> None:
        await b.run(500, on_hold=True)
        b.session.farewell()
        await b.run(4000, on_hold=True)

    assert bench([(say("问题"), QUESTION)], [], talk).session.result.reason == "drain_forced"
