"""A number in the groups in which people read it and hear it read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import accumulate, combinations, pairwise

from asr.text.id_cards import ID_CARD_LENGTH

MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
LANDLINE = re.compile(r"(0(?:10|2\d|[3-9]\d\d))\d{7,8}", re.ASCII)
"""With its area code, which is the group."""

Span = tuple[int, int]
"""Where some digits begin and end in a number, the end excluded."""

_LENGTHS = {11: (3, 4, 4), ID_CARD_LENGTH: (3, 3, 4, 4, 4)}
_GROUP = 4


def reading_groups(digits: str) -> list[str]:
    """A number in the groups in which people read it.

    Mobile numbers 3-4-4, landlines their area code and the rest, identity numbers 3-3-4-4-4 (region, birth, order),
    anything else, and the rest of landlines, as even as it comes in groups of at most 4.
    """
    if area := LANDLINE.fullmatch(digits):
        return [area[1], *_even(digits[len(area[1]) :])]
    lengths = _LENGTHS.get(len(digits))
    return _cut(digits, accumulate(lengths)) if lengths else _even(digits)


def group_spans(number: str) -> list[Span]:
    """Where each group stands."""
    return list(pairwise(_ends(number)))


def runs_of_groups(number: str) -> list[Span]:
    """Every stretch of whole groups, except the whole number."""
    return [(start, end) for start, end in combinations(_ends(number), 2) if end - start < len(number)]


def _ends(number: str) -> list[int]:
    return [0, *accumulate(len(group) for group in reading_groups(number))]


def _even(digits: str) -> list[str]:
    groups = max(1, -(-len(digits) // _GROUP))
    return _cut(digits, (round(len(digits) * k / groups) for k in range(1, groups + 1)))


def _cut(digits: str, ends: Iterable[int]) -> list[str]:
    return [digits[start:end] for start, end in pairwise([0, *ends])]
