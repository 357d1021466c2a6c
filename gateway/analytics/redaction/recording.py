"""A copy of a recording in which somebody's numbers are silence.

It is read and written in blocks of a second, so that an hour-long call costs no more memory than a short one; it
appears under its name only when it is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from asr.storage import sync_folder
from gateway.analytics.redaction.silences import Silence
from gateway.errors import RecordingError

FADE_MS = 10.0
"""Before and after each silence, so that it doesn't click; within it there is nothing at all."""
_EXACT = {"PCM_16": "int16", "ALAW": "int16", "ULAW": "int16", "PCM_24": "int32", "PCM_32": "int32"}
"""Formats of a WAV file, and the samples as which they are read and written without a change."""
_MARK = "-redacted"

_Span = tuple[int, int]
"""Samples from the first to before the last."""


def redacted_path(recording: Path) -> Path:
    """Where the redacted copy of a recording belongs: beside it, `X.wav` as `X-redacted.wav`. A copy is its own."""
    if recording.stem.endswith(_MARK):
        return recording
    return recording.with_name(f"{recording.stem}{_MARK}.wav")


def redact_recording(source: Path, target: Path, silences: Iterable[Silence], *, customer_channel: int = 0) -> None:
    """Write a copy of `source` with the silences in it; as many samples, as loud elsewhere, always a WAV file.

    A stereo file is silenced on the side of who spoke, the other side going on; any other file altogether. `target` may
    be `source`. Blocking; readable by the owner only.

    Args:
        customer_channel: 0 or 1: where the caller is in a stereo file.

    Raises:
        RecordingError: `source` isn't there or isn't sound, or `target` can't be written; then nothing is left behind.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            with sf.SoundFile(source) as sound:
                _copy(sound, draft, list(silences), customer_channel)
        except (sf.LibsndfileError, RuntimeError) as error:
            if not source.is_file():
                raise RecordingError("there is no such recording", where=str(source)) from error
            raise RecordingError(
                f"the recording can't be copied: {error}", where=str(source), remedy="check the file and the disk"
            ) from error
        _put_in_place(draft, target)
    except OSError as error:
        raise RecordingError(
            f"the redacted recording can't be written: {error.strerror or error}",
            where=str(target),
            remedy="make room on the disk, or choose a writable folder",
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _copy(sound: Any, draft: Path, silences: Sequence[Silence], customer_channel: int) -> None:  # noqa: ANN401 -- untyped library
    rate, channels = sound.samplerate, sound.channels
    spans = [_spans(silences, channel, channels, customer_channel, rate) for channel in range(channels)]
    subtype = sound.subtype if sound.format == "WAV" and sound.subtype in {*_EXACT, "PCM_U8", "FLOAT"} else "PCM_16"
    dtype = _EXACT.get(subtype, "float32")
    os.close(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    with sf.SoundFile(draft, "w", rate, channels, subtype, format="WAV") as copy:
        at = 0
        while len(block := sound.read(rate, dtype=dtype, always_2d=True)):
            for channel, own in enumerate(spans):
                _silence(block[:, channel], at, own, round(rate * FADE_MS / 1000))
            copy.write(block)
            at += len(block)


def _spans(silences: Sequence[Silence], channel: int, channels: int, customer_channel: int, rate: int) -> list[_Span]:
    """The silences of a channel in samples, joined, in order."""
    found: list[_Span] = []
    for one in sorted(silences, key=lambda one: one.begin_ms):
        own = channel == customer_channel if one.participant == "customer" else channel != customer_channel
        start, end = (max(0, round(ms * rate / 1000)) for ms in (one.begin_ms, one.end_ms))
        if (channels == 2 and not own) or end <= start:
            continue
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _silence(samples: NDArray[Any], at: int, spans: Sequence[_Span], fade: int) -> None:
    """Silence those of `samples`, the first of which is number `at` of the file, that are in `spans`; in place."""
    for start, end in spans:
        if end + fade <= at or start - fade >= at + len(samples):
            continue
        gain = np.ones(len(samples), np.float32)
        places = np.arange(at, at + len(samples))
        outside = np.maximum(start - places, places - (end - 1))
        np.clip(outside / (fade + 1), 0.0, 1.0, out=gain)
        samples[:] = (samples * gain).astype(samples.dtype) if gain.any() else 0


def _put_in_place(draft: Path, target: Path) -> None:
    """Whole on the disk first, then under its name."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(target)
    sync_folder(target.parent)
