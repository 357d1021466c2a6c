"""Finds the words and constructions of `mood.yaml` in a text, by their characters and by their sound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.analytics.mood.constructions import Constructions
from gateway.analytics.mood.rules import Group, MoodRules
from gateway.analytics.mood.text import Plain, sounds

SHORTEST_BY_SOUND = 3
"""Syllables of a word that is found by its sound; shorter ones have too many homophones. Of 8,300 sentences of callers,
two took 翻悔 for 返回, 差劲 for 查进 and 德行 for 得行; three found 25 wordings that were misheard, and 10 that are
other words (不满一百 for 不满意): those stand among the neutral words."""
_NEUTRAL = ""
"""In the place of a group's name."""


@dataclass(frozen=True, slots=True)
class Found:
    """Characters `start` to `end` of a plain text that belong to a group."""

    start: int
    end: int
    name: str
    group: Group
    by_pattern: bool = False


class Lexicon:
    """Every word and pattern of the rules. Immutable, for any thread."""

    def __init__(self, rules: MoodRules) -> None:
        self._groups = dict(rules.groups)
        words: dict[str, str] = {}
        heard: dict[tuple[str, ...], str] = {}
        for name, group in rules.groups.items():
            words |= dict.fromkeys(group.words, name)
            heard |= {sounds(word): name for word in group.words if group.by_sound and len(word) >= SHORTEST_BY_SOUND}
        words |= dict.fromkeys(rules.neutral.words, _NEUTRAL)
        self._words = words
        self._lengths = _lengths_by_first({tuple(word): None for word in words})
        self._heard = heard
        self._heard_lengths = _lengths_by_first(heard)
        self._neutral = Constructions(rules.neutral.patterns, whole=True)
        self._constructions = [(Constructions(group.patterns), name) for name, group in rules.groups.items()]

    def find(self, text: Plain) -> tuple[list[Found], bool]:
        """What belongs to a group, from left to right; what the neutral words and patterns cover is left out.

        With whether a neutral pattern is in it: then the caller denies a mood, or only asks about one.
        """
        chars = text.chars
        hidden = bytearray(len(chars))
        for start, end in self._neutral.spans(chars):
            hidden[start:end] = b"\1" * (end - start)
        denied = any(hidden)
        found = []
        for start, end, name in self._by_characters(text):
            if name == _NEUTRAL:
                hidden[start:end] = b"\1" * (end - start)
            else:
                found.append(Found(start, end, name, self._groups[name]))
        found += [Found(*at, self._groups[at[2]]) for at in self._by_sound(chars)]
        for several, name in self._constructions:
            found += [Found(*span, name, self._groups[name], by_pattern=True) for span in several.spans(chars)]
        shown = [one for one in found if not any(hidden[one.start : one.end])]
        return sorted(shown, key=lambda one: (one.start, one.start - one.end)), denied

    def _by_characters(self, text: Plain) -> Iterator[tuple[int, int, str]]:
        chars, at = text.chars, 0
        while at < len(chars):
            for length in self._lengths.get(chars[at], ()):
                end = at + length
                name = self._words.get(chars[at:end]) if end <= len(chars) else None
                if name is not None and text.breaks.isdisjoint(range(at + 1, end)):
                    yield at, end, name
                    at = end - 1
                    break
            at += 1

    def _by_sound(self, chars: str) -> Iterator[tuple[int, int, str]]:
        said = sounds(chars)
        at = 0
        while at < len(said):
            for length in self._heard_lengths.get(said[at], ()):
                end = at + length
                name = self._heard.get(said[at:end]) if end <= len(said) else None
                if name is not None and chars[at:end] not in self._words:
                    yield at, end, name
                    at = end - 1
                    break
            at += 1


def _lengths_by_first(words: Mapping[tuple[str, ...], object]) -> Mapping[str, Sequence[int]]:
    """Of the words that begin so, the lengths, longest first."""
    lengths: dict[str, set[int]] = {}
    for word in words:
        lengths.setdefault(word[0], set()).add(len(word))
    return {first: sorted(several, reverse=True) for first, several in lengths.items()}
