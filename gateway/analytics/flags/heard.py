"""A sentence as rules look at it: one script, lower case, no punctuation, and the way back to its characters."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from asr.text import to_simplified

MAX_CHARACTERS = 5_000
"""Of a text, so many are looked at: a caller who speaks for twenty minutes without a pause."""
_REMEMBERED = 30_000
"""Characters whose plain form is kept: more than Mandarin has."""
_STOPS = frozenset("，。！？；：、,.!?;:…\n")
_PAUSE = 3
"""Characters between two spaces, on average, from which on these stand for pauses; else they part words, as some
recognisers do (我 要 销户)."""


class _Plain(dict[str, str]):
    """Character -> its simplified lower-case form; empty for what is no letter, mark or number.

    Character by character, which a look-up makes a hundred times faster than converting sentences; a few traditional
    characters with two simplified forms are settled without their neighbours.
    """

    def __missing__(self, char: str) -> str:
        plain = to_simplified(char).lower() if unicodedata.category(char)[0] in "LMN" else ""
        plain = plain if len(plain) == 1 else char if plain else ""
        if len(self) < _REMEMBERED:
            self[char] = plain
        return plain


_PLAIN = _Plain()


@dataclass(frozen=True, slots=True)
class Heard:
    """A text's letters, characters and digits in their plain form."""

    chars: str
    places: tuple[int, ...]
    """Where each of `chars` stands in the text."""
    clauses: tuple[int, ...]
    """Indexes into `chars` that a clause begins at, the first always 0; punctuation and spaces tell."""

    def clause(self, start: int) -> int:
        """Where the clause begins that `start` is in."""
        return self.clauses[bisect_right(self.clauses, start) - 1]

    def clause_end(self, start: int) -> int:
        """Where the clause ends that `start` is in."""
        following = bisect_right(self.clauses, start)
        return self.clauses[following] if following < len(self.clauses) else len(self.chars)

    def characters(self, start: int, end: int) -> tuple[int, int]:
        """Where `chars[start:end]`, not empty, stands in the text."""
        return self.places[start], self.places[end - 1] + 1


def heard(text: str) -> Heard:
    """Any string; only its first `MAX_CHARACTERS` are looked at."""
    text = text[:MAX_CHARACTERS]
    plain = [_PLAIN[char] for char in text]
    places = tuple(place for place, char in enumerate(plain) if char)
    chars = "".join(plain)
    if len(chars) == len(text):
        return Heard(chars, places, (0,))
    stops = _STOPS | {" "} if len(chars) >= _PAUSE * (text.count(" ") + 1) else _STOPS
    clauses = [0]
    kept = 0
    for raw, char in zip(text, plain, strict=True):
        if char:
            kept += 1
        elif raw in stops and clauses[-1] != kept:
            clauses.append(kept)
    return Heard(chars, places, tuple(clauses))
