"""Amounts of money as people say them: 三十五块六, 十五块零五, 两毛五, 一百五."""

from __future__ import annotations

import re
from decimal import Decimal

from asr.text.numbers import (
    DIGITS,
    INTEGER,
    NUMBER,
    NUMERALS,
    corrected,
    is_rough,
    numerals,
    only,
    parse_number,
    parse_value,
    plain_digits,
)

_CENT = Decimal("0.01")
_LARGEST = Decimal(10) ** 12

_DIGIT = f"[{DIGITS}]"
# 块 is often written 快 by a recogniser, 元 often 员; after a number they can only be money.
_YUAN = r"(?:人民币|块钱?|元钱?|快钱?|员|rmb)整?"
_NOT_A_TAIL = f"(?![{NUMERALS}点.个月年天次条分人张g])"
_TAIL = (
    rf"(?:零?(?P<jiao>{_DIGIT})[角毛](?:零?(?P<jiao_fen>{_DIGIT})(?:分钱?)?{_NOT_A_TAIL})?"
    rf"|零?(?P<fen>{_DIGIT})分钱?"
    rf"|零(?P<bare_fen>{_DIGIT}){_NOT_A_TAIL}"
    rf"|(?P<cents>{_DIGIT}{{2}}){_NOT_A_TAIL}"
    rf"|(?P<bare_jiao>{_DIGIT}){_NOT_A_TAIL}"
    r"|(?P<half>半))?"
)
AMOUNT = re.compile(
    rf"¥?(?P<yuan>{NUMBER}){_YUAN}{_TAIL}"
    rf"|¥(?P<signed>{NUMBER})"
    rf"|(?P<only_jiao>负?{INTEGER})[角毛]钱?(?:零?(?P<only_jiao_fen>{_DIGIT})(?:分钱?)?{_NOT_A_TAIL})?"
    rf"|(?P<only_fen>负?{INTEGER})(?:分钱|分$)"
)
_NOT_MONEY = re.compile(rf"百分之|%|第|[{NUMERALS}](?:个?(?:g|兆|月)|[年月天号日岁倍次])")


def parse_amount(text: str) -> Decimal | None:
    """The amount of money that was said, in yuan with two places, or None.

    None when nothing, several different amounts or a rough one (三百多块) was said, when it has more than two places,
    or when it measures something else (百分之五, 五个G). Without a unit the one number counts as yuan (一百五 is 150).
    Never raises.
    """
    spoken = corrected(numerals(text))
    spans = list(AMOUNT.finditer(spoken))
    if spans:
        value = only([None if is_rough(spoken, span) else read_amount(span) for span in spans])
    elif _NOT_MONEY.search(spoken):
        return None
    else:
        value = parse_number(spoken)
    return None if value is None else _two_places(value)


def read_amount(span: re.Match[str]) -> Decimal | None:
    """The yuan of one match of `AMOUNT`, or None when its number isn't well formed."""
    parts = {name: part for name, part in span.groupdict().items() if part is not None}
    if "signed" in parts:
        return parse_value(parts["signed"])
    if "only_jiao" in parts:
        return _signed_sum(parts["only_jiao"], 10, _small(parts, "only_jiao_fen", 1))
    if "only_fen" in parts:
        return _signed_sum(parts["only_fen"], 100, Decimal(0))
    tail = (
        _small(parts, "jiao", 10) + _small(parts, "jiao_fen", 1) + _small(parts, "fen", 1) + _small(parts, "cents", 1)
    )
    tail += _small(parts, "bare_fen", 1) + _small(parts, "bare_jiao", 10) + (Decimal("0.5") if "half" in parts else 0)
    if tail and re.search(r"[点.%半]|百分之", parts["yuan"]):
        return None
    return _signed_sum(parts["yuan"], 1, tail)


def _small(parts: dict[str, str], name: str, cents: int) -> Decimal:
    return Decimal(plain_digits(parts[name])) * cents * _CENT if name in parts else Decimal(0)


def _signed_sum(spoken: str, divisor: int, tail: Decimal) -> Decimal | None:
    value = parse_value(spoken)
    if value is None:
        return None
    return value / divisor + (-tail if spoken[0] in "负-" else tail)


def _two_places(value: Decimal) -> Decimal | None:
    if abs(value) > _LARGEST:
        return None
    rounded = value.quantize(_CENT)
    return rounded if rounded == value else None
