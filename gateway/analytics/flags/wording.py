"""The words and patterns of all flags, looked for in one pass over a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.analytics.flags.heard import Heard, heard
from gateway.analytics.flags.lifting import negated, reported
from gateway.analytics.flags.sounds import Repair
from gateway.analytics.flags.words import Words
from gateway.analytics.patterns import Pattern, Span

MOST_OVERRUNS = 3
"""Once so many patterns were cut off in a sentence, it is left at that: no sentence takes longer than 0.2 s."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one condition. Its place in the list is its number."""

    words: tuple[str, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    unless_words: tuple[str, ...] = ()
    unless_patterns: tuple[Pattern, ...] = ()
    negation_lifts: bool = True
    report_lifts: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """Words of a condition in a text."""

    wording: int
    """The condition's number."""
    start: int
    """Characters of the text as it was given."""
    end: int


class Wordings:
    """All of them, ready to be looked for.

    Args:
        wordings: by number.
        repair: puts right what was written by its sound.
    """

    def __init__(self, wordings: Sequence[Wording], repair: Repair) -> None:
        self._wordings = wordings
        self._repair = repair
        plain = [(heard(word).chars, number) for number, one in enumerate(wordings) for word in one.words]
        self._words = Words(dict.fromkeys(plain))
        self._unless = Words(
            dict.fromkeys((heard(word).chars, n) for n, one in enumerate(wordings) for word in one.unless_words)
        )
        self._patterns = [(pattern, number) for number, one in enumerate(wordings) for pattern in one.patterns]

    def find(self, text: str) -> tuple[Hit, ...]:
        """Any string. By condition, then from left to right; what overlaps within a condition is one."""
        told = heard(text)
        if not told.chars:
            return ()
        search = _Search(self._repair(told.chars))
        spans: dict[int, list[Span]] = {}
        for start, end, number in self._words.find(search.chars):
            spans.setdefault(number, []).append(Span(start, end))
        for pattern, number in self._patterns:
            if pattern.possible(search.characters):
                for span in search.spans(pattern):
                    spans.setdefault(number, []).append(span)
        if not spans:
            return ()
        taken_back = self._taken_back(search, spans)
        return tuple(
            Hit(number, *told.characters(*span))
            for number in sorted(spans)
            for span in merged(spans[number])
            if not self._lifted(number, told, search.chars, span, taken_back[number])
        )

    def _taken_back(self, search: _Search, numbers: Iterable[int]) -> dict[int, list[Span]]:
        """Where each condition's `unless` is."""
        found: dict[int, list[Span]] = {number: [] for number in numbers}
        for start, end, number in self._unless.find(search.chars):
            if number in found:
                found[number].append(Span(start, end))
        for number, spans in found.items():
            for pattern in self._wordings[number].unless_patterns:
                if pattern.possible(search.characters):
                    spans.extend(search.spans(pattern))
        return found

    def _lifted(self, number: int, told: Heard, chars: str, span: Span, taken_back: list[Span]) -> bool:
        wording = self._wordings[number]
        return (
            any(one.start < span.end and span.start < one.end for one in taken_back)
            or (wording.negation_lifts and negated(told, chars, span.start, span.end))
            or (wording.report_lifts and "我" not in chars[span.start : span.end] and reported(told, chars, span.start))
        )


class _Search:
    """A sentence that patterns are looked for in, until too many were cut off."""

    def __init__(self, chars: str) -> None:
        self.chars = chars
        self.characters = set(chars)
        self._overran = 0

    def spans(self, pattern: Pattern) -> list[Span]:
        """Where the pattern matches; nowhere once the sentence has taken too long."""
        if self._overran >= MOST_OVERRUNS:
            return []
        before = pattern.overruns
        found = list(pattern.spans(self.chars))
        self._overran += pattern.overruns > before
        return found


def merged(spans: Sequence[Span]) -> list[Span]:
    """From left to right, those that overlap made one."""
    whole: list[Span] = []
    for span in sorted(spans):
        if whole and span.start < whole[-1].end:
            whole[-1] = Span(whole[-1].start, max(whole[-1].end, span.end))
        else:
            whole.append(span)
    return whole
