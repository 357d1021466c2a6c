"""The telephone line of test callers: its band, its level, its noise."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.desk.dialogues.line import LEVEL_DBFS, TelephoneLine
from gateway.media.frames import SAMPLE_RATE_HZ
from tests.support.sound import tone

pytestmark = pytest.mark.unit

QUIET_DB = 60.0


def level_dbfs(pcm: np.ndarray, low_hz: float = 0, high_hz: float = 8000) -> float:
    """The level of what lies between two frequencies."""
    spectrum = np.fft.rfft(pcm / 32768)
    hz = np.fft.rfftfreq(len(pcm), 1 / SAMPLE_RATE_HZ)
    power = 2 * np.sum(np.abs(spectrum[(hz >= low_hz) & (hz < high_hz)]) ** 2) / len(pcm) ** 2
    return float(10 * np.log10(max(power, 1e-12)))


@pytest.mark.parametrize("snr_db", [5.0, 15.0, 30.0])
def test_the_noise_is_as_far_below_the_speech_as_asked(snr_db):
    line = TelephoneLine(snr_db)
    assert level_dbfs(line.idle) == pytest.approx(LEVEL_DBFS - snr_db, abs=1.0)


@pytest.mark.parametrize("said_dbfs", [-40.0, -10.0])
def test_speech_comes_at_the_lines_level_however_loud_it_was(said_dbfs):
    carried = TelephoneLine(QUIET_DB).carry(tone(1000, 1000, said_dbfs), "tone")
    middle = carried[len(carried) // 4 : -len(carried) // 4]
    assert level_dbfs(middle) == pytest.approx(LEVEL_DBFS, abs=1.0)


@pytest.mark.parametrize(("hz", "passes"), [(100, False), (1000, True), (3000, True), (3900, False), (6000, False)])
def test_only_the_telephone_band_comes_through(hz, passes):
    both = tone(1000, 1000).astype(np.int32) + tone(1000, hz)
    carried = TelephoneLine(QUIET_DB).carry((both // 2).astype(np.int16), "tones")
    assert (level_dbfs(carried, hz - 20, hz + 20) > LEVEL_DBFS - 10) is passes


def test_a_line_is_the_same_every_time_and_its_noise_differs_by_what_is_said():
    pcm = tone(300, 800)
    one, again = TelephoneLine(15).carry(pcm, "a"), TelephoneLine(15).carry(pcm, "a")
    other = TelephoneLine(15).carry(pcm, "b")
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_silence_is_carried_as_noise_alone():
    carried = TelephoneLine(15).carry(np.zeros(SAMPLE_RATE_HZ, np.int16), "nothing")
    assert level_dbfs(carried) == pytest.approx(LEVEL_DBFS - 15, abs=1.0)
