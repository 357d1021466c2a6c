"""Races of one call, tick by tick: the real session, ears and mouth around a scripted mind and recogniser."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from asr.engine import Transcript
from asr.engines.scripted import ScriptedEngine
from gateway import events
from gateway.call.session import CallSession
from gateway.call.work import CallWork
from gateway.clock import VirtualClock
from gateway.dialogue.actions import (
    Action,
    BargeIn,
    Hangup,
    Heard,
    Input,
    Keys,
    Listen,
    Lookup,
    NoInput,
    Outcome,
    Say,
    Text,
    Understood,
)
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SILENCE
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.player import Player
from gateway.speech.listener import Listener
from gateway.tasks import TaskOwner
from gateway.transport.leg import LegInput
from tests.support.sound import ScriptedDetector

pytestmark = pytest.mark.unit

TONE = (np.sin(np.arange(16_000 * 3) * 0.3) * 5000).astype(np.int16)
QUESTION = Listen("q", timeout_ms=3000, keywords=("转人工",))


def say(text: str, barge_in: BargeIn = BargeIn.SPEECH) -> Say:
    return Say("q", (Text(text),), barge_in)


@dataclass
class Mind:
    """Answers each input with the next list of actions; every answer is understood."""

    replies: deque[tuple[Action, ...]]
    given: list[Input] = field(default_factory=list)

    def start(self) -> tuple[Action, ...]:
        return self.replies.popleft()

    def step(self, given: Input) -> tuple[Action, ...]:
        self.given.append(given)
        facts: tuple[Action, ...] = ()
        if isinstance(given, Heard | Keys | NoInput):
            outcome = Outcome.NO_INPUT if isinstance(given, NoInput) else Outcome.ACCEPT
            facts = (Understood("q", outcome, "x", 1.0),)
        return facts + (self.replies.popleft() if self.replies else (Hangup(),))


class SlowRecogniser:
    """Takes as long as it is told to, in ticks of the test."""

    def __init__(self, heard: list[str | Exception]) -> None:
        self._heard = deque(heard)
        self.release = asyncio.Event()

    async def recognise(self, pcm: object, hints: object = ()) -> Transcript:
        await self.release.wait()
        heard = self._heard.popleft()
        if isinstance(heard, Exception):
            raise heard
        return Transcript(heard, 0.9)


class SlowLookups:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.release = asyncio.Event()

    async def lookup(self, name: str, arguments: object) -> dict[str, str]:
        await self.release.wait()
        return {"name": name}


class Bench:
    """A session with its parts, ticked by hand; everything it told."""

    def __init__(self, replies: list[tuple[Action, ...]], heard: list[str | Exception] = ()) -> None:  # type: ignore[assignment]
        self.clock = VirtualClock()
        self.mind = Mind(deque(replies))
        self.detector = ScriptedDetector()
        self.recogniser = SlowRecogniser(list(heard))
        self.lookups = SlowLookups()
        self.told: list[events.Event] = []
        self.owner = TaskOwner(self.clock)
        work = CallWork(self.owner, self.recogniser, self.lookups, 60_000)  # type: ignore[arg-type]
        catalog = PromptCatalog({"问题": TONE, "回答": TONE, "再问": TONE})
        self.session = CallSession("c", self.mind, Listener(self.detector), Player(catalog), work, self.told.append)
        self.session.start()
        self.now_ms = 0.0

    async def run(self, for_ms: float, *, speech: bool = False, key: str = "", hang_up: bool = False) -> None:
        """Tick on; the key is pressed in the first tick."""
        end_ms = self.now_ms + for_ms
        while self.now_ms < end_ms and self.session.ended is None:
            self.detector.speech = speech
            frame = np.full(FRAME_SAMPLES, 9000, np.int16) if speech else SILENCE
            self.session.tick(self.now_ms, LegInput(frame, tuple(key), hung_up=hang_up))
            key = ""
            await asyncio.sleep(0)  # work goes on beside the ticks, in no time of its own
            await asyncio.sleep(0)
            self.now_ms += FRAME_MS

    def all(self, kind: type[events.Event]) -> list[events.Event]:
        return [event for event in self.told if isinstance(event, kind)]


def bench(replies: list[tuple[Action, ...]], heard: list[str | Exception], talk: Callable[[Bench], object]) -> Bench:
    async def run() -> Bench:
        made = Bench(replies, heard)
        await talk(made)  # type: ignore[misc]
        await made.owner.close()
        return made

    return asyncio.run(run())


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
    turns = [event.turn for event in made.all(events.TurnFinished)]  # type: ignore[union-attr]
    assert [(turn.kind, turn.text or turn.keys) for turn in turns] == [("speech", "查话费"), ("keys", "8")]
    assert [event.text for event in made.all(events.PromptStarted)] == ["再问"]  # type: ignore[union-attr]


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
    assert [event.rejected for event in heard] == ["failed"]  # type: ignore[union-attr]


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
    cut = [event for event in made.all(events.PromptEnded) if event.cut_by]  # type: ignore[union-attr]
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
