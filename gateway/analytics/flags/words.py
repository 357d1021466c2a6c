"""Many words in one pass over a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

_Meaning = TypeVar("_Meaning")


class Words(Generic[_Meaning]):
    """Words and what each stands for; a text is looked through once, however many there are."""

    def __init__(self, words: Iterable[tuple[str, _Meaning]]) -> None:
        self._by_first: dict[str, list[tuple[str, _Meaning]]] = {}
        for word, meaning in words:
            if word:
                self._by_first.setdefault(word[0], []).append((word, meaning))

    def find(self, chars: str) -> list[tuple[int, int, _Meaning]]:
        """Start, end and meaning of each word in `chars`, from left to right, overlapping ones too."""
        by_first = self._by_first
        return [
            (start, start + len(word), meaning)
            for start, char in enumerate(chars)
            if char in by_first
            for word, meaning in by_first[char]
            if chars.startswith(word, start)
        ]
