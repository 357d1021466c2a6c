"""Every digit that may be part of somebody's number: misheard, in part, too long, or without a word that says so.

Wider than `gateway.analytics.entities.numbers`, for where too much hidden is better than too little. Amounts, days and
the like are among what is found here: whoever hides leaves those out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from gateway.analytics.entities.dictated import Stretch, Token, stretches
from gateway.analytics.entities.numbers import (
    WORDS,
    Asked,
    Number,
    NumberKind,
    before_it,
    groups_of,
    is_public,
    numbers_of,
)
from gateway.analytics.entities.plain import BARRIER

_RUN = 5
"""Digits in a row that are hidden whatever they are, unless they are money, data, a day, or a public number."""
_WRITTEN_GAPS = ("", " ", "-")
_DICTATED = 7
"""From so many digits on, what is dictated with pauses is a number of somebody, whatever number."""
_LONG = 10
_GROUP = 2
_TELEPHONE_FIRST = re.compile(r"1[3-9]\d|0\d{2,3}", re.ASCII)
_YEAR = re.compile(r"(?:19|20)\d\d", re.ASCII)
# Measured at 8 kHz: 校验码是 comes out as 教业马是, 将页马是要; 验证码是 as 念住马适夷.
_SOME_CODE = re.compile(r"[码马嘛妈麻][,，。、]?(?:[是时就系势适事为要夷一个了吧]{0,3})$")
_CODE_LENGTH = 4
_ABOUT = re.compile(r"手机|电话|座机|号码|身份证|银行卡|卡号|卡上|[这那]张卡|单号|账号|密码|验证码")
_NEAR = 48
"""Characters after such a word, in which groups of three digits belong to its number if all are as many as one has."""
_SHORTEST_GROUP = 3


def all_digits(text: str, asked: Asked) -> Iterator[Number]:
    """All in a plain text; some overlap."""
    found = list(stretches(text))
    for stretch in found:
        numbers = list(numbers_of(stretch, text, asked))
        yield from numbers
        if kind := _hidden_kind(stretch, numbers, text, asked):
            yield from (Number(kind, token.digits, token.start, token.end) for token in stretch if not token.soft)
    yield from _near_words(text, found)


def _hidden_kind(stretch: Stretch, found: list[Number], text: str, asked: Asked) -> NumberKind | None:
    if is_public(stretch):
        return None
    before = before_it(text, stretch[0].start)
    count = sum(len(token.digits) for token in stretch if not token.soft)
    for words, kind, shortest in WORDS:
        if count >= shortest and (words.search(before) or kind in asked):
            return kind
    if count >= _CODE_LENGTH and _SOME_CODE.search(before):
        return "verification_code"
    if _longest_run(stretch, text) >= _RUN:
        return "number"
    return "number" if count >= _DICTATED and (found or _is_dictated(stretch, text, count)) else None


def _longest_run(stretch: Stretch, text: str) -> int:
    """Digits with nothing but blanks and hyphens between them: recognisers write 8-5-133."""
    certain = _certain(stretch)
    longest = run = len(certain[0].digits)
    for before, token in pairwise(certain):
        run = (run if text[before.end : token.start] in _WRITTEN_GAPS else 0) + len(token.digits)
        longest = max(longest, run)
    return longest


def _is_dictated(stretch: Stretch, text: str, count: int) -> bool:
    """Digit by digit with pauses (一三八，零零一三，八), as long as a telephone number, or beginning as those do; not
    128，158，198 and not 2024、2025、2026.
    """
    groups = groups_of(_certain(stretch))
    spoken = any(len(one.digits) >= _GROUP and not text[one.start].isascii() for one in groups)
    long = count >= _LONG and not all(_YEAR.fullmatch(one.digits) for one in groups)
    return spoken or long or _TELEPHONE_FIRST.fullmatch(groups[0].digits) is not None


def _near_words(text: str, found: list[Stretch]) -> Iterator[Number]:
    """Groups of a number that other words have come between: 我的电话你记一下158，等577341521."""
    groups = [
        group for stretch in found for group in groups_of(_certain(stretch)) if len(group.digits) >= _SHORTEST_GROUP
    ]
    if not groups:
        return
    for word in _ABOUT.finditer(text):
        end = text.find(BARRIER, word.end(), word.end() + _NEAR)
        end = word.end() + _NEAR if end < 0 else end
        first = bisect_left(groups, word.end(), key=_start)
        near = [group for group in groups[first : first + _NEAR // _SHORTEST_GROUP] if group.end <= end]
        if sum(len(group.digits) for group in near) >= _DICTATED:
            yield from (Number("number", group.digits, group.start, group.end) for group in near)


def _start(token: Token) -> int:
    return token.start


def _certain(stretch: Stretch) -> tuple[Token, ...]:
    return tuple(token for token in stretch if not token.soft)
