"""What a model makes of one text: probabilities, and the characters that spoke for the likeliest route."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gateway.analytics.routing.features import Heard, Sounds, grams, heard
from gateway.analytics.routing.model import Model, probabilities

MAX_SPANS = 3
_SHARE = 0.25
"""Of the weightiest character's weight: characters below it didn't decide anything."""


class Read(NamedTuple):
    """What was made of a text."""

    shares: NDArray[np.float64]
    """Shape (routes,): probabilities in the model's order; they sum to 1."""
    spans: tuple[tuple[int, int], ...]
    """Characters of the text that spoke for the likeliest route, the weightiest first."""


class Reader:
    """Applies a model. Safe to share between threads."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._sounds = Sounds(model.sounds)
        self._known = {gram: number for number, gram in enumerate(model.grams)}
        self._rarity: list[float] = model.rarity.tolist()
        self._unknown = model.unknown_rarity**2

    def read(self, text: str) -> Read | None:
        """Any text; None when there is no word in it."""
        said = heard(text, self._sounds)
        if not len(said):
            return None
        counts, unknown = self._counted(said)
        model = self.model
        rows = np.fromiter(counts, np.intp, len(counts))
        values = np.array([(1.0 + math.log(len(at))) * self._rarity[row] for row, at in counts.items()], np.float32)
        norm = math.sqrt(float(values @ values) + unknown * self._unknown) or 1.0
        values /= np.float32(norm)
        found = model.weights[rows]
        shares = probabilities((values @ found + model.bias)[None], model.calibration)[0]
        likeliest = int(shares.argmax())
        spoke = values * (found[:, likeliest] - found @ shares)
        return Read(shares, _spans(said, counts, spoke))

    def _counted(self, said: Heard) -> tuple[dict[int, list[tuple[int, int]]], int]:
        """Known n-grams with where they stand, and how many different ones aren't known."""
        counts: dict[int, list[tuple[int, int]]] = {}
        unknown = set()
        known = self._known
        for gram, begin, end in grams(said):
            row = known.get(gram)
            if row is None:
                unknown.add(gram)
            elif row in counts:
                counts[row].append((begin, end))
            else:
                counts[row] = [(begin, end)]
        return counts, len(unknown)


def _spans(
    said: Heard, counts: dict[int, list[tuple[int, int]]], spoke: NDArray[np.float32]
) -> tuple[tuple[int, int], ...]:
    """Runs of characters that spoke for it: each n-gram's part is shared out evenly among its characters."""
    size = len(said.chars)
    shares = [
        (begin, end, part / (len(at) * (end - begin)))
        for at, part in zip(counts.values(), spoke.tolist(), strict=True)
        for begin, end in at
    ]
    if not shares:
        return ()
    begins, ends, parts = zip(*shares, strict=True)
    change = np.bincount(begins, parts, size + 1) - np.bincount(ends, parts, size + 1)
    of_character: list[float] = np.cumsum(change)[:size].tolist()
    of_character[0] = of_character[-1] = 0.0
    least = _SHARE * max(of_character)
    if least <= 0.0:
        return ()
    runs = _runs(of_character, least)
    runs = [run for run in runs if run[2] - run[1] > 1] or runs  # one character alone tells a reader little
    return tuple((said.places[a][0], said.places[b - 1][1]) for _, a, b in sorted(runs)[:MAX_SPANS])


def _runs(parts: Sequence[float], least: float) -> list[tuple[float, int, int]]:
    """Where parts are `least` or more, with what they sum up to, negative; over one weaker character they go on."""
    runs: list[tuple[float, int, int]] = []
    for at, part in enumerate(parts):
        if part < least:
            continue
        if runs and at - runs[-1][2] <= 1:
            runs[-1] = (runs[-1][0] - part, runs[-1][1], at + 1)
        else:
            runs.append((-part, at, at + 1))
    return runs
