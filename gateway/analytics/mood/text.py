"""A caller's words as the mood rules read them: simplified, lower case, without marks; and where each character was."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from asr.text.script import to_simplified
from gateway.dialogue.grammar.pinyin import spoken

MAX_CHARACTERS = 600
"""Of a turn so many are read: two minutes of speech. What follows changes no mood, but would take its time."""


@dataclass(frozen=True, slots=True)
class Plain:
    """`chars[i]` stood at `places[i]` of the text."""

    chars: str
    places: tuple[int, ...]
    breaks: frozenset[int]
    """Where a mark or a space stood: before these characters. No word and no negation reaches across. Those around a
    single character are none: 转 人 工."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Characters `start` to `end` of `chars` as characters of the text."""
        return self.places[start], self.places[end - 1] + 1

    def clause_start(self, at: int) -> int:
        """Where the clause begins that holds character `at`."""
        return max((one for one in self.breaks if one <= at), default=0)


def plain(text: str) -> Plain:
    """Any string; of long ones the first `MAX_CHARACTERS`."""
    chars: list[str] = []
    places: list[int] = []
    breaks: set[int] = set()
    for place, char in enumerate(text[:MAX_CHARACTERS]):
        if read := _read(char):
            chars.append(read)
            places.append(place)
        else:
            breaks.add(len(chars))
    spelt = {one for one in breaks if {one - 1, one + 1} & breaks}
    return Plain("".join(chars), tuple(places), frozenset(breaks - spelt))


@lru_cache(maxsize=8192)
def _read(char: str) -> str:
    """One character as it is compared; empty for marks, spaces, controls."""
    simple = to_simplified(char).lower() if not "\ud800" <= char <= "\udfff" else ""
    return simple if len(simple) == 1 and unicodedata.category(simple)[0] in "LN" else ""


@lru_cache(maxsize=8192)
def sound(char: str) -> str:
    """The likeliest syllable of a character, toneless; itself where it has none."""
    syllables = spoken(char).syllables
    return syllables[0] if syllables else char


def sounds(chars: str) -> tuple[str, ...]:
    """The syllables of a text, one for each character."""
    return tuple(map(sound, chars))
