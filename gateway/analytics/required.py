"""Characters without which a pattern can't match, so that most patterns needn't be searched for in most sentences.

A search with a limit of time costs some 2 us however little it does; a hundred patterns would take a fifth of the time
that a sentence has. `投诉.{0,4}(?:没人|不管)` needs 投 and 诉 and one of 没人不管.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Required = list[frozenset[str]]
"""Of each set, a text must have at least one character."""

_LEAST = re.compile(r"\?|\*|\+|\{(\d*)(?:,\d*)?\}")
_GROUP = re.compile(r"\((?:\?(:|=|!|<=|<!|>))?")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_PLAIN_CLASS = re.compile(r"\[([^\^\]\\\-\[&~|][^\]\\\-\[&~|]*)\]")
_ESCAPES = frozenset("dDwWsSbB")
_COMMON = frozenset("我你的了不是有一个这那在们就都也给人要说来去到还没什么吗吧啊过好打机")
"""The characters that most sentences have, and that so tell little."""
_COMMON_WEIGHT = 8
_MOST = 4
_DEEPEST = 50


class _UnknownError(Exception):
    """Syntax that isn't looked into."""


def required(pattern: str) -> tuple[frozenset[str], ...]:
    """What a text must have for a regular expression to match, at most four sets; none when that can't be told.

    Only characters without upper and lower case count. Never raises.
    """
    reader = _Reader(pattern)
    try:
        found = reader.alternatives(0)
        if reader.at < len(pattern):
            return ()
    except (_UnknownError, IndexError):
        return ()
    return tuple(sorted(dict.fromkeys(found), key=_weight)[:_MOST])


def _weight(characters: frozenset[str]) -> int:
    """How likely a sentence has one of them."""
    return sum(_COMMON_WEIGHT if char in _COMMON else 1 for char in characters)


def _literal(char: str) -> Required:
    return [frozenset(char)] if char.isalnum() and char.lower() == char.upper() else []


class _Reader:
    """Reads the syntax that rules use; raises _UnknownError on anything else."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.at = 0

    def alternatives(self, depth: int) -> Required:
        """Up to the end of the pattern or of the group."""
        if depth > _DEEPEST:
            raise _UnknownError
        branches = [self._sequence(depth)]
        while self._next() == "|":
            self.at += 1
            branches.append(self._sequence(depth))
        if len(branches) == 1:
            return branches[0]
        if not all(branches):
            return []
        return [frozenset().union(*(min(branch, key=_weight) for branch in branches))]

    def _sequence(self, depth: int) -> Required:
        return [one for atom in self._atoms(depth) for one in atom]

    def _atoms(self, depth: int) -> Iterator[Required]:
        while (char := self._next()) and char not in "|)":
            atom = self._atom(char, depth)
            least = _LEAST.match(self._pattern, self.at)
            if least is None:
                yield atom
                continue
            self.at = least.end() + (self._pattern[least.end() : least.end() + 1] in {"?", "+"})  # lazy, possessive
            yield [] if least[0] in "?*" or (least[0][0] == "{" and int(least[1] or 0) == 0) else atom

    def _atom(self, char: str, depth: int) -> Required:
        if char == "(":
            return self._group(depth)
        if char == "[":
            return self._class()
        if char == "\\":
            escaped = self._pattern[self.at + 1]
            if escaped.isalnum() and escaped not in _ESCAPES:
                raise _UnknownError
            self.at += 2
            return []
        if char in "{}]":
            raise _UnknownError
        self.at += 1
        return [] if char in "^$." else _literal(char)

    def _group(self, depth: int) -> Required:
        opened = _GROUP.match(self._pattern, self.at)
        if opened is None or (opened[1] is None and self._pattern[self.at + 1 : self.at + 2] in {"?", "*"}):
            raise _UnknownError
        self.at = opened.end()
        inside = self.alternatives(depth + 1)
        if self._next() != ")":
            raise _UnknownError
        self.at += 1
        return inside if opened[1] in {None, ":", ">"} else []

    def _class(self) -> Required:
        whole = _CLASS.match(self._pattern, self.at)
        if whole is None:
            raise _UnknownError
        self.at = whole.end()
        plain = _PLAIN_CLASS.fullmatch(whole[0])
        if plain is None or not all(_literal(char) for char in plain[1]):
            return []
        return [frozenset(plain[1])]

    def _next(self) -> str:
        return self._pattern[self.at : self.at + 1]
