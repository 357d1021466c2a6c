"""The ringing tone and the keys have the pitch, the level and the rhythm of the standard."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.frames import SILENCE
from gateway.media.tones import DTMF_KEYS, dtmf_tone, ringing_frame

pytestmark = pytest.mark.unit


def peaks_hz(pcm: np.ndarray, count: int) -> list[float]:
    """The strongest frequencies, at least 50 Hz apart."""
    spectrum = np.abs(np.fft.rfft(pcm * np.hanning(len(pcm)), 16_000))
    found = []
    for _ in range(count):
        at = int(np.argmax(spectrum))
        found.append(float(at))
        spectrum[max(0, at - 50) : at + 50] = 0
    return sorted(found)


def test_it_rings_for_a_second_and_is_silent_for_four() -> None:
    frames = [ringing_frame(number) for number in range(500)]
    assert [number for number, frame in enumerate(frames) if frame.any()] == [*range(50), *range(250, 300)]
    assert ringing_frame(49) is not SILENCE
    assert ringing_frame(50) is SILENCE
    assert ringing_frame(250_000_000) is ringing_frame(0)


def test_the_ringing_tone_is_450_hz_at_minus_13_dbfs_without_a_seam() -> None:
    sound = np.concatenate([ringing_frame(number) for number in range(55)]).astype(int)
    assert peaks_hz(sound[:16_000], 1) == [450]
    assert 20 * np.log10(sound.max() / 32767) == pytest.approx(-13, abs=0.1)
    steady = np.max(np.abs(np.diff(sound[1600:3200])))
    assert np.max(np.abs(np.diff(sound))) <= steady
    assert abs(sound[0]) < 10
    assert abs(sound[15_999]) < 10


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [("1", 697, 1209), ("5", 770, 1336), ("9", 852, 1477), ("0", 941, 1336), ("*", 941, 1209), ("D", 941, 1633)],
)
def test_a_key_is_the_tone_of_its_row_and_that_of_its_column(key: str, low: int, high: int) -> None:
    sound = dtmf_tone(key, 500)
    assert len(sound) == 8000
    assert peaks_hz(sound, 2) == pytest.approx([low, high], abs=2)


def test_level_twist_and_offset_are_as_asked_for() -> None:
    sound = dtmf_tone("1", 1000, level_dbfs=-20, twist_db=-6, offset=0.01).astype(float)
    assert peaks_hz(sound, 2) == pytest.approx([704, 1221], abs=1)
    strength = [
        abs(np.exp(-2j * np.pi * hz * np.arange(16_000) / 16_000) @ sound) / 8000 for hz in (697 * 1.01, 1209 * 1.01)
    ]
    assert 20 * np.log10(strength[0] / 32767) == pytest.approx(-20, abs=0.2)
    assert 20 * np.log10(strength[1] / strength[0]) == pytest.approx(-6, abs=0.2)


def test_all_keys_differ_and_no_other_exists() -> None:
    assert len({dtmf_tone(key, 50).tobytes() for key in "".join(DTMF_KEYS)}) == 16
    for wrong in ("", "E", "12", "a"):
        with pytest.raises(ValueError, match="is no key"):
            dtmf_tone(wrong, 50)
