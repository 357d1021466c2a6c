"""Texts as rows of a sparse table over n-grams, weighed by how rare each n-gram is among the examples."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from gateway.analytics.routing.features import Sounds, grams, heard

FEWEST = 2
"""Examples that an n-gram must stand in to be known. Three halved the model and lost 0.01 of macro-F1."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of texts, columns of n-grams; a value is 1 + ln(how often)."""

    rows: sparse.csr_matrix
    """Shape (texts, grams), float32."""
    grams: tuple[str, ...]
    """In the order in which they were met."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """Which columns of a sheet count, and how much."""

    columns: NDArray[np.intp]
    rarity: NDArray[np.float32]
    """Shape (columns,): inverse document frequency, documents being examples with their copies."""
    unknown_rarity: float
    """Of every n-gram that isn't in `columns`."""


def sheet(texts: Iterable[str], sounds: Sounds) -> Sheet:
    """Count the n-grams of texts."""
    number: dict[str, int] = {}
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for text in texts:
        counts = Counter(gram for gram, _, _ in grams(heard(text, sounds)))
        columns += [number.setdefault(gram, len(number)) for gram in counts]
        values += [1.0 + math.log(count) for count in counts.values()]
        ends.append(len(columns))
    parts = np.array(values, np.float32), np.array(columns, np.int32), np.array(ends, np.int32)
    return Sheet(sparse.csr_matrix(parts, (len(ends) - 1, len(number))), tuple(number))


def weighing(rows: sparse.csr_matrix, copies: int) -> Weighing:
    """What to make of rows of which each example has 1 + `copies` together: a copy doesn't make a word commoner."""
    together = 1 + copies
    examples = rows.shape[0] // together
    places = np.arange(rows.shape[0])
    grouping = sparse.csr_matrix((np.ones(len(places), np.float32), (places // together, places)))
    stands_in = np.bincount((grouping @ rows).indices, minlength=rows.shape[1])
    columns = np.flatnonzero(stands_in >= FEWEST)
    rarity = np.log((1 + examples) / (1 + stands_in[columns])) + 1.0
    return Weighing(columns, rarity.astype(np.float32), math.log((1 + examples) / (1 + 1)) + 1.0)


def vectors(rows: sparse.csr_matrix, weighed: Weighing) -> sparse.csr_matrix:
    """Shape (texts, columns): of length 1 when everything in the text is known, shorter else."""
    factors = np.full(rows.shape[1], weighed.unknown_rarity, np.float32)
    factors[weighed.columns] = weighed.rarity
    whole = rows @ sparse.diags_array(factors)
    lengths = np.sqrt(np.asarray(whole.multiply(whole).sum(axis=1)).ravel())
    scaled = sparse.diags_array((1.0 / np.maximum(lengths, 1e-9)).astype(np.float32)) @ whole
    return sparse.csr_matrix(scaled.tocsc()[:, weighed.columns])
