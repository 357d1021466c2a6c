"""Takes noise and other voices out of Whisper's features before they are encoded.

In babble at 5 dB half of the syllables are no longer in Whisper base's encoding. A small network hears what of each
band and moment is the caller's, and turns the rest down: a ratio mask (Wang and Chen 2018) on the log-mel features,
from convolutions over time (Bai et al. 2018). It was trained through Whisper itself to keep the syllables (recipe in
bench/noise_mask), not to please an ear: what was made for listening makes recognition worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asr.network import read_network

MASK_FILE = Path(__file__).with_name("mask.npz")

Mel = NDArray[np.float32]
"""Log-mel features as Whisper takes them, shape (80, frames), 10 ms a frame: (log10 of the power + 4) / 4."""

DILATIONS = (1, 2, 4, 8, 16, 1, 2, 4, 8, 16, 1, 2, 4, 8, 16, 32)
"""How many frames each convolution looks back and ahead."""
_ARRAYS = ("wi", "bi", "wo", "bo", *(f"{kind}{layer}" for layer in range(len(DILATIONS)) for kind in "gcb"))

DEEPEST = -3.0
"""log10 of the power that is left where nothing is the caller's."""
_RANGE = 8.0
"""Whisper's features end so many powers of ten below the loudest."""
_SMALL = 1e-4


class Mask:
    """The trained network. Stateless: one serves all threads.

    Args:
        file: where its weights are.

    Raises:
        ModelError: the weights can't be read.
    """

    def __init__(self, file: Path = MASK_FILE) -> None:
        stored = read_network(file, "the noise mask", _ARRAYS)
        self._weights: Mapping[str, NDArray[np.float32]] = {
            name: array.astype(np.float32) for name, array in stored.items()
        }

    def __call__(self, mel: Mel) -> Mel:
        """The features without what isn't the caller's, same shape; at least one frame."""
        weights, powers = self._weights, mel.T * 4.0 - 4.0
        seen = np.concatenate([0.6 * (powers - powers.max() + 3.0), powers - powers.mean(axis=0)], axis=1)
        hidden = np.maximum(seen @ weights["wi"] + weights["bi"], 0.0)
        for layer, dilation in enumerate(DILATIONS):
            around = _around(_normalised(hidden) * weights[f"g{layer}"], dilation)
            hidden = hidden + np.maximum(around @ weights[f"c{layer}"] + weights[f"b{layer}"], 0.0)
        scores = _normalised(hidden) @ weights["wo"] + weights["bo"]
        kept = np.maximum(-np.logaddexp(0.0, -scores) / np.log(10.0), DEEPEST)
        powers = powers + kept
        return np.asarray((np.maximum(powers, powers.max() - _RANGE).T + 4.0) / 4.0, np.float32)


def _normalised(hidden: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row at a mean square of one (Zhang and Sennrich 2019)."""
    rows: NDArray[np.float32] = hidden / np.sqrt((hidden * hidden).mean(axis=1, keepdims=True) + _SMALL)
    return rows


def _around(rows: NDArray[np.float32], dilation: int) -> NDArray[np.float32]:
    """Each row between the ones so far before and behind it, zeros beyond both ends; shape (rows, 3 * columns)."""
    padded = np.pad(rows, ((dilation, dilation), (0, 0)))
    return np.concatenate([padded[: len(rows)], rows, padded[2 * dilation :]], axis=1)
