"""The real ears on real sound: every caller sample is one utterance, whole, and noise is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML

from asr.audio import read_audio
from asr.vad.detector import SpeechDetector
from gateway.dialogue.actions import BargeIn, Listen
from gateway.media.frames import FRAME_MS, SAMPLE_RATE_HZ, Pcm, ms_to_samples, to_frames
from gateway.speech.events import BargeIn as Cut
from gateway.speech.events import ListenEvent, NoInput, SpeechDropped, Utterance
from gateway.speech.listener import Listener

pytestmark = pytest.mark.models

FOLDER = Path(__file__).parents[2] / "audio_samples"
MANIFEST = YAML(typ="safe").load(FOLDER / "manifest.yaml")["samples"]
SAMPLES = sorted(FOLDER.glob("*.wav"))
CLEAN = {sample["file"] for sample in MANIFEST if sample["noise"] == "none"}
BACK_CHANNELS = [path for path in SAMPLES if path.stem.startswith("filler")]
WORDS = [path for path in SAMPLES if not path.stem.startswith(("filler", "yes", "no"))]
LEAD_MS = 1000
QUESTION = Listen(node="q", timeout_ms=20_000, speech_timeout_ms=1000)


def line_noise(duration_ms: float, level_dbfs: float = -65.0) -> Pcm:
    rms = 32768 * 10 ** (level_dbfs / 20)
    return np.random.default_rng(5).normal(0, rms, ms_to_samples(duration_ms)).round().astype(np.int16)


def on_the_line(voice: Pcm, tail_ms: float = 1500) -> Pcm:
    """The voice after a second of line noise, and noise after it."""
    sound = line_noise(LEAD_MS + len(voice) * 1000 / SAMPLE_RATE_HZ + tail_ms).astype(np.int32)
    start = ms_to_samples(LEAD_MS)
    sound[start : start + len(voice)] += voice
    return np.clip(sound, -32768, 32767).astype(np.int16)


def hear(sound: Pcm, question: Listen = QUESTION, *, prompt_ms: float = 0.0) -> list[ListenEvent]:
    listener, events = Listener(SpeechDetector()), []
    listener.arm(question, 0)
    for number, frame in enumerate(to_frames(sound)):
        cut = any(isinstance(event, Cut) for event in events)
        listener.prompt(number * FRAME_MS < prompt_ms and not cut, BargeIn.SPEECH)
        events.extend(listener.tick(number * FRAME_MS, frame))
    return events


def energy(pcm: Pcm) -> float:
    return float(np.sum(pcm.astype(float) ** 2))


def begins_ms(voice: Pcm) -> float:
    """Where a sample without noise rises to within 30 dB of its loudest frame."""
    levels = np.array([energy(frame) for frame in to_frames(voice)])
    return float(np.flatnonzero(levels > levels.max() / 1000)[0] * FRAME_MS)


def test_there_are_samples() -> None:
    assert len(SAMPLES) >= 24
    assert BACK_CHANNELS


@pytest.mark.parametrize("path", WORDS, ids=lambda path: path.stem)
def test_a_sample_is_heard_as_one_utterance_and_whole(path: Path) -> None:
    voice = read_audio(path)
    (utterance,) = [event for event in hear(on_the_line(voice)) if isinstance(event, Utterance)]
    assert energy(utterance.pcm) >= 0.97 * energy(voice)
    if path.name in CLEAN:
        assert utterance.start_ms - 300 <= LEAD_MS + begins_ms(voice)


@pytest.mark.parametrize("path", WORDS[::3], ids=lambda path: path.stem)
def test_words_over_a_prompt_cut_it_and_are_kept_whole(path: Path) -> None:
    voice = read_audio(path)
    events = hear(on_the_line(voice), prompt_ms=60_000)
    (cut,) = [event for event in events if isinstance(event, Cut)]
    (utterance,) = [event for event in events if isinstance(event, Utterance)]
    assert cut.at_ms > utterance.start_ms
    assert energy(utterance.pcm) >= 0.97 * energy(voice)


@pytest.mark.parametrize("path", BACK_CHANNELS, ids=lambda path: path.stem)
def test_a_back_channel_over_a_prompt_does_not_cut_it(path: Path) -> None:
    events = hear(on_the_line(read_audio(path)), prompt_ms=60_000)
    assert not [event for event in events if isinstance(event, Cut)]
    assert not [event for event in events if isinstance(event, Utterance) and event.answers]


@pytest.mark.parametrize("level_dbfs", [-70.0, -50.0, -35.0])
def test_steady_noise_is_no_input(level_dbfs: float) -> None:
    events = hear(line_noise(8000, level_dbfs), Listen(node="q", timeout_ms=5000))
    assert [type(event) for event in events] == [NoInput]


def test_a_bang_and_a_click_are_neither_an_answer_nor_a_barge_in() -> None:
    sound = line_noise(9000)
    rng = np.random.default_rng(2)
    for at_ms, length_ms in ((1000, 5), (2500, 40), (4000, 120)):
        burst = slice(ms_to_samples(at_ms), ms_to_samples(at_ms + length_ms))
        sound[burst] = rng.normal(0, 6000, burst.stop - burst.start).astype(np.int16)
    for prompt_ms in (0.0, 60_000.0):
        events = hear(sound, Listen(node="q", timeout_ms=8000), prompt_ms=prompt_ms)
        assert not [event for event in events if isinstance(event, Utterance | Cut)]
        assert not [event for event in events if isinstance(event, SpeechDropped) and event.reason != "brief"]


def test_a_number_dictated_with_pauses_is_one_utterance_to_a_patient_question() -> None:
    first, second = (read_audio(path) for path in WORDS if path.stem in ("phone_1", "phone_2"))
    sound = np.concatenate([on_the_line(first, tail_ms=700), second, line_noise(3000)])
    patient, hasty = (
        [event for event in hear(sound, Listen(node="n", speech_timeout_ms=silence_ms)) if isinstance(event, Utterance)]
        for silence_ms in (2500, 600)
    )
    assert len(patient) == len(hasty) == 1
    assert energy(patient[0].pcm) >= 0.97 * (energy(first) + energy(second))
    assert energy(hasty[0].pcm) <= 1.03 * energy(first)
