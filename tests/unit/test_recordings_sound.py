"""Recordings are read channel by channel, whatever wrote them; what can't be heard says why."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from gateway.analytics.recordings.sound import is_silent, read_sound
from gateway.errors import AudioFileError
from tests.support.sound import tone

pytestmark = pytest.mark.unit

SECOND = 16_000


def floats(pcm: np.ndarray) -> np.ndarray:
    return pcm.astype(np.float32) / 32768


def stereo(rate_hz: int) -> np.ndarray:
    """A second of 440 Hz left, of 1000 Hz right."""
    return np.stack([floats(tone(1000, hz, rate_hz=rate_hz)) for hz in (440, 1000)], axis=1)


def pitch_of(pcm: np.ndarray) -> float:
    """Its strongest frequency, Hz, of half a second in the middle."""
    middle = pcm[len(pcm) // 4 : len(pcm) // 4 + SECOND // 2].astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(middle))) * 2)


@pytest.mark.parametrize(
    ("name", "rate_hz", "options"),
    [
        ("a.wav", 8_000, {"subtype": "ALAW"}),
        ("a.wav", 8_000, {"subtype": "ULAW"}),
        ("a.wav", 44_100, {"subtype": "PCM_24"}),
        ("a.wav", 16_000, {"subtype": "PCM_U8"}),
        ("a.flac", 48_000, {}),
        ("a.mp3", 16_000, {}),
        ("a.opus", 48_000, {"format": "OGG", "subtype": "OPUS"}),
        ("a.ogg", 22_050, {}),
    ],
)
def test_both_sides_are_read_apart_at_16_khz(tmp_path: Path, name: str, rate_hz: int, options: dict[str, str]) -> None:
    soundfile.write(tmp_path / name, stereo(rate_hz), rate_hz, **options)
    sound = read_sound(tmp_path / name)
    assert (sound.rate_hz, sound.file_channels, len(sound.channels)) == (rate_hz, 2, 2)
    assert sound.duration_ms == pytest.approx(1000, abs=80)  # MP3 comes in blocks
    assert [pitch_of(channel) for channel in sound.channels] == pytest.approx([440, 1000], abs=3)


@pytest.mark.parametrize(("name", "codec"), [("a.m4a", "aac"), ("a.webm", "libopus"), ("a.al", "pcm_alaw")])
def test_what_libsndfile_refuses_is_read_by_ffmpeg(tmp_path: Path, name: str, codec: str) -> None:
    raw = name.endswith(".al")
    rate_hz = 8_000 if raw else 48_000
    with av.open(str(tmp_path / name), "w", format="alaw" if raw else None) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(1000, rate_hz=rate_hz)[None], "s16", "mono")
        frame.sample_rate = rate_hz
        for part in (*av.AudioResampler(stream.format, "mono", rate_hz).resample(frame), None):
            container.mux(stream.encode(part))
    sound = read_sound(tmp_path / name)
    assert (sound.rate_hz, len(sound.channels)) == (rate_hz, 1)
    assert pitch_of(sound.channels[0]) == pytest.approx(440, abs=3)


def test_samples_at_16_khz_come_back_as_they_are(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(300), SECOND)
    assert np.array_equal(read_sound(tmp_path / "a.wav").channels[0], tone(300))


def test_a_signal_written_twice_is_one_channel(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([tone(500), tone(500)], axis=1), SECOND)
    sound = read_sound(tmp_path / "a.wav")
    assert (sound.file_channels, len(sound.channels)) == (2, 1)


def test_an_empty_side_stays_a_side(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.stack([tone(500), np.zeros(8000, np.int16)], axis=1), SECOND)
    assert [is_silent(channel) for channel in read_sound(tmp_path / "a.wav").channels] == [False, True]


def broken(folder: Path, kind: str) -> Path:
    """A file that can't be heard."""
    path = folder / "a.wav"
    soundfile.write(path, tone(500), SECOND)
    whole = path.read_bytes()
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "truncated":
            path.write_bytes(whole[: len(whole) // 2])
        case "no audio":
            path.write_text("file\ttext\n" * 50)
        case "silent":
            soundfile.write(path, np.zeros(8000, np.int16), SECOND)
        case "a header alone":
            soundfile.write(path, np.zeros(0, np.int16), SECOND)
        case "not numbers":
            soundfile.write(path, np.full(8000, np.nan, np.float32), SECOND, subtype="FLOAT")
        case "a rate of radio":
            soundfile.write(path, tone(500), 1_000)
        case "a folder":
            path.unlink()
            path.mkdir()
        case "a pipe":
            path.unlink()
            os.mkfifo(path)
        case "a link to itself":
            path.unlink()
            path.symlink_to(path)
        case "missing":
            path.unlink()
    return path


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("empty", "empty"),
        ("truncated", "truncated"),
        ("no audio", "not audio"),
        ("silent", "silent"),
        ("a header alone", "no samples"),
        ("not numbers", "not numbers"),
        ("a rate of radio", "1000 Hz"),
        ("a folder", "no file"),
        ("a pipe", "no file"),
        ("a link to itself", "cannot be read"),
        ("missing", "no such file"),
    ],
)
def test_what_cannot_be_heard_says_why_and_where(tmp_path: Path, kind: str, why: str) -> None:
    path = broken(tmp_path, kind)
    with pytest.raises(AudioFileError, match=why) as refused:
        read_sound(path)
    assert refused.value.where == str(path)


def test_a_name_is_never_taken_for_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("concat:a.wav").write_bytes(b"no audio at all")
    with pytest.raises(AudioFileError, match="not audio"):
        read_sound(Path("concat:a.wav"))
