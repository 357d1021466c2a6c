"""The likeliest strings of characters that a grammar allows, by prefix beam search (Graves 2012; Hannun et al. 2014).

All alignments of a string are added up, so 88 and 8 are told apart by the pause of the head between the two, and a
string's score doesn't hang on where exactly each syllable begins.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from asr.closed.grammar import Grammar
from asr.closed.sounds import CLASS_OF
from asr.syllables.head import LogProbabilities

BEAMS = 24
_NEGLIGIBLE = -9.0
"""Classes below this log probability in a frame begin no new string there."""
_STRAY_WITHIN = math.log(0.02)
"""Syllables that the grammar doesn't have are passed over as if nothing was said: within the answer (嗯) at a fiftieth
of their probability a frame, before and after it at what the grammar says."""

_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Found:
    """One string that was found."""

    syllables: str
    text: str
    """As it is written."""
    score: float
    """The natural logarithm of its probability, with the grammar's prior, relative to the best that the sound gives
    without any grammar: about 0 when the sound says just this, far below when it says something else."""


def find(log_probabilities: LogProbabilities, grammar: Grammar, *, beams: int = BEAMS) -> list[Found]:
    """Whole answers, likeliest first; empty when none was in the beam."""
    classes = {syllable: CLASS_OF[syllable] for syllable in grammar.syllables}
    kept = {CLASS_OF[syllable] for syllable in grammar.syllables if syllable not in grammar.passed_over}
    stray = sorted(set(range(1, log_probabilities.shape[1])) - kept)
    strays = np.logaddexp.reduce(log_probabilities[:, stray], axis=1)
    ends: dict[str, tuple[float, float]] = {"": (0.0, _NEVER)}
    for row, strange in zip(log_probabilities.astype(float).tolist(), strays.astype(float).tolist(), strict=True):
        likely = {syllable: row[k] for syllable, k in classes.items() if row[k] > _NEGLIGIBLE}
        ends = _kept(_after_frame(ends, row, strange, likely, grammar), beams)
    free = float(log_probabilities.max(axis=1).sum())
    found = [
        Found(syllables, grammar.written(syllables), _total(end) + grammar.prior(syllables) - free)
        for syllables, end in ends.items()
        if syllables
    ]
    return sorted((one for one in found if one.score > _NEVER), key=lambda one: -one.score)


def _after_frame(
    ends: Mapping[str, tuple[float, float]],
    row: list[float],
    strange: float,
    likely: Mapping[str, float],
    grammar: Grammar,
) -> dict[str, tuple[float, float]]:
    """`ends`: for each string, the log probability that its last frame was a pause, and that it was a syllable."""
    after: dict[str, list[float]] = {}
    for text, (paused, spoken) in ends.items():
        around = not text or grammar.prior(text) > _NEVER
        pause = _add(row[0], strange + (grammar.stray if around else _STRAY_WITHIN))
        here = after.setdefault(text, [_NEVER, _NEVER])
        here[0] = _add(here[0], _add(paused, spoken) + pause)
        last = text[-1:]
        if last:
            here[1] = _add(here[1], spoken + row[CLASS_OF[last]])
        for syllable, probability in likely.items():
            if not grammar.allows(text, syllable):
                continue
            before = paused if last and CLASS_OF[syllable] == CLASS_OF[last] else _add(paused, spoken)
            longer = after.setdefault(text + syllable, [_NEVER, _NEVER])
            longer[1] = _add(longer[1], before + probability)
    return {text: (paused, spoken) for text, (paused, spoken) in after.items()}


def _kept(ends: dict[str, tuple[float, float]], beams: int) -> dict[str, tuple[float, float]]:
    if len(ends) <= beams:
        return ends
    best = sorted(ends, key=lambda text: -_total(ends[text]))[:beams]
    return {text: ends[text] for text in best}


def _total(end: tuple[float, float]) -> float:
    return _add(*end)


def _add(one: float, other: float) -> float:
    """log(exp(one) + exp(other))."""
    high, low = (one, other) if one > other else (other, one)
    return high if low == _NEVER else high + math.log1p(math.exp(low - high))
