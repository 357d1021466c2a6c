"""Comfort noise: the level that was asked for, reached without a jump."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.comfort_noise import LOUDEST_DBOV, QUIETEST_DBOV, ComfortNoise, level_dbov

pytestmark = pytest.mark.unit


def level(pcm: np.ndarray) -> float:
    """RMS in dBov: against a square wave of full scale."""
    return float(10 * np.log10(np.mean(pcm.astype(float) ** 2) / 32768**2))


def frames(noise: ComfortNoise, count: int) -> np.ndarray:
    return np.concatenate([noise.frame() for _ in range(count)])


def test_the_level_is_the_first_byte_without_its_top_bit() -> None:
    assert level_dbov(bytes([45])) == -45
    assert level_dbov(bytes([0x80 | 45, 1, 2, 3])) == -45
    assert level_dbov(bytes([127])) == QUIETEST_DBOV
    assert level_dbov(b"") == QUIETEST_DBOV


@pytest.mark.parametrize("wanted", [-30, -40, -50, -60, -70])
def test_the_noise_has_the_level_asked_for(wanted: int) -> None:
    noise = ComfortNoise()
    noise.heard(bytes([-wanted, 200, 100]))
    frames(noise, 40)
    assert level(frames(noise, 100)) == pytest.approx(wanted, abs=0.5)


def test_nothing_makes_it_louder_than_a_background() -> None:
    noise = ComfortNoise()
    noise.heard(b"\x00")
    assert level(frames(noise, 240)[12_800:]) == pytest.approx(LOUDEST_DBOV, abs=0.5)


def test_it_is_silent_before_it_was_told_and_when_told_so() -> None:
    noise = ComfortNoise()
    assert not frames(noise, 5).any()
    noise.heard(bytes([40]))
    assert frames(noise, 10).any()
    noise.heard(bytes([127]))
    frames(noise, 60)
    assert not frames(noise, 250).any()


def test_a_new_level_is_approached_and_not_jumped_to() -> None:
    noise = ComfortNoise()
    noise.heard(bytes([60]))
    frames(noise, 40)
    noise.heard(bytes([40]))
    levels = [level(noise.frame()) for _ in range(40)]
    assert levels[0] < -50
    assert np.mean(levels[8:12]) == pytest.approx(-40, abs=1.5)
    assert np.mean(levels[20:]) == pytest.approx(-40, abs=1)


def test_it_does_not_come_to_a_seam_and_stays_in_the_telephone_band() -> None:
    noise = ComfortNoise()
    noise.heard(bytes([30]))
    frames(noise, 40)
    sound = frames(noise, 400).astype(float)
    power = np.abs(np.fft.rfft(sound)) ** 2
    hz = np.fft.rfftfreq(len(sound), 1 / 16_000)
    assert power[hz > 3600].sum() < 1e-4 * power.sum()
    assert power[(hz > 100) & (hz < 1000)].sum() / power.sum() == pytest.approx(900 / 3400, abs=0.05)


def test_a_frame_is_the_callers_own() -> None:
    noise = ComfortNoise()
    noise.heard(bytes([40]))
    frame = noise.frame()
    assert frame.shape == (320,)
    assert frame.dtype == np.int16
    frame[:] = 0
    assert frames(noise, 400).any()
