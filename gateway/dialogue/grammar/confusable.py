"""Phrases of different options that sound so alike that a recogniser may write one for the other.

Two phrases are told apart by one syllable that is clearly different, or that one of them lacks; so it is the worst
syllable that decides, and not the mean. A lone syllable has less: a telephone line keeps its vowel and loses its
initial, which is why 一 and 七 are confused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.dialogue.grammar.pinyin import Readings, Spoken, codes, costs, spoken

CONFUSABLE = 0.25
"""What regions merge (n/l, zh/z, f/h, an/ang; at most 0.13) with another tone, or what the line blurs (b/p, s/f; 0.2)
with the same tone. 第一个 and 第二个 (0.35) lie beyond it, as does nearly every syllable that differs in its vowel.
"""
_BLOCK = 256
"""Rows compared at once, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class Confusable:
    """Two phrases of one question that are hard to tell apart by ear."""

    option_a: str
    phrase_a: str
    option_b: str
    phrase_b: str
    distance: float
    """Mean cost per syllable, 0.0 (the same sound) to 1.0."""


@dataclass(frozen=True, slots=True)
class _Entry:
    order: int
    option: str
    phrase: str
    sound: Spoken


def confusable_pairs(phrases: Mapping[str, Sequence[str]], limit: float = CONFUSABLE) -> list[Confusable]:
    """The pairs of phrases of different options that recognition may swap, likeliest first.

    Args:
        phrases: option id -> its phrases, of one question. Phrases without a pronounceable syllable are passed over.
        limit: how far no syllable of one may sound from that of the other, as in `pinyin.costs`, 0.0 to 1.0.
    """
    said = [(option, phrase) for option, texts in phrases.items() for phrase in dict.fromkeys(texts)]
    entries = [_Entry(order, option, phrase, spoken(phrase)) for order, (option, phrase) in enumerate(said)]
    by_length: dict[int, list[_Entry]] = {}
    for entry in entries:
        by_length.setdefault(len(entry.sound), []).append(entry)
    by_length.pop(0, None)
    found = [pair for same in by_length.values() for pair in _alike(same, limit)]
    found.sort(key=lambda pair: (pair[2], pair[0].order, pair[1].order))
    return [Confusable(a.option, a.phrase, b.option, b.phrase, distance) for a, b, distance in found]


def _alike(entries: Sequence[_Entry], limit: float) -> Iterator[tuple[_Entry, _Entry, float]]:
    """Pairs among phrases of one length, and their distance."""
    distinct = list(dict.fromkeys(readings for entry in entries for readings in entry.sound.readings))
    number = {readings: index for index, readings in enumerate(distinct)}
    rows = np.array([[number[readings] for readings in entry.sound.readings] for entry in entries], np.intp)
    apart = _apart(distinct)
    near = apart <= limit
    if rows.shape[1] == 1:
        near |= _rhyming(distinct)
    options = np.array([entry.option for entry in entries])
    for start in range(0, len(rows), _BLOCK):
        block = slice(start, start + _BLOCK)
        alike = options[block, None] != options
        for column in rows.T:
            alike &= near[column[block, None], column]
        for a, b in np.argwhere(np.triu(alike, start + 1)).tolist():
            yield entries[start + a], entries[b], float(apart[rows[start + a], rows[b]].mean())


def _apart(syllables: Sequence[Readings]) -> NDArray[np.float32]:
    """How far each syllable sounds from each: shape (n, n)."""
    coded = codes(syllables)
    return np.concatenate([costs(coded[at : at + _BLOCK], coded) for at in range(0, len(coded), _BLOCK)])


def _rhyming(syllables: Sequence[Readings]) -> NDArray[np.bool_]:
    """Which syllables have the same final: shape (n, n)."""
    finals = [{syllable.final for syllable in readings} for readings in syllables]
    return np.array([[not a.isdisjoint(b) for b in finals] for a in finals], np.bool_)
