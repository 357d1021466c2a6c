"""Whatever is recorded lies where its time says; whatever is pressed comes out once, in order."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.media.frames import FRAME_SAMPLES
from gateway.media.recorder import StereoRecorder
from gateway.media.resample import StreamResampler
from tests.support.sound import marked_frame

pytestmark = pytest.mark.property


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=60))
def test_every_frame_is_recorded_at_its_index(steps: list[int]) -> None:
    indexes = np.cumsum(steps) - 1
    with tempfile.TemporaryDirectory() as folder:
        recorder = StereoRecorder(Path(folder) / "call.wav", patient=True)
        for index in indexes:
            recorder.write(int(index), marked_frame(int(index) + 1), marked_frame(-int(index) - 1))
        assert recorder.close() is None
        pcm, _ = soundfile.read(recorder.path, dtype="int16")
    expected = np.zeros(indexes[-1] + 1, np.int16)
    expected[indexes] = indexes + 1
    assert np.array_equal(pcm[:, 0], np.repeat(expected, FRAME_SAMPLES))
    assert np.array_equal(pcm[:, 1], np.repeat(-expected, FRAME_SAMPLES))


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from([(8000, 16_000), (16_000, 8000), (48_000, 16_000), (16_000, 48_000), (44_100, 16_000)]),
    st.lists(st.integers(0, 2000), max_size=20),
)
def test_resampling_neither_loses_nor_invents_time(rates: tuple[int, int], chunks: list[int]) -> None:
    from_hz, to_hz = rates
    resampler = StreamResampler(from_hz, to_hz)
    got = sum(len(resampler.process(np.zeros(samples, np.int16))) for samples in chunks)
    got += len(resampler.process(np.zeros(0, np.int16), last=True))
    assert abs(got - sum(chunks) * to_hz / from_hz) <= to_hz * 3 / 1000
