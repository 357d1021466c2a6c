"""Products and places by their names, also as a recogniser spells them: 宽代 is 宽带, 彩玲 is 彩铃.

A name of two syllables is found by its characters, or by their sound with the right tones; a longer one by its sound
without tones, with the merges of regional speech. All look-ups are of dictionaries: 400 names cost what 4 do.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.dialogue.grammar.pinyin import spoken

_MERGED_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
_MERGED_FINALS = {"ang": "an", "eng": "en", "ing": "in"}
_SHORT = 2


@dataclass(frozen=True, slots=True)
class Named:
    """A name in a text: characters `start` to `end`."""

    value: str
    start: int
    end: int


@functools.lru_cache(maxsize=16384)
def _sounds(char: str) -> tuple[str, str]:
    """Its likeliest reading: with tone, and toneless with the merges; the character itself where it has none."""
    readings = spoken(char).readings
    if not readings:
        return char, char
    first = readings[0][0]
    initial, final = first.initial, first.final
    merged = _MERGED_INITIALS.get(initial, initial) + _MERGED_FINALS.get(final, final)
    return f"{initial}{final}{first.tone}", merged


class Names:
    """A set of names.

    Args:
        names: each name as it is written, and the value that it stands for.
        by_sound: also found when they are spelt otherwise and sound the same.
    """

    def __init__(self, names: Iterable[tuple[str, str]], *, by_sound: bool = False) -> None:
        self._by_sound = by_sound
        self._written: dict[str, list[tuple[str, str]]] = defaultdict(list)
        self._spoken: dict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
        """By their first syllable."""
        self._short: dict[tuple[str, ...], str] = {}
        for name, value in names:
            plain = name.lower()
            self._written[plain[:2]].append((plain, value))
            if not by_sound or any(char.isascii() for char in plain):
                continue
            if len(plain) == _SHORT:
                self._short[tuple(_sounds(char)[0] for char in plain)] = value
            elif len(plain) > _SHORT:
                sound = tuple(_sounds(char)[1] for char in plain)
                self._spoken[sound[0]].append((sound, value))
        for written in self._written.values():
            written.sort(key=lambda one: -len(one[0]))
        for sounding in self._spoken.values():
            sounding.sort(key=lambda one: -len(one[0]))

    def find(self, text: str) -> Iterator[Named]:
        """Every name in a plain text, the longest at each place, without overlaps, from left to right."""
        sounds = [_sounds(char) for char in text] if self._by_sound else []
        at = 0
        while at < len(text):
            found = self._at(text, sounds, at)
            if found is None:
                at += 1
            else:
                yield found
                at = found.end

    def _at(self, text: str, sounds: list[tuple[str, str]], at: int) -> Named | None:
        for name, value in self._written.get(text[at : at + 2], ()):
            if text.startswith(name, at):
                return Named(value, at, at + len(name))
        if not sounds:
            return None
        for sound, value in self._spoken.get(sounds[at][1], ()):
            end = at + len(sound)
            if end <= len(text) and all(sounds[at + index][1] == one for index, one in enumerate(sound)):
                return Named(value, at, end)
        pair = tuple(one[0] for one in sounds[at : at + _SHORT])
        value = self._short.get(pair, "")
        return Named(value, at, at + _SHORT) if value else None
