"""What one side's channel picks up of the other side: echo of the line, a loudspeaker beside the microphone.

Transcribed, it would put the agent's words into the caller's mouth. It is quieter than its source and its level goes up
and down with it, a little later; somebody who really speaks at the same time does neither for long.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from asr.engine import SAMPLE_RATE_HZ, Pcm
from asr.windows import FRAME_SAMPLES, frame_levels_dbfs
from gateway.analytics.recordings.speech import Piece

QUIETER_DB = 10.0
"""An echo is at least so much quieter than what it is of: a hybrid without any echo cancelling loses 11 dB or more
(ITU-T G.131)."""
ALIKE = 0.8
"""Correlation of the levels from which on they are of one source. 91 pairs of different sentences of one voice, 14 dB
apart, reach 0.71; 168 echoes of such sentences, at -15 to -30 dB over noise at -60 dBFS, reach 0.80 to 0.97."""
_LATEST_FRAMES = 25
"""Half a second."""
_EARLIEST_FRAMES = 2
_FLOOR_DBFS = -70.0


def without_crosstalk(pieces: Sequence[Piece], other: Pcm) -> list[Piece]:
    """Those pieces of one channel that are no echo of the `other` channel, int16 at 16 kHz, shape (n,)."""
    return [piece for piece in pieces if not _is_echo(piece, other)]


def _is_echo(piece: Piece, other: Pcm) -> bool:
    # From its speech on: what lies before is the quiet of its pre-roll.
    first = int(piece.begin_ms * SAMPLE_RATE_HZ / 1000)
    length = int((piece.end_ms - piece.begin_ms) * SAMPLE_RATE_HZ / 1000)
    lead = _LATEST_FRAMES * FRAME_SAMPLES
    last = first + length + _EARLIEST_FRAMES * FRAME_SAMPLES
    around = other[max(0, first - lead) : last]
    source = _levels(np.pad(around, (max(0, lead - first), max(0, last - len(other)))))
    skipped = max(0, (len(piece.pcm) - length) // 2)
    own = _levels(piece.pcm[skipped : skipped + length])
    if len(own) < _LATEST_FRAMES or len(source) < len(own):
        return False
    windows = np.lib.stride_tricks.sliding_window_view(source, len(own))
    loudest = float(np.mean(10 ** (windows / 10), axis=1).max())
    if loudest < float(np.mean(10 ** (own / 10))) * 10 ** (QUIETER_DB / 10):
        return False
    return max(_correlation(own, window) for window in windows) >= ALIKE


def _levels(pcm: Pcm) -> NDArray[np.float64]:
    return np.asarray(np.maximum(frame_levels_dbfs(pcm), _FLOOR_DBFS))


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    a, b = one - one.mean(), other - other.mean()
    scale = float(np.sqrt(np.dot(a, a) * np.dot(b, b)))
    return float(np.dot(a, b)) / scale if scale > 0 else 0.0
