"""A recording's channels, each as int16 at 16 kHz: decoded and resampled block by block, so that an hour fits.

libsndfile reads WAV (also A-law, mu-law, float), FLAC, MP3, Ogg Vorbis and Opus, AIFF, AU; what it refuses is tried
with FFmpeg (PyAV), which reads the rest: AAC in MP4, AMR, WMA, WebM, headerless A-law and mu-law by the file's suffix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from asr.engine import SAMPLE_RATE_HZ, Pcm
from asr.riff import missing_bytes
from gateway.errors import AudioFileError

LONGEST_S = 3600.0
_BLOCK_FRAMES = 1 << 17
_RATES_HZ = (4_000, 384_000)
_FULL_SCALE = 32768.0
_HEADERLESS = {".al": "alaw", ".alaw": "alaw", ".ul": "mulaw", ".ulaw": "mulaw"}
_SILENT = 33
"""A peak below this (-60 dBFS) is no sound, as in `asr.audio`."""
_SAME_DB = 30.0
"""Two channels whose difference lies this far below them are one signal written twice."""

Block = NDArray[np.float32]
"""Samples of all channels, full scale +-1, shape (frames, channels)."""


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """What a file holds."""

    channels: tuple[Pcm, ...]
    """At 16 kHz, equally long, in the file's order; one for mono and for stereo that holds one signal twice."""
    rate_hz: int
    """As the file has it."""
    file_channels: int

    @property
    def duration_ms(self) -> float:
        """Of the recording."""
        return len(self.channels[0]) * 1000 / SAMPLE_RATE_HZ


def read_sound(path: Path) -> Sound:
    """Read a whole file. More than two channels are averaged into one.

    Raises:
        AudioFileError: it is missing, no regular file, not readable, empty, truncated, not audio, longer than an hour,
            or silent throughout.
    """
    _check(path)
    try:
        reading = _Decoded.of(_sndfile_blocks(path))
    except soundfile.LibsndfileError as refused:
        reading = _ffmpeg(path, str(refused.error_string).removeprefix("Error : ").rstrip("."))
    except (OSError, RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise _unreadable(path, str(error)) from error
    channels = reading.channels()
    if not channels or not len(channels[0]):
        raise AudioFileError("the file holds no samples", where=str(path), remedy="record it again")
    if max(peak(channel) for channel in channels) < _SILENT:
        raise AudioFileError(
            "the recording is silent: nothing is above -60 dBFS", where=str(path), remedy="check how it was recorded"
        )
    return Sound(_distinct(channels), reading.rate_hz, reading.file_channels)


def peak(pcm: Pcm) -> int:
    """The largest sample, 0 to 32768."""
    return max(-int(pcm.min()), int(pcm.max())) if len(pcm) else 0


def is_silent(pcm: Pcm) -> bool:
    """Nothing in it is above -60 dBFS."""
    return peak(pcm) < _SILENT


def _distinct(channels: tuple[Pcm, ...]) -> tuple[Pcm, ...]:
    """One channel when two say the same: mono written as stereo has nobody apart."""
    if len(channels) != 2:
        return channels
    power = apart = 0.0
    for start in range(0, len(channels[0]), _BLOCK_FRAMES):  # an hour at once would be half a gigabyte
        left, right = (channel[start : start + _BLOCK_FRAMES].astype(np.float64) for channel in channels)
        power += float(np.dot(left, left) + np.dot(right, right)) / 2
        apart += float(np.dot(left - right, left - right))
    return channels[:1] if apart <= power * 10 ** (-_SAME_DB / 10) else channels


class _Decoded:
    """Blocks of one file, resampled as they come."""

    def __init__(self, rate_hz: int, file_channels: int) -> None:
        self.rate_hz = rate_hz
        self.file_channels = file_channels
        self.kept = 2 if file_channels == 2 else 1
        self._resamplers = [
            soxr.ResampleStream(rate_hz, SAMPLE_RATE_HZ, 1, dtype="float32", quality="HQ") for _ in range(self.kept)
        ]
        self._parts: list[list[Pcm]] = [[] for _ in range(self.kept)]

    @classmethod
    def of(cls, blocks: Iterator[tuple[int, Block]]) -> _Decoded:
        """All of them; with its sampling rate beside each."""
        rate_hz, block = next(blocks)
        decoded = cls(rate_hz, block.shape[1])
        decoded.take(block)
        for _, block in blocks:
            decoded.take(block)
        return decoded

    def take(self, block: Block, *, last: bool = False) -> None:
        """The next block."""
        if self.kept == 1:
            block = block.mean(axis=1, keepdims=True)
        for parts, resampler, samples in zip(self._parts, self._resamplers, block.T, strict=True):
            same = self.rate_hz == SAMPLE_RATE_HZ
            out = samples if same else resampler.resample_chunk(np.ascontiguousarray(samples), last=last)
            parts.append(np.clip(np.rint(out * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1).astype(np.int16))

    def channels(self) -> tuple[Pcm, ...]:
        """The whole."""
        self.take(np.zeros((0, self.file_channels), np.float32), last=True)
        made = []
        for parts in self._parts:
            made.append(np.concatenate(parts))
            parts.clear()
        return tuple(made)


def _check(path: Path) -> None:
    try:
        status = path.stat()
        if not path.is_file():  # also a named pipe, which would never end
            raise AudioFileError("this is no file", where=str(path), remedy="name an audio file")
        with path.open("rb") as stream:
            missing = missing_bytes(stream, status.st_size)
    except FileNotFoundError:
        raise AudioFileError("there is no such file", where=str(path), remedy="check the path") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise AudioFileError(f"the file cannot be read ({reason})", where=str(path), remedy="check it") from error
    if not status.st_size:
        raise AudioFileError("the file is empty (0 bytes)", where=str(path), remedy="record or copy it again")
    if missing:
        raise _truncated(path, f"{missing} bytes are missing")


def _sndfile_blocks(path: Path) -> Iterator[tuple[int, Block]]:
    with soundfile.SoundFile(path) as sound:
        rate_hz = int(sound.samplerate)
        _check_rate(path, rate_hz)
        if sound.frames == 0:
            raise AudioFileError("the file holds no samples", where=str(path), remedy="record it again")
        frames = 0
        try:
            for block in sound.blocks(_BLOCK_FRAMES, dtype="float32", always_2d=True):
                frames += len(block)
                _check_length(path, frames, rate_hz)
                yield rate_hz, _finite(path, block)
        except soundfile.LibsndfileError as error:
            if frames:
                raise _truncated(path, f"it ends after {frames / rate_hz:.1f} s in something undecodable") from error
            raise
        if frames < sound.frames and sound.format not in ("MP3", "OGG"):
            raise _truncated(path, f"{sound.frames} samples are announced and {frames} are there")


def _ffmpeg(path: Path, refusal: str) -> _Decoded:
    """By FFmpeg, after libsndfile gave `refusal`."""
    try:
        return _Decoded.of(_ffmpeg_blocks(path))
    except (av.FFmpegError, StopIteration, OSError, ValueError, RuntimeError, MemoryError) as error:
        raise _unreadable(path, refusal) from error


def _ffmpeg_blocks(path: Path) -> Iterator[tuple[int, Block]]:
    raw = _HEADERLESS.get(path.suffix.lower())
    options = {"sample_rate": "8000"} if raw else {}
    # From an open file: FFmpeg would take a name like `concat:...` or `http:...` for a protocol.
    with path.open("rb") as file, av.open(file, "r", format=raw, options=options) as container:
        if not container.streams.audio:
            return
        stream = container.streams.audio[0]
        rate_hz = int(stream.rate)
        _check_rate(path, rate_hz)
        frames = 0
        to_float = av.AudioResampler(format="fltp", rate=rate_hz)
        for frame in container.decode(stream):
            for part in to_float.resample(frame):
                block = part.to_ndarray().T
                frames += len(block)
                _check_length(path, frames, rate_hz)
                yield rate_hz, _finite(path, block.astype(np.float32, copy=False))


def _finite(path: Path, block: Block) -> Block:
    if not np.isfinite(block).all():
        raise AudioFileError("some samples are not numbers", where=str(path), remedy="record or convert it again")
    return block


def _check_rate(path: Path, rate_hz: int) -> None:
    lowest, highest = _RATES_HZ
    if not lowest <= rate_hz <= highest:
        raise AudioFileError(
            f"a sampling rate of {rate_hz} Hz is not one of speech", where=str(path), remedy="convert it to 16000 Hz"
        )


def _check_length(path: Path, frames: int, rate_hz: int) -> None:
    if frames > LONGEST_S * rate_hz:
        raise AudioFileError(
            f"the recording is longer than {LONGEST_S / 60:.0f} minutes", where=str(path), remedy="cut it into pieces"
        )


def _truncated(path: Path, detail: str) -> AudioFileError:
    return AudioFileError(f"the file is truncated: {detail}", where=str(path), remedy="copy or record it again")


def _unreadable(path: Path, reason: str) -> AudioFileError:
    return AudioFileError(
        f"this is not audio that can be decoded ({reason})", where=str(path), remedy="use WAV, FLAC, MP3 or Opus"
    )
