"""Values read aloud: from a value and its kind to the words, and from the words to the fragments that were recorded."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from decimal import Decimal
from typing import Any

from asr.text import (
    reading_groups,
    say_amount,
    say_data_volume,
    say_date,
    say_day,
    say_decimal,
    say_digits,
    say_integer,
    say_month,
)
from gateway.dialogue.actions import Value
from gateway.errors import PromptError

LONGEST_FRAGMENT = 5
"""Characters of the longest fragment (二零二六年, 九十九元 and the like); nothing longer is looked for."""
_X = "叉"
"""How the last sign of some identity numbers is read."""


def words(value: Value) -> tuple[str, ...]:
    """What is said for a value, in groups with a pause between: one group, except for digits.

    Raises:
        PromptError: the value is not one of its kind, or no hotline would say it.
    """
    try:
        if value.kind == "digits":
            return tuple(_spoken_digits(group) for group in reading_groups(value.value))
        return (_said(value.kind, value.value),)
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise PromptError(f"提示语不能把这个值读成 `{value.kind}`", remedy="请检查查询的结果") from error


def _spoken_digits(group: str) -> str:
    digits = group.removesuffix("X")
    return (say_digits(digits) if digits else "") + _X * (digits != group)


def _said(kind: str, value: Any) -> str:  # noqa: ANN401 -- the kind says what it is
    match kind:
        case "amount":
            return say_amount(Decimal(value))
        case "number":
            return say_decimal(Decimal(value))
        case "data":
            return say_data_volume(Decimal(value))
        case "date":
            return say_date(value)
        case "day":
            return say_day(value)
        case "month":
            return say_month(value.year, value.month)
        case "text":
            return str(value)
    raise ValueError(f"unknown kind {kind}")


def split_into_fragments(said: str, recorded: Container[str]) -> list[str]:
    """The fewest joins that a greedy eye finds: at each place the longest text that was recorded.

    Raises:
        PromptError: a character of it was never recorded.
    """
    fragments: list[str] = []
    at = 0
    while at < len(said):
        for length in range(min(LONGEST_FRAGMENT, len(said) - at), 0, -1):
            if said[at : at + length] in recorded:
                fragments.append(said[at : at + length])
                at += length
                break
        else:
            raise PromptError(f"没有录音能说“{said[at]}”", where=f"数据里的“{said}”", remedy="请看 `prompts missing`")
    return fragments


def _fragments() -> tuple[str, ...]:
    digits = "零幺二三四五六七八九"
    counted = ["两", *(say_integer(n) for n in range(100))]
    units = ["幺", "百", "千", "万", "亿", "点", "负", "元", "角", "分", "年", "月", "日", "兆", "G", _X]
    large = [say_integer(n) for scale in (100, 1000, 10_000) for n in range(scale, 10 * scale, scale)]
    money = [say_amount(Decimal(n)) for n in range(100)] + [say_amount(Decimal(n) / 10) for n in range(1, 10)]
    money += [f"零{say_integer(n)}元" for n in range(1, 10)]
    cents = [f"{zero}{say_integer(n)}分" for zero in ("", "零") for n in range(1, 10)]
    decimals = [say_decimal(Decimal(n) / 10)[1:] for n in range(1, 10)]
    months = [f"{say_integer(n)}月" for n in range(1, 13)]
    days = [f"{say_integer(n)}日" for n in range(1, 32)]
    years = [say_date(date(year, 1, 1))[:5] for year in range(2024, 2036)]
    pairs = [a + b for a in digits for b in digits]
    return tuple(dict.fromkeys([*counted, *units, *large, *money, *cents, *decimals, *months, *days, *years, *pairs]))


FRAGMENTS = _fragments()
"""What a voice records once so that every value can be said with few joins. Single characters make anything sayable;
the rest is there because 三十五元 in one breath sounds better than three words."""
