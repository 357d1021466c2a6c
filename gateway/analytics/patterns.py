"""Regular expressions of rule files: refused when they are bad, cut off when they don't come to an end.

The `regex` library searches with a limit of time, which Python's own `re` can't.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Set
from typing import NamedTuple

import regex

from gateway.analytics.required import required

LIMIT_S = 0.05
"""A search that takes longer finds nothing. Rules look at a sentence within microseconds."""
MAX_OVERRUNS = 3
"""After so many searches that took too long, a pattern is searched for no more: it would hold up every turn."""
MAX_CHARACTERS = 20_000
"""Of a text, so many are looked at."""
MAX_PATTERN = 10_000
"""Characters of a pattern; the library needs a second and more to compile larger ones."""

log = logging.getLogger(__name__)


_MEANINGS = {
    "missing )": "括号没有合上",
    "unbalanced parenthesis": "多了右括号",
    "nothing to repeat": "前面没有可以重复的内容",
    "multiple repeat": "重复的次数写了两遍",
    "missing ]": "方括号没有合上",
    "unterminated character set": "方括号没有合上",
    "bad character range": "方括号里的范围不对",
    "bad escape": "反斜杠后面的字符不对",
    "unknown extension": "`(?` 后面的写法不对",
    "unknown group": "没有这个组",
    "invalid group reference": "没有这个组",
    "min repeat greater than max repeat": "最少次数多于最多次数",
}
"""What the library finds wrong, by the beginning of its words."""


def _in_chinese(error: regex.error) -> str:
    return next((meaning for said, meaning in _MEANINGS.items() if str(error.msg).startswith(said)), "写法不对")


class Span(NamedTuple):
    """Characters `start` to `end` of a text."""

    start: int
    end: int


class Pattern:
    """One regular expression.

    Args:
        text: in the syntax of the `regex` library; case doesn't count.
        where: the `file:line` that it stands at, for the log.

    Raises:
        ValueError: it is no regular expression, or matches the empty text and so everything; says what and where.
    """

    def __init__(self, text: str, where: str = "") -> None:
        self.text = text
        self.where = where
        self.overruns = 0
        """Searches that were cut off."""
        if len(text) > MAX_PATTERN:
            raise ValueError(f"`{text[:20]}…` 超过 {MAX_PATTERN} 个字符；请分成几个")
        try:
            self._compiled = regex.compile(text, regex.IGNORECASE | regex.VERSION0, cache_pattern=False)
        except regex.error as error:
            place = "" if error.pos is None else f"，在第 {error.pos + 1} 个字符"
            raise ValueError(f"`{text}` 不是正则表达式{place}：{_in_chinese(error)}；请改正") from None
        except (RecursionError, OverflowError, MemoryError) as error:
            raise ValueError(f"`{text[:20]!a}` 不能当正则表达式读（{type(error).__name__}）；请改正") from None
        try:
            everything = self._compiled.fullmatch("", timeout=LIMIT_S) is not None
        except TimeoutError:
            everything = False
        if everything:
            raise ValueError(f"`{text}` 什么都能匹配，连空的也能；请改正")
        self._required = required(text)

    @property
    def off(self) -> bool:
        """It took too long too often: as long as this object lives, it finds nothing."""
        return self.overruns >= MAX_OVERRUNS

    def possible(self, characters: Set[str]) -> bool:
        """Whether it may match a text of these characters; asking costs far less than searching."""
        for needed in self._required:  # noqa: SIM110 -- a generator takes three times as long
            if needed.isdisjoint(characters):
                return False
        return True

    def spans(self, text: str) -> Iterator[Span]:
        """Where it matches, without overlaps, from left to right. After `LIMIT_S` there are no more."""
        if self.off:
            return
        try:
            # concurrent: other threads (the sound of other calls) run on while it searches.
            for found in self._compiled.finditer(text, 0, MAX_CHARACTERS, timeout=LIMIT_S, concurrent=True):
                if found.end() > found.start():
                    yield Span(*found.span())
        except TimeoutError:
            self._overran()

    def search(self, text: str) -> Span | None:
        """Its first match."""
        return next(self.spans(text), None)

    def _overran(self) -> None:
        self.overruns += 1
        if self.overruns == MAX_OVERRUNS:
            log.warning(
                "%s: the pattern '%s' took longer than %d ms %d times: it is searched for no more; write it simpler",
                self.where or "a rule file",
                self.text,
                LIMIT_S * 1000,
                MAX_OVERRUNS,
            )
