"""What vosk says it heard, read and weighed: how sure each word is, and whether what was expected was said.

vosk gives word confidences or several readings with a score each, never both; the readings are worth more here, and
the confidences are made from them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

from asr.engines.vosk_words import Grammar, join_words, without_noises

UNLIKE_PER_S = 15.0
"""A grammar that is worse than free hearing by this much (natural log) per second of its words was made to fit.

With the Korean model and espeak-ng, a grammar alone makes something of 39 of 40 sentences that are no hint, and a whole
hint of 4; with this limit 1 is taken, and 32 of the 33 hints that were heard right. On other voices and wordings: 2 of
30 (5 without the limit) and 14 of 16. Real voices of the model's own language should pay less.
"""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as vosk heard it, times in seconds from the beginning of the stream."""

    text: str
    start_s: float
    end_s: float
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a stretch of sound."""

    words: tuple[Word, ...]
    score: float
    """Natural log of how well sound and model agree, up to a constant of the sound: higher is better."""

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(word.text for word in self.words)

    @property
    def length_s(self) -> float:
        return self.words[-1].end_s - self.words[0].start_s if self.words else 0.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was heard between two of vosk's endpoints."""

    words: tuple[Word, ...] = ()
    others: tuple[tuple[str, ...], ...] = ()
    """Other readings, likeliest first."""
    scraps: bool = False
    """Parts of expected phrases were heard, and nobody listened freely: no words are given."""


def readings_of(result: str) -> tuple[Reading, ...]:
    """vosk's JSON of `SetMaxAlternatives(n)` with words, best reading first; one without words when it is empty."""
    found = json.loads(result).get("alternatives", [])
    return tuple(
        Reading(
            tuple(Word(word["word"], float(word["start"]), float(word["end"])) for word in one.get("result", ())),
            float(one["confidence"]),
        )
        for one in found
    ) or (Reading((), 0.0),)


def weigh(readings: Sequence[Reading]) -> tuple[Word, ...]:
    """The words of the first reading with their confidences, 0.0 to 1.0.

    A word is as likely as the readings that have the same word at the same time, each by its share of the likelihood
    (word posteriors over the best readings: Wessel et al. 2001, "Confidence measures for large vocabulary continuous
    speech recognition").
    """
    highest = max(reading.score for reading in readings)
    shares = [math.exp(reading.score - highest) for reading in readings]

    def posterior(word: Word) -> float:
        having = [share for share, reading in zip(shares, readings, strict=True) if _has(reading, word)]
        return min(1.0, sum(having) / sum(shares))

    return tuple(Word(word.text, word.start_s, word.end_s, posterior(word)) for word in readings[0].words)


def _has(reading: Reading, word: Word) -> bool:
    return any(
        other.text == word.text and other.start_s < word.end_s and word.start_s < other.end_s for other in reading.words
    )


def heard_freely(free: Sequence[Reading]) -> Stretch:
    """A stretch heard without a grammar."""
    return Stretch(weigh(free), tuple(reading.texts for reading in free[1:]))


def heard_within(grammar: Grammar, expected: Sequence[Reading]) -> Stretch:
    """A stretch heard with a grammar only: whole phrases are taken, scraps of them are not."""
    best = expected[0]
    if grammar.covers(best.texts):
        return heard_freely(expected)
    return Stretch(scraps=bool(without_noises(best.texts)))


def choose(grammar: Grammar, expected: Sequence[Reading], free: Sequence[Reading]) -> Stretch:
    """The expected or the free reading of the same stretch, with the other one first among the others.

    The expected is taken when it is whole phrases and not much less like the sound than what was heard freely: a
    grammar bends anything into something, but at a price (a likelihood ratio test against a background model: Rose and
    Paul 1990, "A hidden Markov model based keyword recognition system"). The price lowers the confidence, down to half.
    """
    best, other = expected[0], free[0]
    price = max(0.0, other.score - best.score) / (UNLIKE_PER_S * best.length_s) if best.length_s else math.inf
    others = (*(reading.texts for reading in expected[1:]), *(reading.texts for reading in free[1:]))
    if not grammar.covers(best.texts) or price > 1.0:
        return Stretch(weigh(free), (best.texts, *others) if other.words else ())
    words = tuple(
        Word(word.text, word.start_s, word.end_s, word.confidence * (1.0 - price / 2)) for word in weigh(expected)
    )
    return Stretch(words, (other.texts, *others))


def text_of(stretches: Sequence[Stretch]) -> str:
    """The text of all stretches."""
    return join_words(word.text for stretch in stretches for word in stretch.words)


def others_of(stretches: Sequence[Stretch]) -> tuple[str, ...]:
    """Other texts of the whole: the second readings of all stretches, then the third ones, and so on."""
    best = [tuple(word.text for word in stretch.words) for stretch in stretches]
    found: dict[str, None] = {}
    for rank in zip_longest(*(stretch.others for stretch in stretches)):
        parts = (first if other is None else other for first, other in zip(best, rank, strict=True))
        found[join_words(word for part in parts for word in part)] = None
    return tuple(found)
