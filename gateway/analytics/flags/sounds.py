"""Words that a recogniser wrote with other characters of the same sound: 公信部 is 工信部, 转人公 is 转人工.

They are put right before any rule looks, character for character, so that rules are written once and in plain words.
Tones never count. From three syllables on, neither does what regions merge (zh/z, ch/c, sh/s, n/l, r/l, f/h, and n/ng
at the end); two syllables have too many doubles for that.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from gateway.analytics.flags.words import Words
from gateway.dialogue.grammar.pinyin import Syllable, spoken

LONG = 3
"""Syllables from which on regional mergers don't count."""
_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "h": "f", "r": "l"}
_REMEMBERED = 30_000
_READINGS = 8
"""Ways to say a word that are looked for, should its characters have several."""


def _merged(syllable: Syllable) -> str:
    return _INITIALS.get(syllable.initial, syllable.initial) + syllable.final.replace("ng", "n")


def _toneless(syllable: Syllable) -> str:
    return syllable.toneless


class _Codes(dict[str, str]):
    """Character -> one character that stands for its syllable; what can't be said stands for itself."""

    def __init__(self, *, merged: bool) -> None:
        super().__init__()
        self._name = _merged if merged else _toneless
        self._syllables: dict[str, str] = {}

    def __missing__(self, char: str) -> str:
        sound = None if char.isascii() and not char.isdigit() else spoken(char)
        code = self.of(sound.readings[0][0]) if sound and len(sound) else char
        if len(self) < _REMEMBERED:
            self[char] = code
        return code

    def of(self, syllable: Syllable) -> str:
        """The code of a syllable: a character of the private use area."""
        return self._syllables.setdefault(self._name(syllable), chr(0xE000 + len(self._syllables)))

    def word(self, word: str) -> set[str]:
        """The codes of a word: as it is said in this word, and character by character as texts are read."""
        options = [{self[char]} for char in word]
        sound = spoken(word)
        if len(sound) == len(word):
            for option, readings in zip(options, sound.readings, strict=True):
                option.update(self.of(syllable) for syllable in readings[:1])
        return {"".join(codes) for codes, _ in zip(product(*options), range(_READINGS), strict=False)}


class Repair:
    """Puts words right that were written by their sound alone.

    Args:
        words: what may have been meant. Those of `LONG` syllables or more are found across regional mergers, of two
            by the same syllables; single characters are never looked for.
        right: words that stay as they are, although they sound like one of those.
    """

    def __init__(self, words: Iterable[str], right: Iterable[str] = ()) -> None:
        self._kept = Words[None]((word, None) for word in right)
        self._long, self._short = _Sounds(merged=True), _Sounds(merged=False)
        for word in dict.fromkeys(words):
            if len(word) >= LONG:
                self._long.add(word)
            elif len(word) == LONG - 1:
                self._short.add(word)

    def __call__(self, chars: str) -> str:
        """The same number of characters."""
        found = self._long.find(chars) + self._short.find(chars)
        if not found:
            return chars
        kept = [(start, end) for start, end, _ in self._kept.find(chars)]
        taken = 0
        for start, word in sorted(found, key=lambda place: (place[0], -len(place[1]))):
            end = start + len(word)
            if start < taken or chars[start:end] == word:
                continue
            if any(begin < end and start < stop for begin, stop in kept):
                continue
            chars, taken = chars[:start] + word + chars[end:], end
        return chars


class _Sounds:
    """Words by their sound."""

    def __init__(self, *, merged: bool) -> None:
        self._codes = _Codes(merged=merged)
        self._words: dict[str, list[tuple[str, str]]] = {}

    def add(self, word: str) -> None:
        for sound in self._codes.word(word):
            self._words.setdefault(sound[:2], []).append((sound, word))

    def find(self, chars: str) -> list[tuple[int, str]]:
        """Where a word of these is said, also where it is written as it should be."""
        codes, words = self._codes, self._words
        said = "".join([codes[char] for char in chars])
        found = []
        for start in range(len(said) - 1):
            for sound, word in words.get(said[start : start + 2], ()):
                if said.startswith(sound, start):
                    found.append((start, word))
        return found
