"""What a caller corrects in a number that was read back: 不是，后四位是八零零一; 不是三八是三九; 不是，是一三九.

What could mean two different numbers means none.
"""

from __future__ import annotations

import re

from asr.text.id_cards import is_id_card
from asr.text.rhythm import LANDLINE, MOBILE, Span, group_spans, runs_of_groups
from asr.text.statements import Change, Place, Statement, change_in, misheard, statements

_SHAPE = re.compile(r"\d+|\d{17}X", re.ASCII)
_ALMOST_MOBILE = 12  # digits of a number that may be a mobile number in which too much was heard
_SHORTEST_WHOLE = 7
_CLEARLY = 2  # more wrong digits in the second nearest group than in the nearest
_HEARD_AS_IS = "14"  # 是 beside digits is heard as 十 or 四


def correct_digits(old: str, said: str) -> str | None:
    """The whole number after a caller to whom `old` was read back said what is wrong with it.

    Args:
        old: digits; the last of 18 may be X.
        said: what was heard.

    Returns:
        A number as long as `old`, or a complete new number of any length, never `old` itself; None when nothing, or
        nothing certain, was put right. Total: any strings work.
    """
    if not old:
        return None
    corrected = _corrected(old, said)
    return _corrected(old, misheard(said)) if corrected is None else corrected


def _corrected(old: str, said: str) -> str | None:
    number = old
    for statement in statements(said) or ():
        corrected = _after(number, statement)
        if corrected is None:
            return None
        number = corrected
    return number if number != old and _SHAPE.fullmatch(number) else None


def _after(number: str, statement: Statement) -> str | None:
    if not statement.values:
        # 前三位没错 says nothing new; 后四位不对 doesn't say what is right
        return number if statement.place is None or "R" in statement.order else None
    change = change_in(statement, number)
    if change is None:
        return None
    if _is_complete(number, change.new) and (statement.place is None or len(change.new) >= _SHORTEST_WHOLE):
        return change.new
    if statement.place is not None:
        if not {"I", "C"} & set(statement.order):
            change = _without_is(statement.place, change)
        span = _span(statement.place, number, len(change.new))
        if span and change.old not in {None, number[slice(*span)]}:
            return None
    else:
        span = _only_place(number, change) if change.old else _nearest_group(number, change.new)
    if span is None:
        return None
    return number[: span[0]] + change.new + number[span[1] :]


def _is_complete(old: str, new: str) -> bool:
    phone = MOBILE.fullmatch(new) or LANDLINE.fullmatch(new)
    if MOBILE.fullmatch(old) or LANDLINE.fullmatch(old):
        return phone is not None
    mobile = MOBILE.fullmatch(new) is not None and len(old) <= _ALMOST_MOBILE
    return mobile or len(new) >= len(old) or is_id_card(new)


def _without_is(place: Place, change: Change) -> Change:
    """后四位是八零零一 may be heard as 后四位18001: one digit more than the place has."""
    count = 1 if place.kind in {"nth", "from_end"} else place.count
    if count and len(change.new) == count + 1 and change.new[0] in _HEARD_AS_IS:
        return Change(change.new[1:], change.old)
    return change


def _span(place: Place, number: str, length: int) -> Span | None:
    """Where in the number the place is, when `length` digits fit it."""
    if place.kind in {"nth", "from_end", "segment", "area"}:
        spans = _exact(place, number)
    elif place.count not in {None, length}:
        spans = []
    elif place.kind == "middle":
        spans = [(start, end) for start, end in runs_of_groups(number) if start > 0 and end < len(number)]
    else:
        spans = [(0, length)] if place.kind == "first" else [(len(number) - length, len(number))]
    spans = [(start, end) for start, end in spans if 0 <= start < end <= len(number) and end - start == length]
    return spans[0] if len(spans) == 1 else None


def _exact(place: Place, number: str) -> list[Span]:
    at = (place.count or 1) - 1
    match place.kind:
        case "nth":
            return [(at, at + 1)]
        case "from_end":
            return [(len(number) - at - 1, len(number) - at)]
        case "area" if not LANDLINE.fullmatch(number):
            return []
    return group_spans(number)[at : at + 1]


def _only_place(number: str, change: Change) -> Span | None:
    """The one place of the wrong digits. They were heard in groups, so what begins in one and ends in another may not
    have been meant when something else may.
    """
    wrong = change.old or ""
    if len(wrong) != len(change.new):
        return None
    found = [(at, at + len(wrong)) for at in range(len(number)) if number.startswith(wrong, at)]
    groups, runs = group_spans(number), runs_of_groups(number)
    heard = [span for span in found if span in runs or any(a <= span[0] and span[1] <= b for a, b in groups)]
    spans = heard or found
    return spans[0] if len(spans) == 1 else None


def _nearest_group(number: str, new: str) -> Span | None:
    """The stretch of groups that the digits are meant for: as long, at least half the same, and no other nearly so."""
    ranked = sorted(
        (sum(a != b for a, b in zip(number[start:end], new, strict=True)), (start, end))
        for start, end in runs_of_groups(number)
        if end - start == len(new)
    )
    if not ranked or ranked[0][0] * 2 > len(new) or (len(ranked) > 1 and ranked[1][0] - ranked[0][0] < _CLEARLY):
        return None
    return ranked[0][1]
