"""One finished piece of sound as a WAV file: there whole, or not there."""

from __future__ import annotations

import wave
from pathlib import Path

from asr.storage import whole_file
from gateway.errors import RecordingError
from gateway.media.frames import SAMPLE_RATE_HZ, Pcm


def write_wav(path: Path, pcm: Pcm) -> None:
    """Write mono int16 at 16 kHz. Blocking; readable by the owner only: it holds a person's voice.

    Raises:
        RecordingError: it can't be written; then nothing is left behind.
    """
    try:
        with whole_file(path, 0o600) as file, wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(SAMPLE_RATE_HZ)
            sound.writeframes(pcm.astype("<i2", copy=False).tobytes())
    except OSError as error:
        raise RecordingError(
            f"the message can't be written: {error.strerror}", where=str(path), remedy="make room on the disk"
        ) from error
