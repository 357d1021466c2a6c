"""The unit of sound inside the gateway: 20 ms of mono int16 at 16 kHz, on a sample clock that belongs to one call."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000
FRAME_MS = 20
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000

Pcm = NDArray[np.int16]
"""Mono int16 samples at 16 kHz, shape (n,)."""

Frame = NDArray[np.int16]
"""One frame: shape (320,), int16, 16 kHz."""

SILENCE: Frame = np.zeros(FRAME_SAMPLES, np.int16)
SILENCE.flags.writeable = False


def samples_to_ms(samples: int) -> float:
    """Length of `samples` at the inner rate, ms."""
    return samples * 1000 / SAMPLE_RATE_HZ


def ms_to_samples(ms: float) -> int:
    """Samples at the inner rate that `ms` last, rounded down."""
    return int(ms * SAMPLE_RATE_HZ / 1000)


def to_frames(pcm: Pcm) -> list[Frame]:
    """Cut into frames, the last one padded with silence."""
    padding = -len(pcm) % FRAME_SAMPLES
    padded = np.concatenate([pcm, np.zeros(padding, np.int16)]) if padding else pcm
    return list(padded.reshape(-1, FRAME_SAMPLES))
