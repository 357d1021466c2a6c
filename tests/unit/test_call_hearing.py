"""What is recognised in a pause, and what comes of it: the session, its ears and a slow recogniser, tick by tick."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from asr.engine import Pcm, Transcript
from gateway import events
from gateway.call import work
from gateway.dialogue.actions import Hangup, Heard, Keys, NoInput
from gateway.dialogue.completeness import Completeness
from gateway.findings import Voice
from gateway.speech.load import Step
from tests.support.bench import QUESTION, Bench, bench, say

pytestmark = pytest.mark.unit

SLOW = replace(QUESTION, complete_timeout_ms=400, speech_timeout_ms=700, incomplete_timeout_ms=1500)


def silences(made: Bench) -> list[float]:
    return [event.turn.silence_window_ms for event in made.all(events.TurnFinished)]


@pytest.mark.parametrize(
    ("complete", "silence_ms"),
    [(Completeness.COMPLETE, 400.0), (Completeness.UNSURE, 700.0), (Completeness.INCOMPLETE, 1500.0)],
)
def test_the_silence_that_ends_an_answer_is_by_what_was_said(complete: Completeness, silence_ms: float) -> None:
    async def talk(b: Bench) -> None:
        b.mind.complete = complete
        b.recogniser.release.set()
        await b.run(600, speech=True)
        await b.run(3000)

    made = bench([(SLOW,), (say("回答"), Hangup())], ["查话费"], talk)
    assert silences(made) == [silence_ms]
    assert made.mind.given == [Heard("查话费", 0.9)]
    assert made.recogniser.awaited == [True], "it was recognised once"


def test_who_goes_on_after_a_pause_is_recognised_anew_and_as_a_whole() -> None:
    async def talk(b: Bench) -> None:
        b.mind.complete = Completeness.INCOMPLETE
        b.recogniser.release.set()
        await b.run(600, speech=True)
        await b.run(1000)
        b.mind.complete = Completeness.COMPLETE
        await b.run(600, speech=True)
        await b.run(3000)

    made = bench([(SLOW,), (say("回答"), Hangup())], ["我想查", "我想查查我这个月的话费"], talk)
    assert made.mind.given == [Heard("我想查查我这个月的话费", 0.9)]
    assert silences(made) == [400.0], "what was judged of the first pause does not hold for the second"


def test_a_look_that_comes_too_late_is_the_recognition() -> None:
    async def talk(b: Bench) -> None:
        await b.run(600, speech=True)
        await b.run(1200)
        assert b.mind.given == []
        b.recogniser.release.set()
        await b.run(500)

    made = bench([(SLOW,), (say("回答"), Hangup())], ["查话费"], talk)
    assert silences(made) == [700.0]
    assert made.recogniser.awaited == [True]


def test_a_key_in_the_pause_wins() -> None:
    async def talk(b: Bench) -> None:
        await b.run(600, speech=True)
        await b.run(300)
        await b.run(40, key="1")
        b.recogniser.release.set()
        await b.run(2000)

    made = bench([(SLOW,), (say("回答"), Hangup())], ["查话费"], talk)
    assert [event.turn.keys for event in made.all(events.TurnFinished)] == ["1"]


def test_noise_in_a_pause_judges_nothing() -> None:
    async def talk(b: Bench) -> None:
        b.mind.complete = Completeness.COMPLETE
        b.recogniser.release.set()
        await b.run(600, speech=True)
        await b.run(650)
        assert b.session.state.listening, "still waiting for the whole silence"
        await b.run(200)

    made = bench([(SLOW,), (say("回答"), Hangup())], [""], talk)
    assert made.mind.given == []


def test_when_recognition_cannot_keep_up_nothing_is_recognised_twice() -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.step = Step.NO_LOOKS
        b.mind.complete = Completeness.COMPLETE
        b.recogniser.release.set()
        await b.run(600, speech=True)
        await b.run(650)
        assert b.recogniser.awaited == []
        await b.run(1000)

    made = bench([(SLOW,), (say("回答"), Hangup())], ["查话费"], talk)
    assert silences(made) == [700.0]


def test_a_monologue_ends_sooner_when_recognition_cannot_keep_up() -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.step = Step.NO_LOOKS
        b.recogniser.release.set()
        await b.run(40, key="1")
        await b.run(7500, speech=True)
        assert b.mind.given == [Keys("1", "length")]
        await b.run(800, speech=True)
        assert b.mind.given == [Keys("1", "length"), Heard("很长的话", 0.9)]

    bench([(SLOW,), (SLOW,), (SLOW,)], ["很长的话"], talk)


def test_who_speaks_although_only_keys_count_is_not_recognised() -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(600, speech=True)
        await b.run(2000)

    made = bench([(replace(SLOW, keys_only=True),), (say("回答"), Hangup())], ["查话费"], talk)
    assert made.recogniser.awaited == []
    assert made.mind.given == [NoInput()]


def test_the_mind_is_told_when_only_keys_count() -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        assert not b.mind.keys_only
        b.recogniser.step = Step.KEYS
        await b.run(600, speech=True)
        await b.run(2000)
        assert b.mind.keys_only
        b.recogniser.step = Step.NORMAL
        await b.run(40, key="1")
        await b.run(500)
        assert not b.mind.keys_only

    bench([(SLOW,), (SLOW,), (say("回答"), Hangup())], ["查话费"], talk)


@pytest.mark.parametrize(
    ("text", "spoken_ms", "silence_ms"),
    [("查话费", 600, 400.0), ("查话费", 900, 600.0), ("查话费", 2500, 600.0), ("费", 900, 400.0)],
    ids=["usual", "slow", "at most half as long again", "too little to tell"],
)
def test_who_speaks_slowly_may_pause_longer(text: str, spoken_ms: int, silence_ms: float) -> None:
    async def talk(b: Bench) -> None:
        b.mind.complete = Completeness.COMPLETE
        b.recogniser.release.set()
        await b.run(spoken_ms, speech=True)
        await b.run(3000)

    made = bench([(SLOW,), (say("回答"), Hangup())], [text], talk)
    assert silences(made) == [silence_ms]


class Hears:
    """Hears while it is being said; has worked through everything at once."""

    caught_up = True

    def __init__(self) -> None:
        self.fed: list[Pcm] = []
        self.dropped = False
        self.finished = False

    @property
    def partial(self) -> str:
        return "查话费" if sum(map(len, self.fed)) > 8000 else "查"

    def feed(self, pcm: Pcm) -> None:
        self.fed.append(pcm)

    async def finish(self) -> Transcript:
        self.finished = True
        return Transcript("查话费", 0.8)

    def drop(self) -> None:
        self.dropped = True


def test_an_engine_that_hears_while_it_is_said_is_fed_every_sample_once_and_asked_at_a_pause() -> None:
    live = Hears()

    async def talk(b: Bench) -> None:
        b.recogniser.live = live
        b.mind.complete = Completeness.COMPLETE
        await b.run(600, speech=True)
        await b.run(2000)

    made = bench([(SLOW,), (say("回答"), Hangup())], [], talk)
    assert made.mind.given == [Heard("查话费", 0.8)]
    assert silences(made) == [400.0], "the partial result was a whole answer"
    assert made.recogniser.awaited == [], "nothing was recognised besides"
    assert live.finished
    heard = np.concatenate(live.fed)
    assert len(live.fed) > 2
    assert np.count_nonzero(heard == 9000) == 600 * 16, "all of the speech, and none of it twice"


def test_a_key_drops_what_was_being_heard() -> None:
    live = Hears()

    async def talk(b: Bench) -> None:
        b.recogniser.live = live
        await b.run(600, speech=True)
        await b.run(40, key="1")
        await b.run(2000)

    bench([(SLOW,), (say("回答"), Hangup())], [], talk)
    assert live.dropped
    assert not live.finished


def voices(made: Bench) -> list[Voice | None]:
    return [event.turn.voice for event in made.all(events.TurnFinished)]


def test_a_turn_that_was_recognised_in_the_pause_has_its_voice() -> None:
    async def talk(b: Bench) -> None:
        b.mind.complete = Completeness.COMPLETE
        b.recogniser.release.set()
        await b.run(600, speech=True)
        await b.run(3000)

    made = bench([(SLOW,), (say("回答"), Hangup())], ["查话费"], talk)
    (voice,) = voices(made)
    assert voice is not None


def test_a_turn_that_was_heard_while_it_was_said_has_the_voice_of_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Pcm] = []
    monkeypatch.setattr(work, "measure_voice", measured.append)

    async def talk(b: Bench) -> None:
        b.recogniser.live = Hears()
        await b.run(800, speech=True)
        await b.run(3000)

    bench([(SLOW,), (say("回答"), Hangup())], [], talk)
    (pcm,) = measured
    assert np.count_nonzero(pcm == 9000) == 800 * 16


def test_a_voice_that_cannot_be_measured_costs_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Pcm) -> Voice | None:
        raise ValueError("no voice today")

    monkeypatch.setattr(work, "measure_voice", broken)

    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(600, speech=True)
        await b.run(3000)

    made = bench([(SLOW,), (say("回答"), Hangup())], ["查话费"], talk)
    assert made.mind.given == [Heard("查话费", 0.9)]
    assert voices(made) == [None]


def test_keys_and_silence_have_no_voice() -> None:
    async def talk(b: Bench) -> None:
        await b.run(40, key="1")
        await b.run(20_000)

    made = bench([(SLOW,), (SLOW,), (say("回答"), Hangup())], [], talk)
    assert [turn.kind for turn in made.session.result.turns] == ["keys", "silence"]
    assert voices(made) == [None, None]
