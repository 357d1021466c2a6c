from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from asr.audio import check_speech_level, read_audio, read_speech
from asr.errors import AudioFileError

pytestmark = pytest.mark.unit


def voice(seconds: float = 1.0, rate_hz: int = 16_000, level: float = 0.3) -> np.ndarray:
    """A wave with a voice's peaks: harmonics of 150 Hz under a slow envelope."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    wave = sum(np.sin(2 * np.pi * 150 * k * t + k) / k for k in range(1, 15))
    wave = wave * (0.2 + 0.8 * np.abs(np.sin(2 * np.pi * 3 * t)))
    return wave / np.abs(wave).max() * level


def write(path: Path, samples: np.ndarray, rate_hz: int = 16_000, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, rate_hz, subtype=subtype)
    return path


def test_16_khz_mono_comes_back_bit_for_bit(tmp_path: Path) -> None:
    samples = np.array([0, 1, -1, 32767, -32768, 1234], np.int16)
    read = read_audio(write(tmp_path / "a.wav", samples))
    assert read.dtype == np.int16
    assert read.tolist() == samples.tolist()


@pytest.mark.parametrize(
    ("name", "rate_hz", "subtype"),
    [
        ("a.wav", 8_000, "ALAW"),
        ("a.wav", 8_000, "ULAW"),
        ("a.wav", 8_000, "PCM_16"),
        ("a.wav", 44_100, "PCM_24"),
        ("a.wav", 48_000, "FLOAT"),
        ("a.flac", 16_000, "PCM_16"),
        ("a.flac", 22_050, "PCM_24"),
        ("a.ogg", 48_000, "VORBIS"),
        ("a.mp3", 16_000, "MPEG_LAYER_III"),
    ],
)
def test_any_rate_and_coding_keeps_length_and_sound(tmp_path: Path, name: str, rate_hz: int, subtype: str) -> None:
    t = np.arange(2 * rate_hz) / rate_hz
    read = read_audio(write(tmp_path / name, 0.3 * np.sin(2 * np.pi * 440 * t), rate_hz, subtype))
    assert abs(len(read) / 16_000 - 2.0) < 0.1
    spectrum = np.abs(np.fft.rfft(read[4000:20_000]))
    assert np.argmax(spectrum) == 440
    assert abs(np.sqrt(np.mean((read[4000:20_000] / 32768.0) ** 2)) - 0.3 / np.sqrt(2)) < 0.01


def test_44_khz_stereo_is_averaged(tmp_path: Path) -> None:
    left = voice(1.0, 44_100)
    stereo = write(tmp_path / "s.wav", np.stack([left, np.zeros_like(left)], axis=1), 44_100)
    mono = write(tmp_path / "m.wav", left / 2, 44_100)
    difference = read_audio(stereo).astype(int) - read_audio(mono).astype(int)
    assert np.abs(difference).max() <= 2


def test_float_samples_above_full_scale_are_limited_not_wrapped(tmp_path: Path) -> None:
    read = read_audio(write(tmp_path / "a.wav", np.array([2.0, -2.0, 0.0]), subtype="FLOAT"))
    assert read.tolist() == [32767, -32768, 0]


def cut(path: Path, share: float) -> Path:
    os.truncate(path, int(path.stat().st_size * share))
    return path


def headed(path: Path, **fields: int) -> Path:
    data = bytearray(path.read_bytes())
    if "data_size" in fields:
        data[40:44] = struct.pack("<I", fields["data_size"])
    if "rate_hz" in fields:
        data[24:28] = struct.pack("<I", fields["rate_hz"])
    path.write_bytes(data)
    return path


def made(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda at: at / "no.wav", "no such file"),
    "folder": (lambda at: at, "folder"),
    "0 bytes": (lambda at: made(at / "a.wav", b""), "empty"),
    "no samples": (lambda at: write(at / "a.wav", np.zeros(0, np.int16)), "no samples"),
    "no samples, flac": (lambda at: write(at / "a.flac", np.zeros(0, np.int16)), "empty"),
    "cut wav": (lambda at: cut(write(at / "a.wav", voice()), 0.6), "truncated"),
    "cut a-law": (lambda at: cut(write(at / "a.wav", voice(), 8_000, "ALAW"), 0.6), "truncated"),
    "cut in the header": (lambda at: made(at / "a.wav", write(at / "b.wav", voice()).read_bytes()[:30]), "truncated"),
    "cut after RIFF": (lambda at: made(at / "a.wav", b"RIFF\0\0"), "truncated"),
    "cut flac": (lambda at: cut(write(at / "a.flac", voice(2.0)), 0.6), "truncated"),
    "text": (lambda at: made(at / "a.wav", "你好，这不是声音。".encode() * 50), "not audio"),
    "zeros": (lambda at: made(at / "a.wav", bytes(5000)), "not audio"),
    "8-bit": (lambda at: write(at / "a.wav", voice(), subtype="PCM_U8"), "8-bit"),
    "8-bit flac": (lambda at: write(at / "a.flac", voice(), subtype="PCM_S8"), "8-bit"),
    "absurd rate": (lambda at: headed(write(at / "a.wav", voice()), rate_hz=7), "7 Hz"),
    "not numbers": (lambda at: write(at / "a.wav", np.array([0.1, np.nan, 0.1]), subtype="FLOAT"), "not numbers"),
    "NUL in the path": (lambda at: at / "a\0.wav", "cannot be read"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_heard_gives_one_error_with_place_and_remedy(tmp_path: Path, case: str) -> None:
    build, words = BAD[case]
    path = build(tmp_path)
    with pytest.raises(AudioFileError, match=words) as caught:
        read_audio(path)
    assert caught.value.where == str(path)
    assert caught.value.remedy


def test_too_long_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    with soundfile.SoundFile(path, "w", 4000, 1) as sound:
        for _ in range(61):
            sound.write(np.zeros(60 * 4000, np.int16))
    with pytest.raises(AudioFileError, match="60 minutes"):
        read_audio(path)


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0x7FFFFFFF])
def test_a_wav_written_into_a_pipe_is_read_to_its_end(tmp_path: Path, size: int) -> None:
    path = headed(write(tmp_path / "a.wav", voice()), data_size=size)
    assert len(read_audio(path)) == 16_000


def test_a_voice_passes_the_level_check(tmp_path: Path) -> None:
    assert len(read_speech(write(tmp_path / "a.wav", voice(), 8_000, "ALAW"))) == 32_000


@pytest.mark.parametrize("level", [0.0, 0.0005])
def test_silence_is_refused(tmp_path: Path, level: float) -> None:
    path = write(tmp_path / "a.wav", voice(level=level))
    assert len(read_audio(path, refuse_clipped=True)) == 16_000
    with pytest.raises(AudioFileError, match="silent"):
        read_speech(path)


@pytest.mark.parametrize(("rate_hz", "subtype"), [(8_000, "ALAW"), (16_000, "PCM_16"), (44_100, "PCM_24")])
@pytest.mark.parametrize("level", [1.0, 0.4])
def test_clipping_is_seen_at_every_rate_and_level(tmp_path: Path, rate_hz: int, subtype: str, level: float) -> None:
    clipped = np.clip(voice(2.0, rate_hz, 1.0) * 6, -1, 1) * level
    path = write(tmp_path / "a.wav", clipped, rate_hz, subtype)
    with pytest.raises(AudioFileError, match="clipped"):
        read_speech(path)
    with pytest.raises(AudioFileError, match="clipped"):
        read_audio(path, refuse_clipped=True)
    assert len(read_audio(path)) == 32_000


def test_a_loud_voice_with_a_few_clipped_peaks_passes() -> None:
    pcm = np.clip(voice(2.0, level=1.3) * 32767, -32767, 32767).astype(np.int16)
    assert np.mean(np.abs(pcm) == 32767) > 0
    check_speech_level(pcm, "here")


def test_a_pure_tone_is_not_called_clipped() -> None:
    t = np.arange(16_000) / 16_000
    check_speech_level((32767 * np.sin(2 * np.pi * 450 * t)).astype(np.int16), "here")


def test_a_short_sound_is_measured_too() -> None:
    check_speech_level((voice(0.01) * 32767).astype(np.int16), "here")
    with pytest.raises(AudioFileError, match="silent"):
        check_speech_level(np.zeros(0, np.int16), "here")
