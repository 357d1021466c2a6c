"""The head: a small network on Whisper's encoder that spells out syllables.

Whisper's decoder writes what it has seen written: of a digit string it drops the second 8 of 88, makes prices and dates
of numbers, loops on one syllable, and in noise it prefers the phrases that it was told to expect. Its encoder hears
better than that. A projection and two convolutions over the encoded sound (trained with connectionist temporal
classification: Graves et al. 2006; recipe in bench/syllable_head) name the syllable at each 40 ms and know no
sentences at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asr.errors import ModelError
from asr.network import read_network
from asr.syllables.names import SYLLABLES

HEAD_FILE = Path(__file__).with_name("head.npz")
MASKED_HEAD_FILE = Path(__file__).with_name("masked_head.npz")
"""For what `asr.denoise.mask` let through; the two were trained together (bench/noise_mask)."""
_ARRAYS = ("mu", "project", "w0", "b0", "c1", "b1", "c2", "b2", "wo", "bo")

Encoded = NDArray[np.float32]
"""Whisper's encoding, shape (frames, 512), 20 ms a frame."""
LogProbabilities = NDArray[np.float32]
"""Natural logarithms, shape (frames // 2, classes), 40 ms a row; each row's probabilities add up to 1. The classes are
those of `asr.syllables.names`."""


class Head:
    """The trained network. Stateless: one serves all threads.

    Args:
        file: where its weights are.

    Raises:
        ModelError: the weights can't be read, or are of other syllables.
    """

    def __init__(self, file: Path = HEAD_FILE) -> None:
        stored = read_network(file, "the syllable head", (*_ARRAYS, "syllables"))
        trained = str(stored.pop("syllables"))
        self._weights: Mapping[str, NDArray[np.float32]] = {
            name: array.astype(np.float32) for name, array in stored.items()
        }
        if trained != SYLLABLES:
            raise ModelError(
                "the head was trained on other syllables", where=str(file), remedy="train it again for these"
            )

    def __call__(self, encoded: Encoded) -> LogProbabilities:
        """How likely each class is in each pair of frames."""
        weights = self._weights
        if encoded.ndim != 2 or encoded.shape[1] != len(weights["mu"]):
            raise ModelError(
                f"the encoder gives arrays of shape {encoded.shape}",
                where="whisper",
                remedy=f"the head needs {len(weights['mu'])} values a frame: use the model that it was trained on",
            )
        projected = (encoded - weights["mu"]) @ weights["project"]
        pairs = projected[: len(projected) // 2 * 2].reshape(-1, 2 * projected.shape[1])
        hidden = np.maximum(pairs @ weights["w0"] + weights["b0"], 0.0)
        for layer in ("1", "2"):
            hidden = hidden + np.maximum(_convolved(hidden, weights["c" + layer]) + weights["b" + layer], 0.0)
        scores = hidden @ weights["wo"] + weights["bo"]
        scores -= scores.max(axis=1, keepdims=True)
        log_probabilities: LogProbabilities = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return log_probabilities


def averaged(heard: Sequence[LogProbabilities]) -> LogProbabilities:
    """The mean probabilities of what was heard in several ways, all of the same shape."""
    summed: LogProbabilities = np.logaddexp.reduce(heard, axis=0)
    return summed - np.float32(np.log(len(heard)))


def _convolved(hidden: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Over each row and its two neighbours, with zeros beyond both ends; kernel of shape (3 * inputs, outputs)."""
    padded = np.pad(hidden, ((1, 1), (0, 0)))
    product: NDArray[np.float32] = np.concatenate([padded[:-2], padded[1:-1], padded[2:]], axis=1) @ kernel
    return product
