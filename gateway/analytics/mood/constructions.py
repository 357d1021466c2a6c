"""The patterns of `mood.yaml`, joined to few: each search takes 2 us to begin, and most turns hold none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.analytics.mood.rules import FILE
from gateway.analytics.patterns import Pattern, Span

AT_ONCE = 20
"""Patterns that are joined into one."""
_OWN_RULES = re.compile(r"\\[1-9gkK]|\(\?[a-zA-Z<(]")
"""A pattern with references, names or flags means something else when it is joined to others; (?<! is none of these."""
_LOOK_BEHIND = re.compile(r"\(\?<[!=]")


class Constructions:
    """Patterns that mean the same. For any thread.

    Args:
        patterns: regular expressions that `rules` has found good.
        whole: every match of every pattern is wanted, also those that overlap.
    """

    def __init__(self, patterns: Sequence[str], *, whole: bool = False) -> None:
        self._whole = whole
        plain = [one for one in patterns if not _OWN_RULES.search(_LOOK_BEHIND.sub("(", one))]
        sets = [plain[at : at + AT_ONCE] for at in range(0, len(plain), AT_ONCE)]
        self._sets = [(_joined(several), [Pattern(one, FILE) for one in several]) for several in sets]
        self._sets += [(None, [Pattern(one, FILE)]) for one in patterns if one not in plain]

    def spans(self, chars: str) -> Iterator[Span]:
        """Where they match; unless all is wanted, of patterns that were joined those that begin first."""
        for joined, patterns in self._sets:
            if joined is None or joined.off:  # too slow too often: alone, the guilty one will be found out
                searched: Sequence[Pattern] = patterns
            elif self._whole:
                searched = patterns if joined.search(chars) else ()
            else:
                searched = (joined,)
            for pattern in searched:
                yield from pattern.spans(chars)


def _joined(patterns: Sequence[str]) -> Pattern | None:
    """None for what can't be joined."""
    try:
        return Pattern("|".join(f"(?:{one})" for one in patterns), FILE) if len(patterns) > 1 else None
    except ValueError:
        return None
