"""Values that a prompt reads aloud: each kind's one Python type, and a refusal of whatever can't be said."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

_LARGEST = Decimal(10) ** 12
_DIGITS = re.compile(r"[0-9]{1,32}X?")
"""The last character of an ID card's number may be an X."""


class Picked(str):
    """The value of a choice: the id of what was chosen, which a prompt says as its label."""

    __slots__ = ("label",)
    label: str

    def __new__(cls, name: str, label: str = "") -> Picked:
        """`name`: the option's id."""
        picked = super().__new__(cls, name)
        picked.label = label
        return picked


class UnsayableError(Exception):
    """A value that its kind can't say; the flow goes to the node's `on_error`."""


def _decimal(value: Any) -> Decimal:  # noqa: ANN401 -- whatever the back end said
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise UnsayableError("不是数")
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise UnsayableError("不是数") from error
    if not number.is_finite() or abs(number) > _LARGEST:
        raise UnsayableError("数太大，念不出来")
    return number


def _volume(value: Any) -> Decimal:  # noqa: ANN401
    number = _decimal(value)
    if number < 0:
        raise UnsayableError("流量不能是负数")
    return number


def _digits(value: Any) -> str:  # noqa: ANN401
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _DIGITS.fullmatch(text):
        raise UnsayableError("不是数字串")
    return text


def _date(value: Any) -> date:  # noqa: ANN401
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise UnsayableError("不是日期") from error


def _month(value: Any) -> date:  # noqa: ANN401
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        value = "-".join(f"{part:02d}" for part in value)
    if isinstance(value, str) and value.count("-") == 1:
        value += "-01"
    return _date(value).replace(day=1)


def _text(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str):
        raise UnsayableError("不是文字")
    return value.label if isinstance(value, Picked) else value


KINDS: Mapping[str, Callable[[Any], Any]] = {
    "amount": _decimal,
    "digits": _digits,
    "number": _decimal,
    "date": _date,
    "day": _date,
    "month": _month,
    "data": _volume,
    "text": _text,
}
"""Yuan as Decimal, digits as str, number as Decimal, date, day as a date said without its year, month as the date of
its first day, MB as Decimal, str."""


def sayable(kind: str, value: Any, recorded: Collection[str]) -> Any:  # noqa: ANN401
    """The value in its kind's type; a text only when it is among the `recorded` ones. Raises UnsayableError."""
    said = KINDS[kind](value)
    if kind == "text" and said not in recorded:
        raise UnsayableError("是没有录过的文字")
    return said
