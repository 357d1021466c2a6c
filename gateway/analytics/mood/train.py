"""Trains the classifier of `learned.py`; for developers: `python -m gateway.analytics.mood.train [SENTENCES.tsv...]`.

It learns from `examples.txt`, from tables with the columns `text` and `polarity` if they are given, and, at a smaller
weight, from the sentences of `routes.yaml`: those in which the rules of `mood.yaml` find a mood have that mood, and
those that only want something are neutral.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from gateway.analytics.mood.learned import CLASSES, MODEL, Learned, features
from gateway.analytics.mood.rules import load
from gateway.analytics.mood.text import plain
from gateway.analytics.mood.words import WordReader
from gateway.analytics.rulefiles import BUNDLED
from gateway.dialogue.source import read

EXAMPLES = Path(__file__).with_name("examples.txt")
ROUTES = BUNDLED / "routes.yaml"
LESS = 0.3
"""Weight of the sentences whose mood nobody wrote down."""
STRENGTH = 100.0
"""Of regularisation, inverse: 10, 30 and 100 come to the same within a point, cross-validated."""
RARE = 2
"""N-grams of fewer sentences are left out."""
RUDE_ROUTE = "service_attitude"
UNCLEAR_ROUTES = ("billing_dispute", "complaint_progress")
"""Callers who want these are discontent or not; a sentence without a word for it teaches nothing."""

Example = tuple[str, str, float]
"""Text, polarity, weight."""


def written(file: Path = EXAMPLES) -> Iterator[Example]:
    """The lines of `file`: a polarity, a tab, a sentence; # begins a comment."""
    for line in file.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            polarity, _, text = line.partition("\t")
            yield text, polarity, 1.0


def table(file: Path) -> Iterator[Example]:
    """The rows of a table with the columns `text` and `polarity`."""
    with file.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield row["text"], row["polarity"], 1.0


def of_routes(words: WordReader, file: Path = ROUTES) -> Iterator[Example]:
    """The sentences of `routes.yaml`, with the mood that the rules find in them."""
    for name, route in read(file).data["routes"].items():
        for text in route["examples"]:
            polarity = words.read(text).mood.polarity
            if polarity == "neutral" and name == RUDE_ROUTE:
                polarity = "negative"
            if polarity != "neutral" or name not in UNCLEAR_ROUTES:
                yield text, polarity, LESS


def train(examples: Iterable[Example]) -> Learned:
    """Of sentences that occur more than once the first counts."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    first: dict[str, tuple[str, float]] = {}
    for text, polarity, weight in examples:
        first.setdefault(plain(text).chars, (polarity, weight))
    vectors = DictVectorizer(dtype=np.float32)
    counted = vectors.fit_transform([_row(text) for text in first])
    often = np.flatnonzero(np.asarray((counted > 0).sum(axis=0)).ravel() >= RARE)
    model = LogisticRegression(C=STRENGTH, max_iter=500)
    labels = [CLASSES.index(polarity) for polarity, _ in first.values()]
    with threadpool_limits(1):
        model.fit(counted[:, often], labels, sample_weight=[weight for _, weight in first.values()])
    names = vectors.get_feature_names_out()[often]
    weights = {str(name): (one[0], one[1], one[2]) for name, one in zip(names, model.coef_.T.tolist(), strict=True)}
    bias = model.intercept_.tolist()
    return Learned(weights, (bias[0], bias[1], bias[2]))


def _row(text: str) -> dict[str, float]:
    grams = {gram for gram, _, _ in features(plain(text))}
    return dict.fromkeys(grams, 1 / len(grams) ** 0.5)


def main(tables: Sequence[str]) -> None:
    """Train with these tables besides, and write `MODEL`."""
    known = [*written(), *(example for file in tables for example in table(Path(file)))]
    train([*known, *of_routes(WordReader(load()))]).save(BUNDLED / MODEL)


if __name__ == "__main__":
    main(sys.argv[1:])
