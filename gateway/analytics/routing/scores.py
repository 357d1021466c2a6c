"""How often routes are right: precision, recall and F1 for each, and which are taken for which."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RouteFigures:
    """Of one route, each 0 to 1."""

    route: str
    precision: float
    recall: float
    f1: float
    support: int
    """Texts that really are of this route."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Texts of one route that were taken for another."""

    truth: str
    guess: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Of a set of texts with their routes."""

    macro_f1: float
    """The mean F1 of the routes that the texts have."""
    accuracy: float
    routes: tuple[RouteFigures, ...]
    confusions: tuple[Confusion, ...]
    """The commonest first."""


def figures(texts: Sequence[str], truth: Sequence[str], guesses: Sequence[str]) -> Figures:
    """Compare what was guessed with what is true; all three of one length, at least 1."""
    of_truth, of_guess = Counter(truth), Counter(guesses)
    right = Counter(name for name, guess in zip(truth, guesses, strict=True) if name == guess)
    routes = []
    for name in dict.fromkeys(truth):
        precision = right[name] / of_guess[name] if of_guess[name] else 0.0
        recall = right[name] / of_truth[name]
        f1 = 2 * right[name] / (of_guess[name] + of_truth[name])
        routes.append(RouteFigures(name, precision, recall, f1, of_truth[name]))
    wrong: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for text, name, guess in zip(texts, truth, guesses, strict=True):
        if name != guess:
            wrong[name, guess].append(text)
    confusions = [Confusion(*pair, tuple(some)) for pair, some in wrong.items()]
    confusions.sort(key=lambda one: (-len(one.texts), one.truth, one.guess))
    macro_f1 = sum(one.f1 for one in routes) / len(routes)
    return Figures(macro_f1, sum(right.values()) / len(truth), tuple(routes), tuple(confusions))
