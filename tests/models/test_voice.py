"""Voices of the audio samples: a high one is measured higher than a deep one, and the line doesn't change that."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest
from ruamel.yaml import YAML

from asr.audio import read_audio
from gateway.findings import Voice
from gateway.media.frames import Pcm
from gateway.speech.voice import measure_voice
from tests.support.calls import SAMPLES

pytestmark = pytest.mark.models

LONG = 6


def spoken(voice: str) -> list[Pcm]:
    """The samples in that voice, long enough for its tones to even out."""
    samples = YAML(typ="safe").load(SAMPLES / "manifest.yaml")["samples"]
    files = [one["file"] for one in samples if one["voice"] == voice and len(one["text"]) > LONG]
    return [read_audio(SAMPLES / file) for file in files]


def measured(pcm: Pcm) -> Voice:
    voice = measure_voice(pcm)
    assert voice is not None
    return voice


def pitch_hz(voice: str) -> float:
    found = [measured(pcm).pitch_hz for pcm in spoken(voice)]
    assert all(found), "somebody speaks in every sample"
    return median(hz for hz in found if hz)


def test_a_girl_speaks_higher_than_a_woman_and_she_higher_than_a_man() -> None:
    assert pitch_hz("girl") > pitch_hz("woman") > pitch_hz("man") > pitch_hz("deep") > 150


def test_the_same_words_twice_as_loud_are_six_decibels_louder_and_nothing_else() -> None:
    for whole in spoken("woman")[:4]:
        pcm = (whole // 4).astype(np.int16)
        once, twice = measured(pcm), measured((pcm * 2).astype(np.int16))
        assert twice.loudness_dbfs - once.loudness_dbfs == pytest.approx(6.02, abs=0.05)
        assert twice.pitch_hz == pytest.approx(once.pitch_hz, rel=0.01)
        assert twice.speech_ms == once.speech_ms


def test_speech_is_most_of_a_sample_and_less_than_all_of_it() -> None:
    for pcm in spoken("elder_woman"):
        assert 0.2 < measured(pcm).speech_ms / (len(pcm) / 16) < 0.95
