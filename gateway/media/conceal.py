"""Packet loss concealment: a lost frame sounds like the last one went on for a moment, then fades.

The last pitch period is repeated (the idea of ITU-T G.711 Appendix I, without its delay), fading from 10 ms on until
nothing is left at 60 ms; sound that returns is faded in over what would have followed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SILENCE, Frame, ms_to_samples

CONCEALED_MS = 60
"""After that a hole is silent: speech can't be guessed any longer, only hummed."""
_HELD_MS = 10
_CROSS_MS = 10

_SHORTEST_PERIOD = ms_to_samples(2.5)
_LONGEST_PERIOD = ms_to_samples(15)
"""400 Hz and 67 Hz: the pitch of voices."""
_JOINT = ms_to_samples(1)

_AT_MS = np.arange(ms_to_samples(CONCEALED_MS) + FRAME_SAMPLES) * (FRAME_MS / FRAME_SAMPLES)
_FADE = np.clip((CONCEALED_MS - _AT_MS) / (CONCEALED_MS - _HELD_MS), 0, 1).astype(np.float32)
_CROSS = np.linspace(0, 1, ms_to_samples(_CROSS_MS) + 2, dtype=np.float32)[1:-1]
_JOINT_RAMP = np.linspace(0, 1, _JOINT + 2, dtype=np.float32)[1:-1]


class Concealer:
    """Fills the holes in one stream of frames. Every frame passes through, heard or lost."""

    __slots__ = ("_before", "_following", "_last", "_lost")

    def __init__(self) -> None:
        self._before: Frame = SILENCE
        self._last: Frame = SILENCE
        self._lost = 0
        self._following: NDArray[np.float32] | None = None

    def heard(self, frame: Frame) -> Frame:
        """A frame that came, shape (320,): itself, unless the one before it was concealed; kept, and not written to."""
        if self._lost:
            frame = self._returning(frame)
        self._before, self._last = self._last, frame
        return frame

    def lost(self) -> Frame:
        """What to play instead of a frame that didn't come; shape (320,), perhaps read-only."""
        if self._following is None:
            self._following = _going_on(np.concatenate((self._before, self._last), dtype=np.float32))
        start = self._lost * FRAME_SAMPLES
        self._lost += 1
        if start >= ms_to_samples(CONCEALED_MS):
            return SILENCE
        return self._following[start : start + FRAME_SAMPLES].astype(np.int16)

    def _returning(self, frame: Frame) -> Frame:
        """`frame`, faded in over what concealment would have gone on with."""
        joined = frame.copy()
        start = self._lost * FRAME_SAMPLES
        crossed = frame[: len(_CROSS)] * _CROSS
        if self._following is not None and start < len(self._following):
            crossed += self._following[start : start + len(_CROSS)] * (1 - _CROSS)
        joined[: len(_CROSS)] = crossed
        self._lost = 0
        self._following = None
        return joined


def _period(heard: NDArray[np.float32]) -> int:
    """The lag, in samples, at which the last 20 ms are most like what came before; the longest if nothing is alike."""
    template = heard[-FRAME_SAMPLES:]
    past = heard[-FRAME_SAMPLES - _LONGEST_PERIOD : -_SHORTEST_PERIOD]
    likeness = np.correlate(past, template)  # from the longest lag to the shortest
    energies = np.concatenate(([0.0], np.cumsum(past.astype(np.float64) ** 2)))
    energy = energies[FRAME_SAMPLES:] - energies[:-FRAME_SAMPLES]
    return _LONGEST_PERIOD - int(np.argmax(likeness / np.sqrt(energy + 1)))


def _going_on(heard: NDArray[np.float32]) -> NDArray[np.float32]:
    """How sound of 640 samples would go on for `CONCEALED_MS` and a frame; shape (1280,)."""
    if not heard.any():
        return np.zeros_like(_FADE)
    lag = _period(heard)
    period = heard[-lag:].copy()
    # Its end turns into what came before its start, so that it can follow itself.
    before = heard[-lag - _JOINT : -lag]
    period[-_JOINT:] += (before - period[-_JOINT:]) * _JOINT_RAMP
    following = np.resize(period, len(_FADE))
    following[:_JOINT] += (heard[-1] - heard[-lag - 1]) * _JOINT_RAMP[::-1]
    np.clip(following, -32768, 32767, out=following)
    return following * _FADE
