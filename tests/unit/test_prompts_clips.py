"""Recordings are trimmed, levelled, stretched and made louder without clicks and without clipping."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.errors import PromptError
from gateway.media.frames import SAMPLE_RATE_HZ, ms_to_samples
from gateway.prompts.clips import (
    FADE_MS,
    LEVEL_DBFS,
    MARGIN_MS,
    active_level_dbfs,
    amplify,
    condition,
    fade,
    stretch,
)

pytestmark = pytest.mark.unit


def tone(ms: float, amplitude: float = 0.1, hz: float = 220.0, rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    t = np.arange(int(rate_hz * ms / 1000)) / rate_hz
    return (amplitude * 32767 * np.sin(2 * np.pi * hz * t)).astype(np.int16)


def with_silence(pcm: np.ndarray, before_ms: float = 300, after_ms: float = 500) -> np.ndarray:
    return np.pad(pcm, (ms_to_samples(before_ms), ms_to_samples(after_ms)))


@pytest.mark.parametrize("amplitude", [0.01, 0.1, 0.7])
def test_condition_trims_and_levels(amplitude):
    clip = condition(with_silence(tone(600, amplitude)))
    assert len(clip) == pytest.approx(ms_to_samples(600 + 2 * MARGIN_MS), abs=ms_to_samples(10))
    assert active_level_dbfs(clip) == pytest.approx(LEVEL_DBFS, abs=0.2)


def test_condition_keeps_a_pause_inside():
    clip = condition(with_silence(np.concatenate([tone(300), np.zeros(8000, np.int16), tone(300)])))
    assert len(clip) == pytest.approx(ms_to_samples(600 + 500 + 2 * MARGIN_MS), abs=ms_to_samples(10))


def test_conditioning_twice_changes_nothing():
    once = condition(with_silence(tone(600)))
    np.testing.assert_array_equal(condition(once), once)


def test_sound_that_begins_at_once_gets_a_margin_and_silent_ends():
    clip = condition(tone(200))
    assert clip[0] == clip[-1] == 0
    assert not clip[: ms_to_samples(MARGIN_MS) - 1].any()


def test_fade_ramps_both_ends_and_leaves_the_middle():
    constant = np.full(3200, 10_000, np.int16)
    faded = fade(constant)
    ramp = ms_to_samples(FADE_MS)
    assert faded[0] == 0
    assert abs(int(faded[-1])) < 100
    assert np.abs(np.diff(faded.astype(int))).max() < 10_000 / ramp * 2
    np.testing.assert_array_equal(faded[ramp:-ramp], constant[ramp:-ramp])


@pytest.mark.parametrize("pace", [0.5, 0.8, 0.9, 1.25, 2.0])
def test_stretch_has_the_length_and_keeps_the_pitch(pace):
    clip = condition(tone(1000))
    slow = stretch(clip, pace)
    assert len(slow) == round(len(clip) / pace)
    spectrum = np.abs(np.fft.rfft(slow.astype(float)))
    assert np.argmax(spectrum) * SAMPLE_RATE_HZ / len(slow) == pytest.approx(220, abs=4)
    assert active_level_dbfs(slow) == pytest.approx(LEVEL_DBFS, abs=1)
    assert slow[0] == slow[-1] == 0


@pytest.mark.parametrize("pace", [0.0, 0.4, 2.5, -1.0])
def test_stretch_refuses_what_nobody_could_follow(pace):
    with pytest.raises(PromptError, match="语速"):
        stretch(tone(100), pace)


@pytest.mark.parametrize("gain_db", [-6.0, 3.0, 6.0])
def test_amplify_changes_the_level_by_as_much(gain_db):
    clip = condition(with_silence(tone(600)))
    assert active_level_dbfs(amplify(clip, gain_db)) - active_level_dbfs(clip) == pytest.approx(gain_db, abs=0.2)


def test_amplify_bends_peaks_instead_of_clipping():
    loud = amplify(tone(500, 0.9), 12)
    assert np.abs(loud.astype(int)).max() <= 32767
    assert np.count_nonzero(np.abs(loud.astype(int)) >= 32767) < 0.5 * len(loud)
    assert np.abs(np.diff(np.sign(loud[np.abs(loud) > 1000].astype(int)))).sum() > 0  # nothing wrapped to silence
