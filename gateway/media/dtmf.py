"""Keys as tones in the sound itself, for lines that send them no other way (ITU-T Q.23, Q.24).

Every 10 ms the last 20 ms are measured at each of the eight frequencies, at 1.2 % beside them and at 3.5 %. A block
holds a key when two of the tones make up most of all its energy, each strongest near its frequency (1.5 % off is heard,
3.5 % is not), neither much louder than the other. Three blocks in a row are a press: 40 ms are enough and 20 ms never.
Voices hold two frequencies so purely for a moment at most: 11 minutes of our prompts and callers had three such blocks,
and no two in a row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gateway.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame
from gateway.media.tones import DTMF_HIGH_HZ, DTMF_KEYS, DTMF_LOW_HZ

_HALF = FRAME_SAMPLES // 2
_OFFSETS = (-0.035, -0.012, 0.0, 0.012, 0.035)
_OUTER = (0, len(_OFFSETS) - 1)

PURITY = 0.7
"""The two tones' share in the energy of a block."""
MAX_TWIST_DB = 5.0
"""How much louder the high tone may be (Q.24: 4 dB, and 1 for our measuring)."""
MAX_REVERSE_TWIST_DB = 9.0
"""How much louder the low tone may be: lines weaken high tones (Q.24: 8 dB, and 1)."""
MIN_DBFS = -38.0
"""The least level of both tones together, against a full-scale sine: about -35 dBm0."""
PRESSED_BLOCKS = 3
RELEASED_BLOCKS = 3
"""Blocks of 10 ms without the key before it counts as let go; an interruption of 10 ms doesn't."""

_HIGH_TO_LOW = 10 ** (-MAX_REVERSE_TWIST_DB / 10), 10 ** (MAX_TWIST_DB / 10)


_WEIGHTS = np.sin(np.pi * (np.arange(FRAME_SAMPLES) + 0.5) / FRAME_SAMPLES).astype(np.float32)
"""A half wave over the block: its first zero, 75 Hz away, falls on the next tone, and it hides ragged ends."""


def _basis() -> NDArray[np.float32]:
    """Cosines, then sines, of all frequencies, weighted; shape (320, 80).

    The two squares of a pure tone sum up to its energy, weighted likewise.
    """
    hz = np.array([tone * (1 + off) for tone in DTMF_LOW_HZ + DTMF_HIGH_HZ for off in _OFFSETS])
    angles = 2 * np.pi / SAMPLE_RATE_HZ * np.outer(np.arange(FRAME_SAMPLES), hz)
    waves = np.hstack((np.cos(angles), np.sin(angles))) * _WEIGHTS[:, np.newaxis]
    return np.asarray(waves * np.sqrt(2 / _WEIGHTS.sum()), np.float32)


_BASIS = _basis()
_MIN_ENERGY = float(_WEIGHTS.sum()) / 2 * 32767**2 * 10 ** (MIN_DBFS / 10)
_FREQUENCIES = _BASIS.shape[1] // 2


class DtmfDetector:
    """Hears the keys in one stream of frames."""

    __slots__ = ("_blocks", "_candidate", "_hits", "_misses", "_pressed")

    def __init__(self) -> None:
        self._blocks = np.zeros((2, FRAME_SAMPLES), np.float32)
        self._candidate: str | None = None
        self._hits = 0
        self._misses = 0
        self._pressed: str | None = None

    def accept(self, frame: Frame) -> str | None:
        """Listen to the next 20 ms, shape (320,). Returns a key once per press, 30 to 60 ms after its start."""
        blocks = self._blocks
        blocks[0, :_HALF] = blocks[1, _HALF:]
        blocks[1] = frame
        blocks[0, _HALF:] = blocks[1, :_HALF]
        reported = None
        for key in _keys(blocks):
            reported = self._step(key) or reported
        return reported

    def _step(self, key: str | None) -> str | None:
        self._hits = self._hits + 1 if key is not None and key == self._candidate else 1
        self._candidate = key
        if key == self._pressed:
            self._misses = 0
            return None
        self._misses += 1
        if self._misses >= RELEASED_BLOCKS:
            self._pressed = None
        if key is None or self._hits < PRESSED_BLOCKS:
            return None
        self._pressed = key
        self._misses = 0
        return key


def _keys(blocks: NDArray[np.float32]) -> list[str | None]:
    """The key in each of two blocks, shape (2, 320)."""
    energies: list[float] = ((blocks * blocks) @ _WEIGHTS).tolist()
    if max(energies) < _MIN_ENERGY:
        return [None, None]
    waves = blocks @ _BASIS
    waves *= waves
    tones = (waves[:, :_FREQUENCIES] + waves[:, _FREQUENCIES:]).reshape(2, 2, -1)
    places = tones.argmax(2).tolist()
    strengths = tones.max(2).tolist()
    return [_key(*block) for block in zip(energies, places, strengths, strict=True)]


def _key(energy: float, places: list[int], strengths: list[float]) -> str | None:
    """The key in a block of this energy, whose strongest low and high tone lie at `places` of the offsets' grid."""
    low, high = strengths
    if low + high < max(PURITY * energy, _MIN_ENERGY):
        return None
    if not _HIGH_TO_LOW[0] * low <= high <= _HIGH_TO_LOW[1] * low:
        return None
    (row, low_offset), (column, high_offset) = (divmod(place, len(_OFFSETS)) for place in places)
    if low_offset in _OUTER or high_offset in _OUTER:
        return None
    return DTMF_KEYS[row][column]
