"""What the encoder gets: the span that is loud, silence behind it, other mouths."""

from __future__ import annotations

import numpy as np
import pytest

from asr.denoise.mask import Mel
from asr.engines.whisper_features import Features, span_of_sound, warped, with_silence, without_silence

pytestmark = pytest.mark.unit

SECOND = 16_000


def burst(before_s: float, behind_s: float) -> np.ndarray:
    """A second of tone between silences."""
    tone = 8000 * np.sin(2 * np.pi * 440 * np.arange(SECOND) / SECOND)
    return np.concatenate([np.zeros(int(before_s * SECOND)), tone, np.zeros(int(behind_s * SECOND))]).astype(np.int16)


def test_only_what_is_loud_and_300_ms_around_it_is_encoded() -> None:
    span = span_of_sound(burst(2.0, 3.0))
    assert abs(span.start - 1.7 * SECOND) <= 320
    assert abs(span.stop - 3.3 * SECOND) <= 320


@pytest.mark.parametrize("level", [0, 10])
def test_of_silence_nothing_is(level: int) -> None:
    assert not len(np.full(SECOND, level, np.int16)[span_of_sound(np.full(SECOND, level, np.int16))])


def test_silence_lies_at_the_floor_of_each_utterance() -> None:
    loud: Mel = Features()(burst(0.0, 0.0))
    both = np.array(with_silence([loud, loud - 0.5], 200))
    assert both.shape == (2, 80, loud.shape[1] + 200)
    assert np.array_equal(both[0, :, : loud.shape[1]], loud)
    assert np.allclose(both[:, :, loud.shape[1] :].max(axis=(1, 2)), [loud.max() - 2.0, loud.max() - 2.5])


def test_30_s_are_not_exceeded() -> None:
    long: Mel = np.zeros((80, 2900), np.float32)
    assert np.array(with_silence([long], 600)).shape == (1, 80, 3000)


def test_of_the_silence_behind_200_ms_are_kept() -> None:
    encoded = with_silence([np.zeros((80, 400), np.float32)], 200)  # any array of three axes
    assert without_silence(encoded, np.zeros(2 * 320, np.int16)).shape[1] == 12


def test_a_shorter_mouth_has_everything_a_band_higher() -> None:
    speech: Mel = np.arange(80, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    assert warped(speech, 1)[:, 0].tolist() == [0.0, *range(79)]
    assert warped(speech, -1)[:, 0].tolist() == [*range(1, 80), 79.0]
