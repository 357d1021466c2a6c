"""G.711, the telephone's 8 bits a sample, as tables computed from the standard's own definition (ITU-T G.711, 11/1988).

Both laws cut the sizes of samples into eight segments of sixteen equal steps, each segment twice as coarse as the one
below it. A size exactly on a decision value, which the standard leaves open, goes up when the sample is positive and
down when it is negative, as in the ITU's reference programs (G.191, `ugstdemo`): there too, negative samples are
turned round by one's complement.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_STEPS = 16
_SEGMENTS = 8
_SIGN_BIT = 0x80


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """One of the two laws, as tables that no one may write to."""

    name: str
    decoded: NDArray[np.int16] = field(repr=False)
    """Code word -> sample, shape (256,), full scale +-32768 (A-law reaches 32256, mu-law 32124)."""
    encoded: NDArray[np.uint8] = field(repr=False)
    """The bits of an int16 sample, read as uint16 -> code word, shape (65536,)."""
    silence: int
    """The code word of the sample 0."""

    def decode(self, payload: bytes) -> NDArray[np.int16]:
        """Samples at 8 kHz, shape (n,), of n bytes. Total: every byte is a code word."""
        return self.decoded.take(np.frombuffer(payload, np.uint8))

    def encode(self, pcm: NDArray[np.int16]) -> bytes:
        """Code words, n bytes, of int16 samples at 8 kHz, shape (n,). Total."""
        return self.encoded.take(pcm.view(np.uint16)).tobytes()


def _sizes(bias: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Decision values (the lower ends of the 128 steps) and the sizes that stand for the steps, in the law's unit.

    Within segment s, a step is 2 << s wide and its middle stands for it; `bias` is what mu-law adds before, in order
    that all segments follow one rule. Segment 0 of A-law, without a bias, has the width of segment 1.
    """
    segment, step = np.repeat(np.arange(_SEGMENTS), _STEPS), np.tile(np.arange(_STEPS), _SEGMENTS)
    if bias:
        return ((2 * step + 32) << segment) - bias, ((2 * step + 33) << segment) - bias
    start = np.where(segment > 0, 32, 0)
    shift = np.maximum(segment - 1, 0)
    return (2 * step + start) << shift, (2 * step + start + 1) << shift


def _law(name: str, bias: int, unit: int, inverted: int) -> Law:
    """Build the tables.

    Args:
        name: the encoding's name in SDP.
        bias: what is added to a size, in units.
        unit: how many steps of int16 the law's own unit is.
        inverted: the bits that are sent inverted; before that, a set sign bit means a positive sample.
    """
    decisions, sizes = (table * unit for table in _sizes(bias))
    codes = np.arange(256)
    plain = codes ^ inverted
    decoded = np.where(plain & _SIGN_BIT, 1, -1) * sizes[plain & ~_SIGN_BIT]

    samples = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)
    positive = samples >= 0
    up = np.searchsorted(decisions, samples, side="right") - 1
    down = np.searchsorted(decisions, -samples, side="left") - 1
    encoded = np.where(positive, up | _SIGN_BIT, down) ^ inverted

    tables = decoded.astype(np.int16), encoded.astype(np.uint8)
    for table in tables:
        table.flags.writeable = False
    return Law(name, *tables, silence=int(tables[1][0]))


A_LAW = _law("PCMA", bias=0, unit=8, inverted=0x55)
"""Table 1 of G.711: 13 bits; every other bit is sent inverted."""

MU_LAW = _law("PCMU", bias=33, unit=4, inverted=0x7F)
"""Table 2 of G.711: 14 bits; all but the sign bit are sent inverted."""
