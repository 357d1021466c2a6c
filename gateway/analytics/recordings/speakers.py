"""Who speaks in a mono recording: its pieces of speech sorted into one voice or two.

Each piece is its short-term spectra (cepstra, whose means and variances tell vocal tracts apart) and its pitch. Pieces
long enough to be sure of are merged pair by pair, the likeliest first (generalised likelihood ratio of Gaussians; Gish
1991), until two voices are left; the Bayesian information criterion says whether those are two at all (Chen and
Gopalakrishnan 1998). Then every piece goes to the nearer voice. Own and small on purpose: docs/analyze.zh.md says how
well it works, and recordings in stereo need none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from asr.engine import SAMPLE_RATE_HZ, Pcm

_WINDOW, _HOP = SAMPLE_RATE_HZ // 40, SAMPLE_RATE_HZ // 100
"""25 ms every 10 ms."""
_MELS = 24
_BAND_HZ = (250.0, 3500.0)
"""What a telephone line carries: the same recording taken at 8 and at 48 kHz is sorted alike."""
_CEPSTRA = 14
_LOUD_DB = 30.0
"""Frames this far below the loudest are no speech."""
SURE_FRAMES = 80
"""0.8 s: shorter pieces (好的, 嗯) don't decide what the voices are, they are only told which is theirs."""
LEAST_FRAMES = 500
"""5 s of speech in all: of less, 5 of 280 single phrases were taken for two voices."""
MAX_PIECES = 150
"""Merging looks at every pair: of longer recordings so many pieces, evenly spread, decide."""
PENALTY = 1.5
"""Of the information criterion: how unlike the halves of a recording must be to be two voices. At 1.5, 77 of 84 mixes
of two synthetic voices and 86 of 91 of two readers (4 to 8 s of each) were two, and all but one of 28 single ones one;
at 1, 17 of those 28; at 3 all of them, but 58 and 57 mixes. A missed voice costs more: its words become the other's."""
PITCH_SPREAD = 0.15
"""How far the median pitch of one speaker's pieces spreads, natural logarithm."""
PITCH_FRAMES = 150.0
"""How many frames the pitch of a piece counts as: it is one figure, but one that the line doesn't colour."""
_ROUNDS = 4
_FLOOR = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class VoicePrint:
    """What one piece of speech tells of its speaker."""

    cepstra: NDArray[np.float64]
    """Of its frames of speech, shape (frames, dimensions)."""
    log_pitch: float | None
    """Natural logarithm of its median pitch in Hz."""

    @property
    def frames(self) -> int:
        """How many frames of speech there are."""
        return len(self.cepstra)


def voice_print(pcm: Pcm, pitch_hz: float | None) -> VoicePrint:
    """Of one piece of speech, int16 at 16 kHz, shape (n,)."""
    samples = pcm.astype(np.float64) / 32768.0
    if len(samples) < _WINDOW:
        return VoicePrint(np.zeros((0, _CEPSTRA)), None)
    framed = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::_HOP] * np.hamming(_WINDOW)
    power = np.abs(fft.rfft(framed, 512, axis=1)) ** 2
    mel = np.log(power @ _filters().T + 1e-10)
    level = mel.mean(axis=1) * (10 / np.log(10))
    loud = level > level.max() - _LOUD_DB
    cepstra = fft.dct(mel[loud], axis=1, norm="ortho")[:, 1 : _CEPSTRA + 1]
    return VoicePrint(cepstra, None if pitch_hz is None else float(np.log(pitch_hz)))


@lru_cache(maxsize=1)
def _filters() -> NDArray[np.float64]:
    """Triangles evenly spaced on the mel scale, shape (filters, bins)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in _BAND_HZ)
    edges = 700 * (10 ** (np.linspace(low, high, _MELS + 2) / 2595) - 1)
    bins = np.arange(257) * SAMPLE_RATE_HZ / 512
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    return np.asarray(np.maximum(0.0, np.minimum(rising, falling)))


@dataclass(frozen=True, slots=True, eq=False)
class _Voice:
    """Sums over some pieces, from which their Gaussian follows."""

    frames: float
    total: NDArray[np.float64]
    outer: NDArray[np.float64]
    pitched: float
    """Frames of the pieces that have a pitch."""
    pitch_total: float
    pitch_square: float

    @classmethod
    def of(cls, piece: VoicePrint) -> _Voice:
        cepstra = piece.cepstra
        known = piece.log_pitch is not None
        pitch = piece.log_pitch or 0.0
        weight = min(piece.frames, PITCH_FRAMES) if known else 0.0
        return cls(
            len(cepstra), cepstra.sum(axis=0), cepstra.T @ cepstra, weight, weight * pitch, weight * pitch * pitch
        )

    def __add__(self, other: _Voice) -> _Voice:
        return _Voice(
            self.frames + other.frames,
            self.total + other.total,
            self.outer + other.outer,
            self.pitched + other.pitched,
            self.pitch_total + other.pitch_total,
            self.pitch_square + other.pitch_square,
        )

    @property
    def mean(self) -> NDArray[np.float64]:
        return np.asarray(self.total / self.frames)

    @property
    def covariance(self) -> NDArray[np.float64]:
        return np.asarray(self.outer / self.frames - np.outer(self.mean, self.mean) + _FLOOR * np.eye(len(self.total)))

    @property
    def pitch(self) -> float:
        return self.pitch_total / self.pitched

    @property
    def cost(self) -> float:
        """Twice the negative log likelihood of its pieces under their own Gaussian, but for a constant."""
        spread = self.pitch_square - self.pitched * self.pitch**2 if self.pitched else 0.0
        return float(self.frames * np.linalg.slogdet(self.covariance)[1]) + max(0.0, spread) / PITCH_SPREAD**2


def tell_apart(pieces: Sequence[VoicePrint]) -> list[int]:
    """Which voice each piece is: 0 or 1, in the order in which they are first heard; all 0 when there is but one."""
    sure = [index for index, piece in enumerate(pieces) if piece.frames >= SURE_FRAMES]
    if len(sure) > MAX_PIECES:
        sure = [sure[place] for place in np.linspace(0, len(sure) - 1, MAX_PIECES).astype(int)]
    if len(sure) < 2 or sum(pieces[index].frames for index in sure) < LEAST_FRAMES:
        return [0] * len(pieces)
    voices = _two_voices([_Voice.of(pieces[index]) for index in sure])
    if gain(*voices) <= 0:
        return [0] * len(pieces)
    labels: list[int] = []
    for _ in range(_ROUNDS):
        labels = [_nearer(piece, voices) for piece in pieces]
        members = [[_Voice.of(pieces[index]) for index in sure if labels[index] == voice] for voice in (0, 1)]
        if not all(members):
            return [0] * len(pieces)
        voices = (_sum(members[0]), _sum(members[1]))
    if gain(*voices) <= 0:
        return [0] * len(pieces)
    return labels if not labels[0] else [1 - label for label in labels]


def gain(one: _Voice, other: _Voice) -> float:
    """How much better two Gaussians tell the frames than one, less what a second one costs: above 0, they are two."""
    both = one + other
    dimensions = len(one.total)
    parameters = dimensions + dimensions * (dimensions + 1) / 2
    return both.cost - one.cost - other.cost - PENALTY * parameters * float(np.log(both.frames))


def _two_voices(voices: list[_Voice]) -> tuple[_Voice, _Voice]:
    """Merged, the most alike first, until two are left."""
    costs = [voice.cost for voice in voices]
    apart = {
        (i, j): _apart(voices[i], voices[j], costs[i], costs[j])
        for i in range(len(voices))
        for j in range(i + 1, len(voices))
    }
    alive = dict(enumerate(voices))
    cost = dict(enumerate(costs))
    while len(alive) > 2:
        i, j = min(apart, key=apart.__getitem__)
        alive[i] = alive[i] + alive.pop(j)
        cost[i] = alive[i].cost
        apart = {pair: distance for pair, distance in apart.items() if i not in pair and j not in pair}
        for k, other in alive.items():
            if k != i:
                apart[min(i, k), max(i, k)] = _apart(alive[i], other, cost[i], cost[k])
    first, second = alive.values()
    return first, second


def _apart(one: _Voice, other: _Voice, cost_one: float, cost_other: float) -> float:
    return (one + other).cost - cost_one - cost_other


def _sum(voices: Sequence[_Voice]) -> _Voice:
    total = voices[0]
    for voice in voices[1:]:
        total = total + voice
    return total


def _nearer(piece: VoicePrint, voices: tuple[_Voice, _Voice]) -> int:
    distances = [_distance(piece, voice) for voice in voices]
    return int(distances[1] < distances[0])


def _distance(piece: VoicePrint, voice: _Voice) -> float:
    """Twice the negative log likelihood of a piece under a voice."""
    if not piece.frames:
        return 0.0
    centred = piece.cepstra - voice.mean
    covariance = voice.covariance
    mahalanobis = float(np.einsum("ij,ij->", centred, np.linalg.solve(covariance, centred.T).T))
    distance = mahalanobis + piece.frames * float(np.linalg.slogdet(covariance)[1])
    if piece.log_pitch is not None and voice.pitched:
        weight = min(piece.frames, PITCH_FRAMES)
        distance += weight * (piece.log_pitch - voice.pitch) ** 2 / PITCH_SPREAD**2
    return distance
