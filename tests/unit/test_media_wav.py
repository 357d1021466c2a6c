"""A finished piece of sound is a file that is whole, or no file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.errors import RecordingError
from gateway.media.wav import write_wav

pytestmark = pytest.mark.unit

SOUND = np.arange(-8000, 8000, dtype=np.int16)


def test_what_is_written_is_a_wav_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "m.wav"
    write_wav(path, SOUND)
    pcm, rate_hz = soundfile.read(path, dtype="int16")
    assert rate_hz == 16_000
    assert np.array_equal(pcm, SOUND)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["m.wav"]


def test_a_file_that_cannot_be_made_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"nowhere/m\.wav: the message can't be written: No such file"):
        write_wav(tmp_path / "nowhere" / "m.wav", SOUND)


def test_a_disk_that_fills_up_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("asr.storage.os.fsync", full)
    with pytest.raises(RecordingError, match="No space left on device; make room on the disk"):
        write_wav(tmp_path / "m.wav", SOUND)
    assert list(tmp_path.iterdir()) == []
