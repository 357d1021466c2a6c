"""Between the line's sample rate and the inner one, without a seam between chunks."""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

_QUALITY = "MQ"
"""Telephone speech: half the delay and the work of HQ, aliasing still below what 16 bits of a trunk can show."""


class StreamResampler:
    """Converts one stream of mono int16 audio; keeps its filter's state, so one per direction of a leg."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self.from_hz = from_hz
        self.to_hz = to_hz
        self._stream = None if from_hz == to_hz else soxr.ResampleStream(from_hz, to_hz, 1, "int16", _QUALITY)

    def process(self, pcm: NDArray[np.int16], *, last: bool = False) -> NDArray[np.int16]:
        """Convert the next chunk, shape (n,) at `from_hz`; gives shape (m,) at `to_hz`.

        The filter holds back a few ms, so m varies around n * to_hz / from_hz; `last=True` hands out the rest.
        """
        if self._stream is None:
            return pcm
        converted: NDArray[np.int16] = self._stream.resample_chunk(pcm, last=last)
        return converted
