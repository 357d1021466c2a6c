"""What the rules have no words for: a small classifier over n-grams of characters and syllables.

It is asked only about turns in which `mood.yaml` finds nothing. Trained by `train.py`: multinomial logistic regression,
of which the weights are kept, and no code.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.analytics.mood.text import Plain, sounds
from gateway.errors import RulesError
from gateway.findings import Polarity

MODEL = "mood.npz"
CHARACTERS = 3
"""Of the longest n-grams; of syllables it is two."""
CLASSES: tuple[Polarity, ...] = ("negative", "neutral", "positive")
SURE = 0.65
"""From this probability on it is believed. By five-fold cross-validation over 2,081 sentences it finds half of the
discontent that the rules have no words for (50% at 0.6, 46% at 0.7), and takes 4% (2%) of the neutral turns without
words for a mood for another; of all sentences 91% (92%) are right, and 87% without it."""
FEWEST_CHARACTERS = 3
"""Of a turn that it is asked about: 嗯好 says nothing."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a turn most likely is, and its characters `start` to `end` that say so most."""

    polarity: Polarity
    probability: float
    start: int
    end: int


def features(text: Plain) -> Iterator[tuple[str, int, int]]:
    """The n-grams of a text, each with the characters that it stands for; ^ and $ are its beginning and end."""
    chars, syllables = f"^{text.chars}$", ("^", *sounds(text.chars), "$")
    last = len(text.chars)
    for at, char in enumerate(chars):
        start, end = max(0, at - 1), min(at, last)
        two, three = chars[at : at + 2], chars[at : at + CHARACTERS]
        yield char, start, end
        yield "/" + syllables[at], start, end
        if len(two) > 1:
            yield two, start, min(at + 1, last)
            yield f"/{syllables[at]}/{syllables[at + 1]}", start, min(at + 1, last)
        if len(three) == CHARACTERS:
            yield three, start, min(at + 2, last)


class Learned:
    """The classifier. Immutable, for any thread.

    Args:
        weights: of each n-gram, for each of `CLASSES`.
        bias: of each of `CLASSES`.
    """

    def __init__(self, weights: Mapping[str, tuple[float, float, float]], bias: tuple[float, float, float]) -> None:
        self._weights = dict(weights)
        self._bias = bias

    def judge(self, text: Plain) -> Judgement:
        """The likeliest polarity of a text that is not empty."""
        grams = {gram: (start, end) for gram, start, end in features(text)}
        told = [(weights, span) for gram, span in grams.items() if (weights := self._weights.get(gram))]
        share = 1 / math.sqrt(len(grams))
        columns = zip(*(weights for weights, _ in told), strict=True) if told else [(0.0,)] * len(CLASSES)
        sums = [bias + share * sum(column) for bias, column in zip(self._bias, columns, strict=True)]
        chances = [math.exp(one - max(sums)) for one in sums]
        likeliest = sums.index(max(sums))
        words = [(weights[likeliest], span) for weights, span in told if span[1] - span[0] > 1]
        _, (start, end) = max(words, default=(0.0, (0, len(text.chars))))
        return Judgement(CLASSES[likeliest], chances[likeliest] / sum(chances), start, end)

    def save(self, file: Path) -> None:
        """Write it as `load` reads it; weights are rounded to float16."""
        names = sorted(self._weights)
        np.savez_compressed(
            file,
            version=np.array(_VERSION),
            names=np.frombuffer("\n".join(names).encode(), np.uint8),
            weights=np.array([self._weights[name] for name in names], np.float16),
            bias=np.array(self._bias, np.float32),
        )

    @classmethod
    def load(cls, file: Path) -> Learned:
        """Raises RulesError when the file is not there or holds something else."""
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
                version, raw = int(held["version"]), held["names"]
                weights: NDArray[np.float16] = held["weights"]
                bias = [float(one) for one in held["bias"]]
            names = raw.tobytes().decode().split("\n")
        except Exception as error:  # border to the file system and to whatever lies there
            raise RulesError([f"{file}: 不能当情绪分类器读（{type(error).__name__}）；请重新训练"]) from error
        if version != _VERSION or weights.shape != (len(names), len(CLASSES)) or len(bias) != len(CLASSES):
            raise RulesError([f"{file}: 是别的版本的情绪分类器；请重新训练"])
        rows = weights.astype(np.float64).tolist()
        table = {name: (row[0], row[1], row[2]) for name, row in zip(names, rows, strict=True)}
        return cls(table, (bias[0], bias[1], bias[2]))
