"""Keys in the sound: all of them, through a bad line, once each; and none in speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asr.audio import read_audio
from gateway.media.codecs import CODECS
from gateway.media.dtmf import DtmfDetector
from gateway.media.frames import to_frames
from gateway.media.tones import DTMF_KEYS, dtmf_tone
from tests.support.sound import tone

pytestmark = pytest.mark.unit

KEYS = "".join(DTMF_KEYS)
ROOT = Path(__file__).parents[2]


def heard(pcm: np.ndarray) -> str:
    detector = DtmfDetector()
    return "".join(key for frame in to_frames(pcm) if (key := detector.accept(frame)) is not None)


def pause(ms: float) -> np.ndarray:
    return np.zeros(int(16 * ms), np.int16)


def dialled(keys: str, ms: float = 60, pause_ms: float = 50, start_ms: float = 20, **tones: float) -> np.ndarray:
    presses = [part for key in keys for part in (dtmf_tone(key, ms, **tones), pause(pause_ms))]
    return np.concatenate([pause(start_ms), *presses, pause(60)])


def by_line(pcm: np.ndarray, codec: str) -> np.ndarray:
    encoder, decoder = CODECS[codec].encoder(20), CODECS[codec].decoder()
    return np.concatenate([decoder.decode(encoder.encode(frame)) for frame in to_frames(pcm)])


def with_noise(pcm: np.ndarray, tone_dbfs: float, snr_db: float) -> np.ndarray:
    """White noise of the telephone band, `snr_db` below two tones of `tone_dbfs` each."""
    spectrum = np.fft.rfft(np.random.default_rng(len(pcm)).standard_normal(len(pcm)))
    spectrum[len(spectrum) // 2 :] = 0
    noise = np.fft.irfft(spectrum, len(pcm))
    level = 32767 * 10 ** ((tone_dbfs - snr_db) / 20)  # two tones of a peak p have an RMS of p
    return np.clip(pcm + noise / noise.std() * level, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("codec", ["PCMA", "PCMU", "G722"])
@pytest.mark.parametrize("level_dbfs", [-6.5, -13, -25, -35])
@pytest.mark.parametrize("start_ms", [0, 3, 8, 13, 17])
def test_every_key_of_40_ms_is_heard_at_any_level_through_the_line(codec, level_dbfs, start_ms) -> None:
    sound = dialled(KEYS, 40, 50, start_ms, level_dbfs=level_dbfs)
    assert heard(by_line(sound, codec)) == KEYS


@pytest.mark.parametrize("level_dbfs", [-8, -20, -30])
@pytest.mark.parametrize("offset", [-0.015, 0, 0.015])
@pytest.mark.parametrize("twist_db", [-4, 0, 3])
def test_noise_15_db_below_and_tones_that_are_off_are_no_hindrance(level_dbfs, offset, twist_db) -> None:
    sound = dialled(KEYS, level_dbfs=level_dbfs, offset=offset, twist_db=twist_db)
    assert heard(by_line(with_noise(sound, level_dbfs, 15), "PCMA")) == KEYS


def test_the_twist_of_q24_is_accepted_and_much_more_is_not() -> None:
    for twist_db in (-8, 4):
        assert heard(dialled(KEYS, twist_db=twist_db)) == KEYS, twist_db
    for twist_db in (-12, 8):
        assert heard(dialled(KEYS, 200, level_dbfs=-20, twist_db=twist_db)) == "", twist_db


@pytest.mark.parametrize("offset", [-0.035, 0.035])
def test_tones_that_are_too_far_off_are_no_keys(offset: float) -> None:
    assert heard(dialled(KEYS, 100, offset=offset)) == ""


@pytest.mark.parametrize("start_ms", range(0, 20, 3))
def test_20_ms_are_no_press(start_ms: int) -> None:
    assert heard(dialled(KEYS, 20, 60, start_ms)) == ""


def test_a_faint_tone_is_no_press() -> None:
    assert heard(dialled(KEYS, 100, level_dbfs=-46)) == ""


def test_one_tone_alone_is_no_key() -> None:
    for hz in (697, 941, 1209, 1477, 450):
        assert heard(tone(500, hz, -10)) == ""


def test_a_long_press_is_one_key() -> None:
    assert heard(dialled("7", 5000)) == "7"


@pytest.mark.parametrize("start_ms", range(0, 20, 3))
def test_the_same_key_twice_is_two_and_an_interruption_of_10_ms_none(start_ms: int) -> None:
    assert heard(dialled("5555", 50, 50, start_ms)) == "5555"
    assert heard(dialled("55", 80, 10, start_ms)) == "5"


def test_keys_without_a_pause_are_heard_each() -> None:
    assert heard(dialled("1590", 60, 0)) == "1590"


def test_a_key_is_told_within_60_ms() -> None:
    for start in range(0, 320, 32):
        detector = DtmfDetector()
        sound = np.concatenate([np.zeros(640 + start, np.int16), dtmf_tone("3", 200)])
        told = next(at for at, frame in enumerate(to_frames(sound)) if detector.accept(frame))
        assert (told + 1) * 20 - (640 + start) / 16 <= 60


def test_no_speech_of_ours_or_of_our_callers_is_a_key() -> None:
    files = [*ROOT.glob("audio_samples/*.wav"), *ROOT.glob("ivr_flows/*/audio/*.flac")]
    assert len(files) > 400
    assert [(path.name, keys) for path in files if (keys := heard(read_audio(path)))] == []


def test_noise_is_no_key() -> None:
    noise = np.random.default_rng(1).standard_normal(60 * 16_000) * 5000
    assert heard(np.clip(noise, -32768, 32767).astype(np.int16)) == ""
