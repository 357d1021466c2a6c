"""Comfort noise (RFC 3389): what a line sounds like while the other side, being silent, sends hardly anything.

The spectrum that a payload may describe after its level is ignored, as section 3 of the RFC allows (the model of order
zero): noise of the telephone band serves recogniser and recording as well.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gateway.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame

PAYLOAD_TYPE = 13
"""Static, at a clock of 8000 Hz (RFC 3551 table 4); other clocks have a dynamic one, named `CN`."""

QUIETEST_DBOV = -127
LOUDEST_DBOV = -30
"""A background louder than this is a mistake or an attack on someone's ear; it is played at this level."""

_FULL_SCALE = 32768
"""0 dBov is a square wave of the system's limit (RFC 3389 section 3.1)."""
_BAND_HZ = 3400
_LENGTH = 200 * FRAME_SAMPLES
"""4 s, then the same again: too long for an ear to notice."""
_APPROACH = 0.25
"""How much of the way to a new level each frame goes: 90 % within 160 ms."""
_NEAR = 0.01
_RAMP = np.linspace(0, 1, FRAME_SAMPLES, dtype=np.float32)


def _noise() -> NDArray[np.float32]:
    """Frames of noise with an RMS of 1, shape (200, 320). The last one goes on in the first: it is made of sines."""
    spectrum = np.fft.rfft(np.random.default_rng(3389).standard_normal(_LENGTH))
    spectrum[_BAND_HZ * _LENGTH // SAMPLE_RATE_HZ :] = 0
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, _LENGTH)
    return np.asarray(noise / noise.std(), np.float32).reshape(-1, FRAME_SAMPLES)


_NOISE = _noise()


def level_dbov(payload: bytes) -> int:
    """The noise level in a payload, -127 to 0 dBov. Total: the top bit is ignored, and nothing at all is silence."""
    return -(payload[0] & 0x7F) if payload else QUIETEST_DBOV


class ComfortNoise:
    """The noise of one line: silent until a payload gave its level, and gliding from level to level."""

    __slots__ = ("_gain", "_next", "_target")

    def __init__(self) -> None:
        self._gain = self._target = 0.0
        self._next = 0

    def heard(self, payload: bytes) -> None:
        """Take the level from a payload. Total."""
        level = min(level_dbov(payload), LOUDEST_DBOV)
        self._target = _FULL_SCALE * 10 ** (level / 20)

    def frame(self) -> Frame:
        """The next 20 ms; shape (320,)."""
        noise: NDArray[np.float32] = _NOISE[self._next]
        self._next = (self._next + 1) % len(_NOISE)
        before = self._gain
        if abs(self._target - before) <= _NEAR * self._target:
            self._gain = self._target
            return (noise * np.float32(before)).astype(np.int16)
        self._gain += (self._target - before) * _APPROACH
        gains = _RAMP * np.float32(self._gain - before) + np.float32(before)
        return (noise * gains).astype(np.int16)
