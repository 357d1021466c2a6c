"""Resampling as a stream: the same sound in any chunks, at the right length, pitch and level."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.resample import StreamResampler
from tests.support.sound import tone

pytestmark = pytest.mark.unit

RATES = [(8000, 16_000), (16_000, 8000), (48_000, 16_000), (16_000, 48_000)]


def converted(from_hz: int, to_hz: int, pcm: np.ndarray, chunk: int) -> np.ndarray:
    resampler = StreamResampler(from_hz, to_hz)
    chunks = [resampler.process(pcm[at : at + chunk]) for at in range(0, len(pcm), chunk)]
    return np.concatenate([*chunks, resampler.process(pcm[:0], last=True)])


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_a_tone_keeps_its_pitch_its_level_and_its_place(from_hz: int, to_hz: int) -> None:
    sound = converted(from_hz, to_hz, tone(2000, hz=1000, rate_hz=from_hz), from_hz // 50)
    wanted = tone(2000, hz=1000, rate_hz=to_hz)
    assert abs(len(sound) - len(wanted)) <= to_hz // 1000
    middle = slice(to_hz // 2, to_hz)
    error = sound[middle].astype(float) - wanted[middle]
    assert np.sqrt(np.mean(error**2)) < 0.01 * np.sqrt(np.mean(wanted[middle].astype(float) ** 2))


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_chunks_leave_no_seam(from_hz: int, to_hz: int) -> None:
    pcm = np.random.default_rng(1).integers(-9000, 9000, from_hz).astype(np.int16)
    whole = converted(from_hz, to_hz, pcm, len(pcm))
    pieces = converted(from_hz, to_hz, pcm, from_hz // 50)
    assert len(whole) == len(pieces)
    assert np.max(np.abs(whole.astype(int) - pieces)) <= 1


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_a_live_stream_is_a_frame_for_a_frame_and_at_most_3_ms_behind(from_hz: int, to_hz: int) -> None:
    resampler = StreamResampler(from_hz, to_hz)
    frame = tone(20, rate_hz=from_hz)
    first, *rest = (len(resampler.process(frame)) for _ in range(50))
    assert to_hz // 50 - first <= to_hz * 3 // 1000
    assert set(rest) == {to_hz // 50}


def test_a_high_tone_does_not_fold_into_the_telephone_band() -> None:
    sound = converted(16_000, 8000, tone(1000, hz=6000, rate_hz=16_000), 320)
    assert np.sqrt(np.mean(sound[1000:7000].astype(float) ** 2)) < 10


def test_equal_rates_pass_through_untouched() -> None:
    pcm = tone(20)
    assert StreamResampler(16_000, 16_000).process(pcm) is pcm
