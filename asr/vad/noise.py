"""How loud a line is when nobody speaks: the least of its level lately (minimum statistics, Martin 2001)."""

from __future__ import annotations

import math
from collections import deque

SMOOTH_FRAMES = 5
"""100 ms: the least of single frames of noise lies far below its level."""
SPAN_FRAMES = 25
SPANS = 5
"""2.5 s in steps of half a second: people breathe, and even hurried speech falls silent for 100 ms in that time."""
BIAS_DB = 1.0
"""The least of the smoothed level of steady noise lies so far below its mean."""
LOWEST_DBFS = -75.0
"""Digital silence counts as this, or the first faint noise after it would stand out."""
HIGHEST_DBFS = -35.0
"""A floor above this would be speech or music without a pause."""


class NoiseFloor:
    """The noise of one call's line. Pure; heard in steps of 20 ms."""

    def __init__(self) -> None:
        self._latest: deque[float] = deque(maxlen=SMOOTH_FRAMES)
        self._past: deque[float] = deque(maxlen=SPANS - 1)
        self._heard = 0
        self._least = float("inf")
        self._level_dbfs = LOWEST_DBFS

    @property
    def level_dbfs(self) -> float:
        """The floor, dBFS: -75 to -35. -75 until 100 ms were heard."""
        return self._level_dbfs

    def hear(self, level_dbfs: float) -> None:
        """Take the level of the next 20 ms."""
        power = 10 ** (max(level_dbfs, LOWEST_DBFS) / 10)
        self._latest.append(power)
        if len(self._latest) < SMOOTH_FRAMES:
            return
        self._least = min(self._least, sum(self._latest) / SMOOTH_FRAMES)
        self._heard += 1
        if self._heard == SPAN_FRAMES:
            self._past.append(self._least)
            self._heard, self._least = 0, float("inf")
        least = min((*self._past, self._least))
        self._level_dbfs = min(10 * math.log10(least) + BIAS_DB, HIGHEST_DBFS)

    def reset(self) -> None:
        """Begin afresh, as with a new call."""
        self._latest.clear()
        self._past.clear()
        self._heard, self._least, self._level_dbfs = 0, float("inf"), LOWEST_DBFS
