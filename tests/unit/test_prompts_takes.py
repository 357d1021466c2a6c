"""A recording's file is read whatever its format, and what is wrong with it is found before it is made to fit."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from gateway.errors import PromptError
from gateway.media.frames import SAMPLE_RATE_HZ, ms_to_samples
from gateway.prompts.clips import MARGIN_MS
from gateway.prompts.takes import Fault, Take, read_recording, read_take
from tests.support.sound import tone

pytestmark = pytest.mark.unit


def speech(ms: float = 400, level_dbfs: float = -20.0, rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    """Noise with the peaks of a voice, rising and falling in silence."""
    size = int(ms * rate_hz / 1000)
    sound = np.random.default_rng(7).standard_normal(size) * np.hanning(size)
    sound *= 10 ** (level_dbfs / 20) / np.sqrt(np.mean(sound**2))
    return np.pad(sound * 32767, rate_hz // 4)


def as_take(sound: np.ndarray, rate_hz: int = SAMPLE_RATE_HZ) -> Take:
    return Take(np.clip(sound, -32768, 32767).astype(np.int16), rate_hz)


@pytest.mark.parametrize(
    ("rate_hz", "channels", "name"), [(44_100, 2, "a.wav"), (8000, 1, "a.wav"), (48_000, 1, "a.flac")]
)
def test_any_rate_and_stereo_are_converted(tmp_path, rate_hz, channels, name):
    audio = np.stack([tone(500, rate_hz=rate_hz)] * channels, axis=1)
    soundfile.write(tmp_path / name, audio, rate_hz)
    clip = read_recording(tmp_path / name)
    assert clip.dtype == np.int16
    assert len(clip) == pytest.approx(ms_to_samples(500 + 2 * MARGIN_MS), abs=ms_to_samples(12))


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(PromptError, match=r"gone\.flac: 表里有，文件没有了；请录好它"):
        read_recording(tmp_path / "gone.flac")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "不是能读的音频文件"),
        (b"RIFF\x00\x00\x00\x00WAVE", "不是能读的音频文件"),
        ("这不是录音".encode(), "不是能读的音频文件"),
    ],
)
def test_a_file_that_is_not_audio_is_refused(tmp_path, content, reason):
    path = tmp_path / "bad.flac"
    path.write_bytes(content)
    with pytest.raises(PromptError, match=reason) as caught:
        read_recording(path)
    assert caught.value.where == str(path)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("audio", "reason"),
    [
        (np.zeros(16_000, np.int16), "里面没有声音"),
        (tone(10), "里面没有声音"),
        (tone(61_000), "超过一分钟"),
    ],
    ids=["silent", "short", "long"],
)
def test_audio_without_a_clause_in_it_is_refused(tmp_path, audio, reason):
    soundfile.write(tmp_path / "a.flac", audio, SAMPLE_RATE_HZ)
    with pytest.raises(PromptError, match=reason):
        read_recording(tmp_path / "a.flac")


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 48_000])
@pytest.mark.parametrize("level_dbfs", [-45.0, -20.0])
def test_good_takes_have_no_flaws(rate_hz, level_dbfs):
    assert as_take(speech(level_dbfs=level_dbfs, rate_hz=rate_hz), rate_hz).flaws() == []
    low = np.pad(tone(400, hz=110, level_dbfs=level_dbfs, rate_hz=rate_hz), rate_hz // 4)
    assert as_take(low, rate_hz).flaws() == []


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 48_000])
def test_an_overdriven_take_is_clipped_also_when_it_was_made_softer_afterwards(rate_hz):
    sine = np.sin(np.arange(rate_hz) * 2 * np.pi * 200 / rate_hz)
    overdriven = np.clip(np.pad(sine, 99) * 60_000, -32768, 32767)
    assert as_take(overdriven, rate_hz).flaws() == [Fault.CLIPPED]
    assert as_take(overdriven * 0.2, rate_hz).flaws() == [Fault.CLIPPED]


@pytest.mark.parametrize("side", ["start", "end"])
def test_a_take_that_begins_or_ends_inside_a_word_is_cut_off_and_yet_makes_no_click(side):
    whole = speech()
    middle = len(whole) // 2
    take = as_take(whole[middle:] if side == "start" else whole[:middle])
    assert take.flaws() == [Fault.CUT_OFF]
    clip = take.clip().astype(int)
    assert clip[0] == clip[-1] == 0
    ends = np.concatenate([clip[: ms_to_samples(MARGIN_MS + 1)], clip[-ms_to_samples(MARGIN_MS + 1) :]])
    assert np.abs(np.diff(ends)).max() < 1000


def test_what_cannot_be_used_is_told_apart(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), SAMPLE_RATE_HZ)
    (tmp_path / "text.wav").write_text("NAME", encoding="utf-8")
    assert read_take(tmp_path / "gone.wav") is Fault.GONE
    assert read_take(tmp_path / "text.wav") is Fault.UNREADABLE
    assert read_take(tmp_path / "silent.wav") is Fault.SILENT


def test_hours_of_silence_are_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros(61 * 8000, np.int16), 8000)
    monkeypatch.setattr(soundfile, "read", lambda *_, **__: pytest.fail("it was read"))
    assert read_take(path) is Fault.TOO_LONG
