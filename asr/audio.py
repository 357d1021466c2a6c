"""Audio files in: whatever a file holds becomes int16 mono at 16 kHz, or one error says why it cannot be heard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from asr.engine import SAMPLE_RATE_HZ, Pcm
from asr.errors import AudioFileError
from asr.riff import missing_bytes
from asr.windows import frame_levels_dbfs

LONGEST_S = 3600.0
_RATES_HZ = (4_000, 384_000)
_BLOCK_FRAMES = 1 << 18
_FULL_SCALE = 32768

_SILENCE_DBFS = -60.0
_CLIPPED_SHARE = 0.05
_FLAT_RUN = 3


def read_audio(path: str | Path, *, refuse_clipped: bool = False) -> Pcm:
    """Read a whole file as int16 mono at 16 kHz, shape (n,).

    Any sampling rate, any number of channels (averaged) and whatever libsndfile decodes: WAV (PCM of 16 bits and more,
    float, G.711 A-law and mu-law), FLAC, Ogg, MP3. Audio that is already int16 mono at 16 kHz comes back unchanged.

    Args:
        path: the file.
        refuse_clipped: apply `check_not_clipped`, at the file's own rate, where it is surest.

    Raises:
        AudioFileError: the file is missing, a folder, empty, truncated, not audio, 8-bit PCM or longer than an hour.
    """
    pcm, rate_hz = _read_source(Path(path))
    if refuse_clipped:
        check_not_clipped(pcm, str(path))
    return _resampled(pcm, rate_hz)


def read_speech(path: str | Path) -> Pcm:
    """`read_audio` for a caller's voice: silent and clipped recordings are refused as well.

    Raises:
        AudioFileError: as `read_audio` and `check_speech_level`.
    """
    pcm, rate_hz = _read_source(Path(path))
    # Before resampling: afterwards the flat tops of clipped waves are ragged.
    check_speech_level(pcm, str(path))
    return _resampled(pcm, rate_hz)


def check_speech_level(pcm: Pcm, where: str) -> None:
    """Refuse sound in which no speech can be heard: silence, or a recording driven into its rails.

    Args:
        pcm: int16 samples, at the rate they were recorded at, shape (n,).
        where: the file or place, for the message.

    Raises:
        AudioFileError: no 20 ms are above -60 dBFS, or as `check_not_clipped`.
    """
    if not len(pcm) or float(frame_levels_dbfs(_padded(pcm)).max()) < _SILENCE_DBFS:
        raise AudioFileError(
            f"the recording is silent: nothing is above {_SILENCE_DBFS:.0f} dBFS",
            where=where,
            remedy="check the microphone or the channel, and record again",
        )
    check_not_clipped(pcm, where)


def check_not_clipped(pcm: Pcm, where: str) -> None:
    """Refuse a recording that was driven into its rails.

    Args:
        pcm: int16 samples at the rate they were recorded at: resampling makes flat tops ragged. Shape (n,).
        where: the file or place, for the message.

    Raises:
        AudioFileError: 5 % of the samples lie in flat runs of 3 or more at the peak.
    """
    share = _clipped_share(pcm)
    if share >= _CLIPPED_SHARE:
        raise AudioFileError(
            f"the recording is clipped: {share:.0%} of its samples are cut off flat at the peak",
            where=where,
            remedy="record again at a lower level",
        )


def _padded(pcm: Pcm) -> Pcm:
    return np.pad(pcm, (0, -len(pcm) % (SAMPLE_RATE_HZ // 50)))


def _clipped_share(pcm: Pcm) -> float:
    levels = np.abs(pcm.astype(np.int32))
    if not levels.any():
        return 0.0  # silence is flat too, and another matter
    at_rail = levels >= levels.max() - 1
    edges = np.flatnonzero(np.diff(np.concatenate([[False], at_rail, [False]]).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= _FLAT_RUN].sum()) / len(pcm)


def _resampled(pcm: Pcm, rate_hz: int) -> Pcm:
    if rate_hz == SAMPLE_RATE_HZ:
        return pcm
    # As floats: soxr dithers integers, and the same file shall always give the same samples.
    return _int16(soxr.resample(pcm.astype(np.float32), rate_hz, SAMPLE_RATE_HZ, quality="VHQ"))


def _read_source(path: Path) -> tuple[Pcm, int]:
    """The file's sound as int16 mono, and its own sampling rate in Hz."""
    _check_file(path)
    with _explained(path), soundfile.SoundFile(path) as sound:
        _check_format(sound, path)
        blocks = list(_blocks(sound, path))
        pcm = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
        if len(pcm) < sound.frames and sound.format not in ("MP3", "OGG"):
            raise _truncated(path, f"{sound.frames} samples are announced and {len(pcm)} are there")
        rate_hz = int(sound.samplerate)
    if not len(pcm):
        raise AudioFileError("the file holds no samples", where=str(path), remedy="record it again")
    return pcm, rate_hz


def _blocks(sound: soundfile.SoundFile, path: Path) -> Iterator[Pcm]:
    frames = 0
    try:
        for block in sound.blocks(_BLOCK_FRAMES, dtype="float32", always_2d=True):
            frames += len(block)
            if frames > LONGEST_S * sound.samplerate:
                raise _too_long(path)
            yield _mono16(block, path)
    except soundfile.LibsndfileError as error:
        raise _truncated(path, f"it cannot be decoded to its end ({_reason(error)})") from error


def _check_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise AudioFileError("this is a folder, not an audio file", where=str(path), remedy="name a file in it")
        size = path.stat().st_size
        with path.open("rb") as stream:
            missing = missing_bytes(stream, size)
    except FileNotFoundError:
        raise AudioFileError("there is no such file", where=str(path), remedy="check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AudioFileError(f"the file cannot be read ({reason})", where=str(path), remedy="check the path") from error
    if size == 0:
        raise AudioFileError("the file is empty (0 bytes)", where=str(path), remedy="record or copy it again")
    if missing:
        raise _truncated(path, f"{missing} bytes are missing")


def _check_format(sound: soundfile.SoundFile, path: Path) -> None:
    if sound.subtype in ("PCM_U8", "PCM_S8"):
        raise AudioFileError(
            "8-bit linear samples are too coarse to recognise speech from",
            where=str(path),
            remedy="record at 16 bits, or in G.711 A-law or mu-law",
        )
    lowest, highest = _RATES_HZ
    if not lowest <= sound.samplerate <= highest:
        raise AudioFileError(
            f"a sampling rate of {sound.samplerate} Hz is not one of speech",
            where=str(path),
            remedy=f"use {lowest} to {highest} Hz, best 8000 or 16000",
        )
    if sound.frames == 0:
        raise AudioFileError("the file holds no samples", where=str(path), remedy="record it again")


def _mono16(block: NDArray[np.float32], path: Path) -> Pcm:
    mono = block.mean(axis=1, dtype=np.float64) * _FULL_SCALE
    if not np.isfinite(mono).all():
        raise AudioFileError("some samples are not numbers", where=str(path), remedy="record or convert it again")
    return _int16(mono)


def _int16(samples: NDArray[np.floating[Any]]) -> Pcm:
    pcm: Pcm = np.clip(np.rint(samples), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16)
    return pcm


def _too_long(path: Path) -> AudioFileError:
    return AudioFileError(
        f"the recording is longer than {LONGEST_S / 60:.0f} minutes", where=str(path), remedy="cut it into pieces"
    )


def _truncated(path: Path, detail: str) -> AudioFileError:
    return AudioFileError(f"the file is truncated: {detail}", where=str(path), remedy="copy or record it again")


def _reason(error: soundfile.LibsndfileError) -> str:
    return str(error.error_string).removeprefix("Error : ").rstrip(".")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn libsndfile's refusals into AudioFileError."""
    try:
        yield
    except AudioFileError:
        raise
    except soundfile.LibsndfileError as error:
        raise AudioFileError(
            f"this is not audio that can be decoded ({_reason(error)})",
            where=str(path),
            remedy="use WAV or FLAC",
        ) from error
    except (OSError, RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise AudioFileError(
            f"the file cannot be decoded ({error})", where=str(path), remedy="use WAV or FLAC"
        ) from error
