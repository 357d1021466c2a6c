"""Regular expressions of rule files: refused when they are bad, cut off when they don't come to an end.

The `regex` library searches with a limit of time, which Python's own `re` can't.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import NamedTuple

import regex

LIMIT_S = 0.05
"""A search that takes longer finds nothing. Rules look at a sentence within microseconds."""
MAX_CHARACTERS = 20_000
"""Of a text, so many are looked at."""

log = logging.getLogger(__name__)


class Span(NamedTuple):
    """Characters `start` to `end` of a text."""

    start: int
    end: int


class Pattern:
    """One regular expression.

    Args:
        text: in the syntax of the `regex` library; case doesn't count.

    Raises:
        ValueError: it is no regular expression, or matches the empty text and so everything; says what and where.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.overruns = 0
        """Searches that were cut off."""
        try:
            self._compiled = regex.compile(text, regex.IGNORECASE | regex.VERSION0, cache_pattern=False)
        except regex.error as error:
            place = "" if error.pos is None else f" at character {error.pos + 1}"
            raise ValueError(f"'{text}' is no pattern: {error.msg}{place}") from None
        if self._compiled.fullmatch("", timeout=LIMIT_S):
            raise ValueError(f"'{text}' matches everything, also nothing at all")

    def spans(self, text: str) -> Iterator[Span]:
        """Where it matches, without overlaps, from left to right. After `LIMIT_S` there are no more."""
        try:
            for found in self._compiled.finditer(text, 0, MAX_CHARACTERS, timeout=LIMIT_S):
                if found.end() > found.start():
                    yield Span(*found.span())
        except TimeoutError:
            self.overruns += 1
            if self.overruns == 1:
                log.warning("the pattern '%s' takes longer than %d ms: it is cut off", self.text, LIMIT_S * 1000)

    def search(self, text: str) -> Span | None:
        """Its first match."""
        return next(self.spans(text), None)
