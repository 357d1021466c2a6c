"""What of a flow file couldn't be understood, as far as it matters to the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_WORD = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Unread:
    """What a flow file has that couldn't be understood, and so isn't in the flow; its mistakes are told elsewhere."""

    nodes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Full names of nodes, and every word in them."""
    words: frozenset[str] = frozenset()
    """Every word in other things."""
    more: bool = False
    """Any word may be missing, too."""

    @property
    def all_words(self) -> frozenset[str]:
        return self.words.union(*self.nodes.values())


def words_in(raw: object) -> frozenset[str]:
    """Every word in a part of a flow file that may be a name."""
    match raw:
        case str():
            return frozenset(_WORD.findall(raw))
        case dict():
            return words_in(tuple(raw.values())) | {str(key) for key in raw}
        case list() | tuple():
            return frozenset().union(*map(words_in, raw))
    return frozenset()
