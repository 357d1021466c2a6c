"""Labelled sentences of callers, and how well the analyses judge them: for the tests and for the bench.

`tests/models/sentences_open.tsv` is for everybody, to train and to tune on. `sentences_held.tsv` is held out: nobody
tunes on it, figures are told of it. Labelled twice, the second time without seeing the first labels.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sklearn.metrics import precision_recall_fscore_support

from gateway.analytics.analyser import Analyser, TextFindings

FOLDER = Path(__file__).parents[1] / "models"
OPEN, HELD = FOLDER / "sentences_open.tsv", FOLDER / "sentences_held.tsv"
NONE = "-"


class Sentence(NamedTuple):
    """A sentence and what is right for it."""

    text: str
    route: str
    polarity: str
    anger: int
    flags: frozenset[str]
    misheard: bool
    """It has errors as a recogniser makes them."""


class Judged(NamedTuple):
    """A sentence and what the analyses make of it."""

    right: Sentence
    found: TextFindings

    @property
    def flags(self) -> frozenset[str]:
        return frozenset(flag.flag for flag in self.found.flags)


def read(file: Path) -> list[Sentence]:
    """The sentences of `OPEN` or `HELD`."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [
            Sentence(
                row["text"],
                row["route"],
                row["polarity"],
                int(row["anger"]),
                frozenset(row["flags"].split()) - {NONE},
                row["asr"] == "1",
            )
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def judge(analyser: Analyser, sentences: Iterable[Sentence]) -> list[Judged]:
    """Each sentence alone, as `voice-gateway classify` does it."""
    return [Judged(sentence, analyser.text(sentence.text)) for sentence in sentences]


@dataclass(frozen=True, slots=True)
class Score:
    """Of one name: how much of what was found is right, how much of what is right was found; 0 to 1."""

    precision: float
    recall: float
    f1: float
    support: int
    """How many sentences are of that name."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How well a set of sentences was judged. Shares, 0 to 1."""

    sentences: int
    route_f1: float
    """Mean over the routes, each as heavy as any other."""
    routes: dict[str, Score]
    polarity: float
    polarity_f1: float
    polarities: dict[str, Score]
    anger: float
    anger_within_one: float
    flags: Score
    """All flags of all sentences in one (micro)."""
    by_flag: dict[str, Score]


def figures(judged: Sequence[Judged]) -> Figures:
    """How well they were judged; there must be some."""
    routes = _scores([one.right.route for one in judged], [one.found.route.route for one in judged])
    polarities = _scores([one.right.polarity for one in judged], [one.found.mood.polarity for one in judged])
    by_flag = {name: flag_score(judged, {name}) for name in sorted(_flag_names(judged))}
    off = [abs(one.right.anger - one.found.mood.anger) for one in judged]
    return Figures(
        sentences=len(judged),
        route_f1=_macro(routes),
        routes=routes,
        polarity=_share(one.right.polarity == one.found.mood.polarity for one in judged),
        polarity_f1=_macro(polarities),
        polarities=polarities,
        anger=_share(steps == 0 for steps in off),
        anger_within_one=_share(steps <= 1 for steps in off),
        flags=flag_score(judged, _flag_names(judged)),
        by_flag=by_flag,
    )


def _flag_names(judged: Iterable[Judged]) -> set[str]:
    return {flag for one in judged for flag in one.right.flags | one.flags}


def _scores(right: Sequence[str], found: Sequence[str]) -> dict[str, Score]:
    """By name, of those that are right for some sentence."""
    names = sorted(set(right))
    columns = precision_recall_fscore_support(right, found, labels=names, zero_division=0.0)
    rows = zip(names, *(column.tolist() for column in columns), strict=True)
    return {name: Score(precision, recall, f1, int(support)) for name, precision, recall, f1, support in rows}


def _macro(scores: dict[str, Score]) -> float:
    return sum(score.f1 for score in scores.values()) / len(scores)


def _share(hits: Iterable[bool]) -> float:
    counted = list(hits)
    return sum(counted) / len(counted)


def flag_score(judged: Iterable[Judged], names: set[str]) -> Score:
    """Of these flags together; 1 where there was nothing to find and nothing was found."""
    right = found = both = 0
    for one in judged:
        right += len(one.right.flags & names)
        found += len(one.flags & names)
        both += len(one.right.flags & one.flags & names)
    precision, recall = (both / found if found else 1.0), (both / right if right else 1.0)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return Score(precision, recall, f1, right)


@dataclass(frozen=True, slots=True)
class Bin:
    """Sentences whose route was held for about as probable."""

    low: float
    high: float
    sentences: int
    told: float
    """The mean of the probabilities that were told."""
    right: float
    """The share that was right."""


def reliability(judged: Sequence[Judged], bins: int = 5) -> tuple[list[Bin], float]:
    """The probabilities of the routes against how often they are right, in equally wide bins that hold something.

    With the expected calibration error: the mean distance of both, by sentences (Guo et al. 2017).
    """
    filled: list[Bin] = []
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        within = [one for one in judged if min(int(one.found.route.probability * bins), bins - 1) == number]
        if within:
            told = sum(one.found.route.probability for one in within) / len(within)
            right = _share(one.right.route == one.found.route.route for one in within)
            filled.append(Bin(low, high, len(within), told, right))
    error = sum(one.sentences * abs(one.told - one.right) for one in filled) / len(judged)
    return filled, error
