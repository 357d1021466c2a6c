from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.windows import cut_windows, frame_levels_dbfs

pytestmark = pytest.mark.unit


def test_levels_are_rms_per_20_ms() -> None:
    pcm = np.concatenate([np.full(320, 32767), np.full(320, 3277), np.zeros(320), np.ones(100)]).astype(np.int16)
    assert frame_levels_dbfs(pcm) == pytest.approx([0.0, -20.0, -120.0], abs=0.01)


def test_short_audio_stays_whole() -> None:
    pcm = np.ones(26 * 16_000, np.int16)
    assert [len(window) for window in cut_windows(pcm, 26.0, 15.0)] == [len(pcm)]


def test_the_cut_falls_into_the_pause_and_not_into_a_short_closure() -> None:
    pcm = np.full(40 * 16_000, 3000, np.int16)
    pcm[20 * 16_000 : 20 * 16_000 + 320] = 0
    pcm[int(23.2 * 16_000) : int(23.6 * 16_000)] = 3
    first, second = cut_windows(pcm, 26.0, 15.0)
    assert 23.2 <= len(first) / 16_000 <= 23.6
    assert len(first) + len(second) == len(pcm)


@given(seconds=st.floats(0, 200), seed=st.integers(0, 9))
def test_nothing_is_lost_and_every_window_fits(seconds: float, seed: int) -> None:
    pcm = np.random.default_rng(seed).integers(-9, 9, int(seconds * 16_000), dtype=np.int16)
    windows = cut_windows(pcm, 26.0, 15.0)
    assert np.array_equal(np.concatenate(windows), pcm)
    assert all(len(window) <= 26 * 16_000 for window in windows)
    assert all(len(window) >= 15 * 16_000 for window in windows[:-1])
