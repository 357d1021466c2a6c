"""Loudness, pitch and length of speech, on sounds whose values are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import signal

from gateway.media.frames import SAMPLE_RATE_HZ, Pcm
from gateway.speech.voice import MOST_FRAMES, measure_voice
from tests.support.sound import tone

pytestmark = pytest.mark.unit

SECOND = SAMPLE_RATE_HZ


def voiced(hz: float, seconds: float = 1.0, rms: float = 3000.0) -> Pcm:
    """A voice without a mouth: all harmonics of `hz` below 7 kHz, 6 dB less with each octave."""
    times = np.arange(int(seconds * SECOND)) / SECOND
    sound = sum((np.cos(2 * np.pi * hz * k * times) / k for k in range(1, int(7000 / hz))), np.zeros(len(times)))
    return scaled(sound, rms)


def scaled(sound: NDArray[np.float64], rms: float) -> Pcm:
    return np.clip(np.round(sound / np.sqrt(np.mean(sound**2)) * rms), -32768, 32767).astype(np.int16)


def noise(seconds: float, rms: float) -> Pcm:
    return np.random.default_rng(7).normal(0, rms, int(seconds * SECOND)).astype(np.int16)


def telephone(pcm: Pcm) -> Pcm:
    """What a line leaves of it: 300 to 3400 Hz."""
    taps = signal.firwin(401, [300, 3400], fs=SECOND, pass_zero=False)
    return np.convolve(pcm, taps, "same").astype(np.int16)


@pytest.mark.parametrize("hz", [75.0, 100.0, 151.0, 220.0, 310.0, 440.0])
@pytest.mark.parametrize("line", [lambda pcm: pcm, telephone], ids=["whole", "telephone"])
def test_the_pitch_of_a_voice_is_found_also_where_a_telephone_has_cut_it_off(hz: float, line: object) -> None:
    voice = measure_voice(line(voiced(hz)))  # type: ignore[operator]
    assert voice is not None
    assert voice.pitch_hz == pytest.approx(hz, rel=0.005)
    assert voice.pitch_high_hz == pytest.approx(hz, rel=0.01)


def test_loudness_is_that_of_the_speech_and_not_of_the_pauses() -> None:
    silence = np.zeros(2 * SECOND, np.int16)
    spoken = tone(1000, 200.0, -26.0)
    voice = measure_voice(np.concatenate([silence, spoken, silence]))
    assert voice is not None
    assert voice.loudness_dbfs == pytest.approx(-26.0, abs=0.1)
    assert voice.speech_ms == 1000.0


def test_half_the_amplitude_is_six_decibels_less() -> None:
    loud, quiet = measure_voice(voiced(180, rms=4000)), measure_voice(voiced(180, rms=2000))
    assert loud is not None
    assert quiet is not None
    assert loud.loudness_dbfs - quiet.loudness_dbfs == pytest.approx(6.02, abs=0.1)


def test_a_pitch_that_glides_has_its_median_in_the_middle_and_its_high_end_near_the_top() -> None:
    hz = np.linspace(160, 200, 2 * SECOND)
    phase = 2 * np.pi * np.cumsum(hz) / SECOND
    glide = sum((np.cos(phase * k) for k in range(1, 20)), np.zeros(len(phase)))
    voice = measure_voice(scaled(glide, 3000))
    assert voice is not None
    assert voice.pitch_hz == pytest.approx(180, rel=0.01)
    assert voice.pitch_high_hz == pytest.approx(196, rel=0.01)


def test_noise_around_the_words_is_no_speech_and_moves_no_pitch() -> None:
    words = np.concatenate([np.zeros(SECOND, np.int16), voiced(200, rms=4000), np.zeros(SECOND, np.int16)])
    voice = measure_voice(words + noise(3, 250))
    assert voice is not None
    assert voice.pitch_hz == pytest.approx(200, rel=0.01)
    assert voice.speech_ms == pytest.approx(1000, abs=40)


def test_clipping_leaves_the_pitch() -> None:
    voice = measure_voice(np.clip(voiced(150).astype(np.int32) * 12, -32768, 32767).astype(np.int16))
    assert voice is not None
    assert voice.pitch_hz == pytest.approx(150, rel=0.01)
    assert voice.loudness_dbfs <= 0


def test_noise_and_whispering_have_no_pitch() -> None:
    voice = measure_voice(noise(1, 2000))
    assert voice is not None
    assert (voice.pitch_hz, voice.pitch_high_hz) == (None, None)


@pytest.mark.parametrize(
    "pcm",
    [np.zeros(0, np.int16), np.zeros(100, np.int16), np.zeros(SECOND, np.int16), np.full(SECOND, 9000, np.int16)],
    ids=["nothing", "less than a frame", "silence", "an offset"],
)
def test_what_has_no_sound_has_no_voice(pcm: Pcm) -> None:
    assert measure_voice(pcm) is None


def test_faint_hiss_is_silence() -> None:
    assert measure_voice(noise(1, 10)) is None


def test_a_long_message_is_looked_at_in_places_all_over_it() -> None:
    low, high = voiced(120, seconds=20), voiced(240, seconds=22)
    assert 3 * MOST_FRAMES < 42 * 50
    voice = measure_voice(np.concatenate([low, high]))
    assert voice is not None
    assert voice.pitch_hz == pytest.approx(240, rel=0.01), "the second part is longer"
    assert voice.speech_ms == 42_000


def test_what_is_measured_is_not_changed() -> None:
    pcm = voiced(200)
    pcm.flags.writeable = False
    measure_voice(pcm)
