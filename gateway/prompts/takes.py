"""One recording's file: read as a clip, and examined for what is wrong with it as it was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import soundfile
import soxr

from gateway.errors import PromptError
from gateway.media.frames import SAMPLE_RATE_HZ, Pcm
from gateway.prompts.clips import condition

_MAX_S = 60.0
_MIN_S = 0.04
_SILENT = 10 ** (-55 / 20) * 32767
_FLAT_S, _FLAT_SAMPLES = 0.00025, 4
_FLAT_SHARE = 0.98
_EDGE_S = 0.001
_EDGE_SHARE = 0.05


class Fault(Enum):
    """Why a recording can't be used, or should not be: what is wrong, and the remedy."""

    GONE = ("表里有，文件没有了", "请录好它，或看 `prompts missing`")
    UNREADABLE = ("不是能读的音频文件", "请存成 WAV 或 FLAC")
    TOO_LONG = ("超过一分钟", "请剪短，一段录音只说一小句")
    SILENT = ("里面没有声音", "请重录")
    CLIPPED = ("音量过大，波形被削平，听起来发破", "请把音量调小，重录")
    CUT_OFF = ("开头或结尾断在声音中间，听起来像被截断", "请重录，前后留一点安静")

    def error(self, where: str, remedy: str | None = None) -> PromptError:
        """What to raise for it."""
        return PromptError(self.value[0], where=where, remedy=remedy or self.value[1])


@dataclass(frozen=True, slots=True)
class Take:
    """A recording as it was made: mono, at its own rate, one that can be heard."""

    samples: Pcm
    rate_hz: int

    def clip(self) -> Pcm:
        """At the inner rate, conditioned."""
        resample = self.rate_hz != SAMPLE_RATE_HZ
        return condition(soxr.resample(self.samples, self.rate_hz, SAMPLE_RATE_HZ) if resample else self.samples)

    def flaws(self) -> list[Fault]:
        """CLIPPED and CUT_OFF, as far as they are so: it can be played, but a caller would notice."""
        size = np.abs(self.samples.astype(np.int32))
        peak, edge = int(size.max()), max(1, int(_EDGE_S * self.rate_hz))
        flaws: list[Fault] = []
        flat = _longest_run((np.diff(self.samples) == 0) & (size[1:] >= _FLAT_SHARE * peak)) + 1
        if flat >= max(_FLAT_SAMPLES, _FLAT_S * self.rate_hz):
            flaws.append(Fault.CLIPPED)
        if max(size[:edge].max(), size[-edge:].max()) > _EDGE_SHARE * peak:
            flaws.append(Fault.CUT_OFF)
        return flaws


def _longest_run(true: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], true, [False]]).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def read_take(path: Path) -> Take | Fault:
    """Read a WAV or FLAC of any rate, mono or stereo; or tell why it is of no use: GONE to SILENT."""
    if not path.is_file():
        return Fault.GONE
    try:
        info = soundfile.info(path)
        if info.frames > _MAX_S * info.samplerate:
            return Fault.TOO_LONG
        samples, rate_hz = soundfile.read(path, dtype="int16", always_2d=True)
    except (soundfile.SoundFileError, OSError):
        return Fault.UNREADABLE
    mono: Pcm = samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1).astype(np.int16)
    if len(mono) < _MIN_S * rate_hz or np.abs(mono.astype(np.int32)).max() < _SILENT:
        return Fault.SILENT
    return Take(mono, rate_hz)


def read_recording(path: Path) -> Pcm:
    """Read a recording as a conditioned clip.

    Raises:
        PromptError: the file is missing, not audio, empty, silent, or longer than a minute.
    """
    take = read_take(path)
    if isinstance(take, Fault):
        raise take.error(str(path))
    return take.clip()
