"""Voices are told apart in one channel, and echoes from voices in two; with the project's own samples."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from asr.audio import read_audio
from asr.engine import Transcript
from asr.engines.scripted import ScriptedEngine
from gateway.analytics.recordings.crosstalk import without_crosstalk
from gateway.analytics.recordings.listening import Listener
from gateway.analytics.recordings.sides import Sides
from gateway.analytics.recordings.speakers import VoicePrint, tell_apart, voice_print
from gateway.analytics.recordings.speech import Piece, pieces_of
from gateway.speech.voice import measure_voice

pytestmark = pytest.mark.unit

SAMPLES = Path(__file__).parents[2] / "audio_samples"
WORDS = "balance broadband_fault complaint complaint_progress data_usage plan_change"
LINES = tuple(f"{word}_{number}" for number in (1, 2, 3) for word in WORDS.split())
TURNS = tuple(LINES[start : start + 3] for start in range(0, len(LINES), 3))
"""Six turns of about 4 s, no sentence twice."""


@lru_cache
def line(name: str, voice: str) -> np.ndarray:
    """One of the menu's sentences in one of its voices."""
    return read_audio(SAMPLES / f"menus/{name}_{voice}.wav")


def print_of(pcm: np.ndarray) -> VoicePrint:
    voice = measure_voice(pcm)
    return voice_print(pcm, voice.pitch_hz if voice else None)


def turn(place: int, voice: str) -> np.ndarray:
    return np.concatenate([line(name, voice) for name in TURNS[place]])


def by_turns(*voices: str) -> list[VoicePrint]:
    return [print_of(turn(place, voices[place % len(voices)])) for place in range(len(TURNS))]


@pytest.mark.parametrize("voices", [("hotline", "man"), ("woman", "elder_man"), ("girl", "deep")])
def test_two_voices_are_told_apart(voices: tuple[str, str]):
    assert tell_apart(by_turns(*voices)) == [0, 1] * 3


@pytest.mark.parametrize("voice", ["hotline", "man", "girl", "elder_woman"])
def test_one_voice_stays_one(voice: str):
    assert tell_apart(by_turns(voice)) == [0] * 6


def test_too_little_to_tell_is_one_voice():
    nothing = print_of(np.zeros(100, np.int16))
    assert tell_apart([]) == []
    assert tell_apart([nothing, nothing]) == [0, 0]
    assert tell_apart([print_of(line("complaint_1", "man")), nothing]) == [0, 0]


def test_an_echo_is_no_speech_and_a_quiet_voice_is():
    source = np.pad(line("complaint_2", "hotline"), 8000)
    echo = np.roll(source, 2400) * 10 ** (-20 / 20) + np.random.default_rng(1).normal(0, 20, len(source))
    answer = np.zeros(len(source))
    spoken = line("broadband_fault_1", "man")[: len(source)]
    answer[: len(spoken)] = spoken * 10 ** (-14 / 20)
    echoes, answers = (pieces_of(pcm.astype(np.int16)) for pcm in (echo, answer))
    assert echoes
    assert without_crosstalk(echoes, source) == []
    assert answers
    assert without_crosstalk(answers, source) == answers
    assert without_crosstalk(echoes, np.zeros_like(source)) == echoes


class Ears:
    """What is heard in a piece of sound, by which of the lines is in it."""

    def __init__(self) -> None:
        self.hinted: list[tuple[str, ...]] = []

    def __call__(self, pcm: np.ndarray, hints: tuple[str, ...]) -> str:
        self.hinted.append(hints)
        return "您好，很高兴为您服务，请问有什么可以帮您" if len(self.hinted) == 1 else "我的宽带坏了"


def recording(tmp_path: Path, *said: np.ndarray, stereo: bool) -> Path:
    """What is said, one after the other; left, right, left, ... in stereo."""
    parts = [np.pad(pcm, (4800, 8000)) for pcm in said]
    both = [
        np.concatenate([part if place % 2 == channel else np.zeros_like(part) for place, part in enumerate(parts)])
        for channel in (0, 1)
    ]
    path = tmp_path / "call.wav"
    soundfile.write(path, np.stack(both, axis=1) if stereo else both[0] + both[1], 16_000)
    return path


def two_by_turns() -> list[np.ndarray]:
    return [turn(place, ("hotline", "man")[place % 2]) for place in range(len(TURNS))]


def test_a_stereo_recording_has_its_sides_by_channel(tmp_path: Path):
    path = recording(tmp_path, line("complaint_1", "hotline"), line("complaint_2", "man"), stereo=True)
    ears = Ears()
    heard = Listener(ScriptedEngine(ears), Sides("agent", "customer"), ("转人工",)).listen(path, "r")
    told = [(one.participant, one.text) for one in heard.conversation.segments]
    assert told == [("agent", "您好，很高兴为您服务，请问有什么可以帮您"), ("customer", "我的宽带坏了")]
    first, second = heard.conversation.segments
    assert first.end_ms < len(line("complaint_1", "hotline")) / 16 + 800 <= second.begin_ms
    assert (heard.channels, heard.warnings) == (2, ())
    assert first.voice is not None
    assert first.voice.pitch_hz is not None
    assert set(ears.hinted) == {()}


def test_sides_that_look_swapped_are_told(tmp_path: Path):
    path = recording(tmp_path, line("complaint_1", "hotline"), line("complaint_2", "man"), stereo=True)
    heard = Listener(ScriptedEngine(Ears()), Sides("customer", "agent")).listen(path, "r")
    assert heard.warnings == ("sides_swapped",)


def test_an_empty_side_is_told_and_the_other_heard(tmp_path: Path):
    path = recording(tmp_path, line("complaint_1", "hotline"), stereo=True)
    heard = Listener(ScriptedEngine(["您好"])).listen(path, "r")
    assert [one.participant for one in heard.conversation.segments] == ["customer"]
    assert heard.warnings == ("one_side_silent",)


def test_a_mono_recording_of_two_has_the_agent_who_talks_like_one(tmp_path: Path):
    path = recording(tmp_path, *two_by_turns(), stereo=False)
    heard = Listener(ScriptedEngine(Ears())).listen(path, "r")
    assert [one.participant for one in heard.conversation.segments] == ["agent", "customer"] * 3


def test_two_voices_that_nothing_tells_apart_by_their_words_are_the_customers(tmp_path: Path):
    heard = Listener(ScriptedEngine(["嗯"] * 99)).listen(recording(tmp_path, *two_by_turns(), stereo=False), "r")
    assert {one.participant for one in heard.conversation.segments} == {"customer"}
    assert heard.warnings == ("sides_unsure",)


def test_a_mono_recording_of_one_side_is_whose_it_is_said_to_be(tmp_path: Path):
    path = recording(tmp_path, line("complaint_1", "man"), stereo=False)
    heard = Listener(ScriptedEngine(["查话费"]), Sides(mono="agent")).listen(path, "r")
    assert [one.participant for one in heard.conversation.segments] == ["agent"]


def test_one_phrase_is_heard_with_hints_unless_it_may_be_read_from_them(tmp_path: Path):
    path = recording(tmp_path, line("complaint_1", "man"), stereo=False)

    def hear(sure: float) -> str:
        def ears(_: np.ndarray, hints: tuple[str, ...]) -> Transcript:
            return Transcript("开发票", sure) if hints else Transcript("是的", 0.5)

        conversation = Listener(ScriptedEngine(ears), hints=("开发票",)).listen(path, "r").conversation  # type: ignore[arg-type]
        return conversation.segments[0].text

    assert (hear(0.9), hear(0.5)) == ("开发票", "是的")


def test_nothing_said_is_told(tmp_path: Path):
    path = recording(tmp_path, line("complaint_1", "man"), stereo=False)
    heard = Listener(ScriptedEngine()).listen(path, "r")
    assert (heard.conversation.segments, heard.warnings) == ((), ("no_speech",))


def test_long_speech_is_cut_into_pieces_without_a_gap():
    speech = np.concatenate([line(name, "man") for name in LINES * 3])
    pieces = pieces_of(speech, 1, pause_ms=2000.0)
    assert len(pieces) > 2
    assert {piece.channel for piece in pieces} == {1}
    assert all(len(piece.pcm) <= 8 * 16_000 for piece in pieces)
    cut = [(before, after) for before, after in pairwise(pieces) if after.follows]
    assert cut
    assert all(after.begin_ms == before.end_ms for before, after in cut)
    assert isinstance(pieces[0], Piece)
