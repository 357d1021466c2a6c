"""Races of one call, tick by tick: the real session, ears and mouth around a scripted mind and recogniser."""

from __future__ import annotations

import pytest

from asr.engines.scripted import ScriptedEngine
from gateway import events
from gateway.dialogue.actions import BargeIn, Hangup, Heard, Keys, Lookup, NoInput
from gateway.media.frames import FRAME_MS
from tests.support.bench import QUESTION, Bench, bench, say

pytestmark = pytest.mark.unit


def test_a_key_during_recognition_cuts_the_reply_and_loses_no_turn() -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(800, speech=True)
        await b.run(700)
        await b.run(40, key="8")
        b.recogniser.release.set()
        await b.run(2000)

    made = bench([(QUESTION,), (say("回答"), QUESTION), (say("再问"), QUESTION)], ["查话费"], talk)
    assert made.mind.given == [Heard("查话费", 0.9), Keys("8", "length")]
    assert made.mind.pondered == [("q", "查话费")]
    turns = [event.turn for event in made.all(events.TurnFinished)]
    assert [(turn.kind, turn.text or turn.keys) for turn in turns] == [("speech", "查话费"), ("keys", "8")]
    assert [event.text for event in made.all(events.PromptStarted)] == ["再问"]


@pytest.mark.parametrize("pause_ms", range(500, 760, 20))
def test_speech_that_ends_as_a_lookup_comes_back_does_not_deafen_the_call(pause_ms: int) -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(40, key="1")
        await b.run(400, speech=True)
        await b.run(pause_ms)
        b.lookups.release.set()
        await b.run(20_000)

    lookup = Lookup("x", {}, 1000)
    made = bench([(QUESTION,), (lookup,), (say("问题"), QUESTION), (Hangup("asked"),)], ["好"], talk)
    assert made.session.ended is not None
    assert made.session.result.reason == "asked"


def test_nothing_is_told_after_the_end() -> None:
    for ticks in range(1, 160, 7):

        async def talk(b: Bench, ticks: int = ticks) -> None:
            await b.run(ticks * FRAME_MS)
            await b.run(100, hang_up=True)

        made = bench([(say("问题"), QUESTION)], [], talk)
        assert isinstance(made.told[-1], events.CallEnded)
        assert len(made.all(events.CallEnded)) == 1


def test_who_hangs_up_during_the_goodbye_has_completed_the_call() -> None:
    async def talk(b: Bench) -> None:
        await b.run(500)
        await b.run(40, hang_up=True)

    made = bench([(say("再问"), Hangup("completed"))], [], talk)
    assert made.session.result.disposition == "completed"


@pytest.mark.parametrize("silence_ms", [0, 300, 900])
def test_what_was_said_before_hanging_up_is_kept(silence_ms: int) -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(800, speech=True)
        if silence_ms:
            await b.run(silence_ms)
        b.recogniser.release.set()
        await b.run(2000, hang_up=True)

    made = bench([(QUESTION,), (say("回答"), Lookup("x", {}, 1000))], ["查话费"], talk)
    ended = made.session.result
    assert (ended.disposition, ended.reason) == ("abandoned", "caller_hung_up")
    assert [(turn.text, turn.matched) for turn in ended.turns] == [("查话费", "x")]
    assert made.all(events.PromptStarted) == []
    assert made.all(events.LookupFinished) == [], "nothing is done for a caller who has gone"


def test_a_recogniser_that_gives_up_has_the_caller_asked_again_at_once() -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(800, speech=True)
        b.recogniser.release.set()
        await b.run(1500)

    made = bench([(QUESTION,), (say("再问"), QUESTION)], [RuntimeError("broken")], talk)
    assert made.mind.given == [NoInput()]
    heard = made.all(events.UtteranceHeard)
    assert [event.rejected for event in heard] == ["failed"]


def test_a_keyword_prompt_goes_on_over_other_words_and_stops_at_a_keyword() -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(100)
        await b.run(400, speech=True)
        await b.run(800)
        assert b.session.state.speaking
        await b.run(400, speech=True)
        await b.run(800)

    made = bench([(say("问题", BargeIn.KEYWORD), QUESTION), (say("回答"), QUESTION)], ["嗯嗯", "我要转人工"], talk)
    assert made.mind.given == [Heard("我要转人工", 0.9)]
    cut = [event for event in made.all(events.PromptEnded) if event.cut_by]
    assert len(cut) == 1


def test_a_keyword_prompt_never_leaves_the_call_deaf() -> None:
    async def talk(b: Bench) -> None:
        await b.run(1000)
        await b.run(400, speech=True)  # over the prompt, recognised slowly
        await b.run(1200)
        await b.run(900, speech=True)  # the answer, which ends after the prompt
        await b.run(700)
        b.recogniser.release.set()
        await b.run(8000)

    made = bench([(say("问题", BargeIn.KEYWORD), QUESTION), (Hangup("heard"),)], ["嗯", "转人工", "转人工"], talk)
    assert made.session.ended is not None
    assert made.session.result.reason == "heard"


def test_a_real_engine_of_the_registry_takes_the_settings() -> None:
    assert ScriptedEngine(["好"], threads=2).name == "scripted"
