"""Long audio in pieces that a model can take, cut where it is quietest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from asr.engine import SAMPLE_RATE_HZ, Pcm

FRAME_SAMPLES = SAMPLE_RATE_HZ // 50
"""20 ms."""

_FULL_SCALE = 32768.0
_SILENCE_DBFS = -120.0


def frame_levels_dbfs(pcm: Pcm) -> NDArray[np.float64]:
    """The level of every whole 20 ms frame, dBFS (a full-scale square wave is 0); -120 for digital silence."""
    whole = len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES
    frames = pcm[:whole].astype(np.float64).reshape(-1, FRAME_SAMPLES) / _FULL_SCALE
    power = np.mean(frames * frames, axis=1)
    levels: NDArray[np.float64] = 10.0 * np.log10(np.maximum(power, 10.0 ** (_SILENCE_DBFS / 10.0)))
    return levels


def cut_windows(pcm: Pcm, longest_s: float, shortest_s: float) -> list[Pcm]:
    """Cut into windows of `shortest_s` to `longest_s` (the last may be shorter), in the middle of the quietest place.

    Samples are neither lost nor repeated.
    """
    longest = int(longest_s * SAMPLE_RATE_HZ)
    windows = []
    while len(pcm) > longest:
        cut = _quietest(pcm[:longest], int(shortest_s * SAMPLE_RATE_HZ))
        windows.append(pcm[:cut])
        pcm = pcm[cut:]
    windows.append(pcm)
    return windows


def _quietest(pcm: Pcm, first: int) -> int:
    levels = frame_levels_dbfs(pcm[first:])
    # 100 ms together, or the closure of a plosive would look like a pause.
    spread = np.convolve(levels, np.ones(5) / 5, mode="same")
    return first + int(np.argmin(spread)) * FRAME_SAMPLES + FRAME_SAMPLES // 2
