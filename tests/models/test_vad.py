"""The speech detector on real sound: it hears callers and keeps still for what else a line carries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from asr.audio import read_audio
from asr.engine import Pcm
from asr.vad.detector import SpeechDetector
from asr.vad.silero import CHUNK_SAMPLES, Silero

pytestmark = pytest.mark.models

SAMPLES = Path(__file__).parents[2] / "audio_samples"
QUIET = np.zeros(16_000, np.int16)
RNG = np.random.default_rng(4)
T = np.arange(32_000) / 16_000

NOT_SPEECH = {
    "silence": np.zeros(len(T)),
    "white": RNG.standard_normal(len(T)) * 0.1,
    "soft white": RNG.standard_normal(len(T)) * 0.005,
    "hum": 0.2 * np.sin(2 * np.pi * 50 * T) + 0.1 * np.sin(2 * np.pi * 150 * T),
    "dial tone": 0.2 * np.sin(2 * np.pi * 450 * T),
    "keys": 0.2 * (np.sin(2 * np.pi * 697 * T) + np.sin(2 * np.pi * 1209 * T)) * (T % 0.3 < 0.15),
    "clicks": (T % 0.25 < 0.001) * 0.8,
}


def speech_frames(detector: SpeechDetector, pcm: Pcm) -> list[bool]:
    return [detector.accept(pcm[start : start + 320]).speech for start in range(0, len(pcm) - 319, 320)]


@pytest.mark.parametrize("name", ["balance_1", "balance_3", "agent_2", "yes_1", "phone_1", "elderly_2"])
def test_a_caller_is_heard_soon_and_not_long_after(name: str) -> None:
    pcm = read_audio(SAMPLES / f"{name}.wav")
    heard = speech_frames(SpeechDetector(), np.concatenate([QUIET, pcm, QUIET, QUIET]))
    assert not any(heard[:50])
    assert sum(heard) >= 10
    loud = np.flatnonzero(np.abs(pcm.astype(int)) > 2500)
    first, last = 50 + loud[0] // 320, 50 + loud[-1] // 320
    assert first - 10 <= heard.index(True) <= first + 15
    assert len(heard) - 1 - heard[::-1].index(True) <= last + 20


def test_one_syllable_on_a_quiet_line_is_heard() -> None:
    """不 and 五 in all voices: at least 100 ms of speech, in all but three of a hundred."""
    files = sorted((SAMPLES / "answers").glob("*.wav"))
    heard = [
        sum(speech_frames(SpeechDetector(), np.concatenate([QUIET, read_audio(file), QUIET]))) >= 5 for file in files
    ]
    assert len(heard) == 105
    assert sum(heard) >= 0.97 * len(heard), [file.stem for file, was in zip(files, heard, strict=True) if not was]


@pytest.mark.parametrize("name", NOT_SPEECH)
def test_what_is_not_speech_is_not_taken_for_it(name: str) -> None:
    pcm = (np.clip(NOT_SPEECH[name], -1, 1) * 32767).astype(np.int16)
    assert sum(speech_frames(SpeechDetector(), pcm)) <= 2


def test_levels_are_in_dbfs() -> None:
    detector = SpeechDetector()
    assert detector.accept(np.zeros(320, np.int16)).level_dbfs == -120.0
    assert detector.accept(np.full(320, 3277, np.int16)).level_dbfs == pytest.approx(-20.0, abs=0.01)


def test_after_a_reset_it_hears_as_at_first() -> None:
    pcm = read_audio(SAMPLES / "balance_3.wav")
    detector = SpeechDetector()
    first = speech_frames(detector, pcm)
    speech_frames(detector, (RNG.standard_normal(16_000) * 3000).astype(np.int16))
    detector.reset()
    assert speech_frames(detector, pcm) == first


def test_two_calls_do_not_disturb_each_other() -> None:
    pcm = read_audio(SAMPLES / "balance_3.wav")
    alone = speech_frames(SpeechDetector(), pcm)
    one, other = SpeechDetector(), SpeechDetector()
    noise = (RNG.standard_normal(len(pcm)) * 3000).astype(np.int16)
    together = []
    for start in range(0, len(pcm) - 319, 320):
        together.append(one.accept(pcm[start : start + 320]).speech)
        other.accept(noise[start : start + 320])
    assert together == alone


def test_a_frame_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="320 samples, this one 160"):
        SpeechDetector().accept(np.zeros(160, np.int16))


def test_silero_starts_no_threads() -> None:
    code = (
        "import os, numpy; from asr.vad.silero import Silero;"
        "Silero().feed(numpy.ones(5120, numpy.int16)); print(len(os.listdir('/proc/self/task')))"
    )
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # numpy's own threads are another matter
    process = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert process.stdout == "1\n"
    assert "OMP_THREAD_LIMIT" not in os.environ


def test_silero_gives_the_same_for_any_cutting_of_the_sound() -> None:
    pcm = read_audio(SAMPLES / "balance_3.wav")[: 20 * CHUNK_SAMPLES + 100]
    whole = Silero().feed(pcm)
    silero = Silero()
    pieces = [probability for start in range(0, len(pcm), 77) for probability in silero.feed(pcm[start : start + 77])]
    assert len(whole) == 20
    assert pieces == pytest.approx(whole)
    assert max(whole) <= 1.0
    assert min(whole) >= 0.0
