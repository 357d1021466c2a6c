"""One finished piece of sound as a WAV file: there whole, or not there."""

from __future__ import annotations

import os
import wave
from contextlib import suppress
from pathlib import Path

from gateway.errors import RecordingError
from gateway.media.frames import SAMPLE_RATE_HZ, Pcm


def write_wav(path: Path, pcm: Pcm) -> None:
    """Write mono int16 at 16 kHz. Blocking; readable by the owner only: it holds a person's voice.

    Raises:
        RecordingError: it can't be written; then nothing is left behind.
    """
    draft = path.with_suffix(".tmp")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb") as file:
            with wave.open(file, "wb") as sound:
                sound.setnchannels(1)
                sound.setsampwidth(2)
                sound.setframerate(SAMPLE_RATE_HZ)
                sound.writeframes(pcm.astype("<i2", copy=False).tobytes())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise RecordingError(
            f"the message can't be written: {error.strerror}", where=str(path), remedy="make room on the disk"
        ) from error
