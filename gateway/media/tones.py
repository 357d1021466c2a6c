"""Tones of the telephone network: the ringing tone that a caller hears, and the keys."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, SILENCE, Frame, Pcm, ms_to_samples

RINGING_HZ = 450
RINGING_ON_MS = 1000
RINGING_OFF_MS = 4000
RINGING_DBFS = -13.0
"""China's ringing tone (ITU-T E.180 Supplement 2): 450 Hz, 1 s on, 4 s off. About -10 dBm0."""

DTMF_LOW_HZ = (697, 770, 852, 941)
DTMF_HIGH_HZ = (1209, 1336, 1477, 1633)
DTMF_KEYS = ("123A", "456B", "789C", "*0#D")
"""ITU-T Q.23: the row of a key is its low tone, the column its high one."""
DTMF_DBFS = -13.0
"""Of each of the two tones: about -10 dBm0."""

_FULL_SCALE = 32767
_RAMP_MS = 2


def _sine(hz: float, samples: int, level_dbfs: float) -> NDArray[np.float64]:
    """A sine that begins at zero; its level is its RMS against a full-scale sine's, whose peak is 32767."""
    peak = _FULL_SCALE * 10 ** (level_dbfs / 20)
    return np.asarray(peak * np.sin(2 * np.pi * hz / SAMPLE_RATE_HZ * np.arange(samples)))


def _ramped(samples: NDArray[np.float64], *, start: bool = True, end: bool = True) -> Pcm:
    """With ends that rise from and fall to zero within 2 ms."""
    ramp = np.linspace(0, 1, min(ms_to_samples(_RAMP_MS), len(samples)))
    if start:
        samples[: len(ramp)] *= ramp
    if end and len(ramp):
        samples[-len(ramp) :] *= ramp[::-1]
    return np.rint(samples).astype(np.int16)


def _read_only(frame: Frame) -> Frame:
    frame.flags.writeable = False
    return frame


# A frame holds nine whole periods of 450 Hz, so that every frame of the tone is the same.
_RINGING = _read_only(_ramped(_sine(RINGING_HZ, FRAME_SAMPLES, RINGING_DBFS), start=False, end=False))
_RINGING_FIRST = _read_only(_ramped(_sine(RINGING_HZ, FRAME_SAMPLES, RINGING_DBFS), end=False))
_RINGING_LAST = _read_only(_ramped(_sine(RINGING_HZ, FRAME_SAMPLES, RINGING_DBFS), start=False))
_RINGING_FRAMES = RINGING_ON_MS // FRAME_MS
_CYCLE_FRAMES = (RINGING_ON_MS + RINGING_OFF_MS) // FRAME_MS


def ringing_frame(number: int) -> Frame:
    """Frame `number` (from 0, 20 ms each) of the ringing tone, for ever; shape (320,), read-only."""
    place = number % _CYCLE_FRAMES
    if place >= _RINGING_FRAMES:
        return SILENCE
    if place == 0:
        return _RINGING_FIRST
    return _RINGING_LAST if place == _RINGING_FRAMES - 1 else _RINGING


def dtmf_tone(
    key: str, duration_ms: float, *, level_dbfs: float = DTMF_DBFS, twist_db: float = 0.0, offset: float = 0.0
) -> Pcm:
    """The two tones of a key, with ends ramped over 2 ms, shape (n,).

    Args:
        key: one of `DTMF_KEYS`, 0-9, *, #, A-D.
        duration_ms: with its ends.
        level_dbfs: of the low tone.
        twist_db: how much louder the high tone is.
        offset: how far both frequencies are off, relative: 0.015 is 1.5 %.

    Raises:
        ValueError: no such key.
    """
    row = next((row for row, keys in enumerate(DTMF_KEYS) if len(key) == 1 and key in keys), None)
    if row is None:
        raise ValueError(f"{key!r} is no key; {' '.join(DTMF_KEYS)} are")
    low, high = DTMF_LOW_HZ[row], DTMF_HIGH_HZ[DTMF_KEYS[row].index(key)]
    samples = ms_to_samples(duration_ms)
    both = _sine(low * (1 + offset), samples, level_dbfs) + _sine(high * (1 + offset), samples, level_dbfs + twist_db)
    return _ramped(np.clip(both, -_FULL_SCALE, _FULL_SCALE))
