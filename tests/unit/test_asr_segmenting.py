"""Partial results of an engine that has none, and long audio in pieces: when it is asked to hear what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import pytest

from asr.adapters.segmenting import LONGEST_S, SegmentingEngine
from asr.engine import Capabilities, ClosedAnswer, Pcm, Transcript, transcribe
from asr.engines.scripted import ScriptedEngine
from asr.errors import SpeechError

pytestmark = pytest.mark.unit

HZ = 16_000
Parts = Iterable[tuple[str, float]]


@dataclass
class Loud:
    """A detector for which a loud sample is speech."""

    speech: bool = False

    def accept(self, frame: Pcm) -> Loud:
        self.speech = bool((np.abs(frame) > 100).any())
        return self


@dataclass
class Listening:
    """What the engine within was given to hear. It says how many seconds of speech there were."""

    given: list[Pcm] = field(default_factory=list)

    def hear(self, pcm: Pcm, hints: tuple[str, ...]) -> str | Transcript:
        self.given.append(pcm)
        spoken_s = int((np.abs(pcm) > 100).sum()) / HZ
        return (
            Transcript(f"{spoken_s:g}秒", 0.8, compute_ms=5.0) if spoken_s else Transcript("", 0.0, rejected="silence")
        )

    @property
    def lengths_s(self) -> list[float]:
        return [round(len(pcm) / HZ, 2) for pcm in self.given]


@pytest.fixture
def listening() -> Listening:
    return Listening()


@pytest.fixture
def engine(listening: Listening) -> SegmentingEngine:
    return SegmentingEngine(ScriptedEngine(listening.hear), detector=Loud)


def sound(*parts: tuple[str, float]) -> Pcm:
    """`say` or `quiet`, each for so many seconds; no sample is like another, and all of a part are loud or quiet."""
    pieces = [np.arange(round(length_s * HZ)) % 50 + (1000 if kind == "say" else 1) for kind, length_s in parts]
    return np.concatenate(pieces).astype(np.int16)


def spoken(engine: SegmentingEngine, pcm: Pcm, **options: object) -> tuple[list[tuple[float, str]], Transcript]:
    """The partial results with their times in seconds, and what came in the end."""
    stream = engine.stream(**options)  # type: ignore[arg-type]
    partials = []
    for start in range(0, len(pcm), 320):
        text = stream.accept(pcm[start : start + 320])
        if text is not None:
            partials.append((round((start + 320) / HZ, 2), text))
    return partials, stream.finish()


def test_what_was_said_is_known_240_ms_into_the_pause(engine: SegmentingEngine) -> None:
    partials, heard = spoken(engine, sound(("say", 1.0), ("quiet", 0.6)))
    assert partials == [(1.24, "1秒")]
    assert heard.text == "1秒"


def test_an_utterance_of_one_breath_is_heard_once(engine: SegmentingEngine, listening: Listening) -> None:
    _, heard = spoken(engine, sound(("quiet", 0.3), ("say", 1.0), ("quiet", 0.6)))
    assert listening.lengths_s == [1.54]
    assert (heard.audio_ms, heard.compute_ms) == (1900, 5.0)


def test_what_is_said_after_the_pause_is_heard_with_what_was_before(
    engine: SegmentingEngine, listening: Listening
) -> None:
    partials, heard = spoken(engine, sound(("say", 1.0), ("quiet", 0.3), ("say", 0.5), ("quiet", 0.1)))
    assert partials == [(1.24, "1秒")]
    assert heard.text == "1.5秒"
    assert listening.lengths_s == [1.24, 1.9]


def test_who_makes_no_pause_is_heard_every_two_seconds(engine: SegmentingEngine) -> None:
    partials, _ = spoken(engine, sound(("say", 5.0)))
    assert partials == [(2.0, "2秒"), (4.0, "4秒")]


def test_long_speech_is_cut_in_its_pauses_and_joined(engine: SegmentingEngine, listening: Listening) -> None:
    nine_times = [("say", 2.5), ("quiet", 0.5)] * 9
    _, heard = spoken(engine, sound(*nine_times), quick=True)
    assert listening.lengths_s == [8.9, 9.0, 9.0]
    assert heard.text == "7.5秒，7.5秒，7.5秒"
    assert heard.confidence == pytest.approx(0.8)
    assert heard.audio_ms == 27_000


def test_a_short_utterance_is_never_cut(engine: SegmentingEngine, listening: Listening) -> None:
    pcm = sound(("say", 1.0), ("quiet", 2.0), ("say", 1.0), ("quiet", 2.0), ("say", 1.0))
    _, heard = spoken(engine, pcm)
    assert heard.text == "3秒"
    assert np.array_equal(listening.given[-1], pcm)


def test_speech_without_a_pause_is_cut_in_its_quietest_place_and_nothing_is_lost(
    engine: SegmentingEngine, listening: Listening
) -> None:
    pcm = sound(("say", 15.0), ("quiet", 0.1), ("say", 14.9))
    spoken(engine, pcm, quick=True)
    assert len(listening.given) == 2
    assert abs(len(listening.given[0]) / HZ - 15.05) < 0.06
    assert np.array_equal(np.concatenate(listening.given), pcm)


def test_a_number_is_heard_whole_however_slowly_it_is_dictated(engine: SegmentingEngine, listening: Listening) -> None:
    pcm = sound(*[("say", 1.0), ("quiet", 2.0)] * 5)
    _, heard = spoken(engine, pcm, quick=True, answer=ClosedAnswer("phone"))
    assert heard.text == "5秒"
    assert len(listening.given) == 1


def test_long_silence_is_not_heard_at_all(engine: SegmentingEngine, listening: Listening) -> None:
    _, heard = spoken(engine, sound(("say", 1.0), ("quiet", 90.0)))
    assert sum(listening.lengths_s) < 2 * LONGEST_S
    assert heard.text == "1秒"


def test_whether_faint_sound_is_silence_is_for_the_engine_to_say(
    engine: SegmentingEngine, listening: Listening
) -> None:
    partials, heard = spoken(engine, sound(("quiet", 1.0)))
    assert partials == []
    assert (heard.rejected, listening.lengths_s) == ("silence", [1.0])


def test_nothing_at_all_is_silence(engine: SegmentingEngine) -> None:
    assert engine.stream().finish().rejected == "silence"


def test_in_a_hurry_there_are_no_partial_results(engine: SegmentingEngine, listening: Listening) -> None:
    partials, heard = spoken(engine, sound(("say", 3.0), ("quiet", 0.5)), quick=True)
    assert (partials, heard.text, len(listening.given)) == ([], "3秒", 1)


def test_pieces_of_any_size_give_the_same(engine: SegmentingEngine) -> None:
    pcm = sound(*[("say", 2.5), ("quiet", 0.5)] * 5)
    texts = {size: _in_pieces(engine, pcm, size) for size in (1, 100, 320, 481, len(pcm))}
    assert set(texts.values()) == {"7.5秒，5秒"}


def _in_pieces(engine: SegmentingEngine, pcm: Pcm, size: int) -> str:
    if size == 1:  # one by one only where it matters: at the beginning
        stream = engine.stream()
        for start in range(400):
            stream.accept(pcm[start : start + 1])
        stream.accept(pcm[400:])
        return stream.finish().text
    stream = engine.stream()
    for start in range(0, len(pcm), size):
        stream.accept(pcm[start : start + size])
    return stream.finish().text


def test_punctuation_is_not_doubled(listening: Listening) -> None:
    def hear(pcm: Pcm, hints: tuple[str, ...]) -> str:
        return "好的。"

    engine = SegmentingEngine(ScriptedEngine(hear), detector=Loud)
    _, heard = spoken(engine, sound(*[("say", 8.0), ("quiet", 0.5)] * 2))
    assert heard.text == "好的。好的。"


def test_it_can_do_what_the_engine_can_and_streams(engine: SegmentingEngine) -> None:
    assert engine.capabilities == Capabilities(streaming=True, hints=True, word_times=False)
    assert engine.name == "scripted"


def test_an_engine_that_streams_is_left_to_do_so(engine: SegmentingEngine) -> None:
    twice: Callable[[], Loud] = Loud
    assert transcribe(SegmentingEngine(engine, detector=twice), sound(("say", 1.0))).text == "1秒"


def test_a_finished_stream_answers_again_and_takes_no_more(engine: SegmentingEngine) -> None:
    stream = engine.stream()
    assert stream.finish() is stream.finish()
    with pytest.raises(SpeechError, match="over"):
        stream.accept(sound(("say", 0.1)))
