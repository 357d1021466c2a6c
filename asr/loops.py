"""Loops in a recogniser's output: 查话费查话费查话费, 我要投诉，投诉, 老年人服务，老年人服务，老年人.

A decoder that doesn't find the end says the last thing again, until its bound. What is said again adds nothing that a
hotline could act on, so even a caller who does say it twice loses nothing by hearing it once. Digits are different: a
number may well be 13800138000 or 888888, so they are cut only when a whole number, seven or more of them, comes again.
"""

from __future__ import annotations

import re

_MARKS = re.compile(r"[^\w]+")
_DIGITS = re.compile(r"[\d零〇一二三四五六七八九幺两洞拐勾]+")
_WHOLE_NUMBER = 7
"""The shortest telephone number."""
_SAID_OVER = 6
"""Characters of an utterance's beginning behind its end: the decoder began the whole of it again and was cut."""
_REPLACEMENT = "\ufffd"  # what half a character decodes to: the bound cut it


def collapse_loops(text: str) -> str:
    """The text with every phrase that follows itself said once; unchanged when nothing does."""
    text = text.replace(_REPLACEMENT, "")
    clauses = [clause for clause in re.split(r"(?<=[，。、！？,.!?\s])", text) if _bare(clause)]
    kept: list[str] = []
    for index, clause in enumerate(clauses):
        last = index == len(clauses) - 1
        if not kept or not _says_again(_bare("".join(kept)), _bare(clause), cut=last):
            kept.append(clause)
    joined = text if len(kept) == len(clauses) else "".join(kept)
    return _without_periods(joined).strip()


def _bare(text: str) -> str:
    return _MARKS.sub("", text)


def _is_part_of_a_number(text: str) -> bool:
    return len(text) < _WHOLE_NUMBER and _DIGITS.fullmatch(text) is not None


def _says_again(before: str, clause: str, *, cut: bool) -> bool:
    """Whether `clause` is the end of what was said before; `cut` allows that only its beginning was said again."""
    if _is_part_of_a_number(clause):
        return False
    return before.endswith(clause) or (cut and len(clause) > 1 and before.startswith(clause))


def _without_periods(text: str) -> str:
    """Cut the repetitions of a unit at the end of the text, the last of them perhaps unfinished."""
    bare = _bare(text)
    shortest = bare
    for period in range(2, max(len(bare) // 2, len(bare) - _SAID_OVER) + 1):
        matching = _matching_tail(bare, period)
        unit_starts = len(bare) - matching - period
        unit = bare[unit_starts : unit_starts + period]
        # Two characters may double by nature (试试看看), so they need a third time.
        begun_again = unit_starts == 0 and matching >= _SAID_OVER
        if (begun_again or matching >= (period if period > 2 else 2 * period)) and not _is_part_of_a_number(unit):
            candidate = bare[: unit_starts + period]
            shortest = min(shortest, candidate, key=len)
    return text if len(shortest) == len(bare) else shortest


def _matching_tail(text: str, period: int) -> int:
    """How many characters at the end equal the one a period earlier."""
    count = 0
    while count + period < len(text) and text[-1 - count] == text[-1 - count - period]:
        count += 1
    return count
