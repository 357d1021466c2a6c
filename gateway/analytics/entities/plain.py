"""A text in the one form that patterns are written for, and the way back to the characters as they stand.

Every character keeps its length in this form, so that what is found has a place in the text: half-width, lower case,
the numerals and unit words of traditional script as simplified ones. White space is gone (`35 块 6`), but for one blank
between two digits (`138 0013 8000`); what may not be looked across is `BARRIER`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BARRIER = "\x00"
"""Stands for what is hidden already: nothing is found across it, and no word before it says what comes after it."""

_TRADITIONAL = (
    "兩萬億點塊圓號碼驗證電話機個這區縣鎮鄉樓單貳陸零壹參肆伍柒捌玖拾佰仟錢費業務編碼禮後遠對錯說們來從東門層戶裡"
)
_SIMPLIFIED = (
    "两万亿点块元号码验证电话机个这区县镇乡楼单二六零一三四五七八九十百千钱费业务编码礼后远对错说们来从东门层户里"
)
_FORMS = (
    {0xFF01 + offset: chr(0x21 + offset) for offset in range(94)}
    | {ord(old): new for old, new in zip(_TRADITIONAL, _SIMPLIFIED, strict=True)}
    | {ord("A") + offset: chr(ord("a") + offset) for offset in range(26)}
    | {0xFF21 + offset: chr(ord("a") + offset) for offset in range(26)}
    | {ord(old): new for old, new in zip("〇○圆俩仨壹贰叁肆陆拾佰仟￥", "零零元两三一二三四六十百千¥", strict=True)}
)
_SPACE = re.compile(r"\s")
_DIGITS = frozenset("0123456789零一二两三四五六七八九幺洞拐勾")


@dataclass(frozen=True, slots=True)
class Plain:
    """`text` is what patterns search; `places[i]` is where its character `i` stands in the original."""

    text: str
    places: tuple[int, ...] | None = None
    """None where nothing was left out."""

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where its characters `start` to `end` (not empty) stand in the original."""
        return (start, end) if self.places is None else (self.places[start], self.places[end - 1] + 1)


def plain(text: str) -> Plain:
    """Any string in the form for patterns."""
    formed = text.translate(_FORMS)
    if not _SPACE.search(formed):
        return Plain(formed)
    kept: list[str] = []
    places: list[int] = []
    for index, char in enumerate(formed):
        if char.isspace():
            continue
        if places and index - places[-1] > 1 and char in _DIGITS and kept[-1] in _DIGITS:
            kept.append(" ")
            places.append(index - 1)
        kept.append(char)
        places.append(index)
    return Plain("".join(kept), tuple(places))
