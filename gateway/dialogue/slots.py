"""Slot types: what an answer, spoken or keyed, is worth as a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from asr.engine import AnswerKind
from asr.text import (
    is_id_card,
    parse_amount,
    parse_date,
    parse_digits,
    parse_id_card,
    parse_month,
    parse_number,
    parse_yes_no,
)

SlotType = Literal["digits", "phone", "id_card", "number", "amount", "date", "month", "yes_no", "choice", "text"]
YES_KEY, NO_KEY = "1", "2"
_PHONE = re.compile(r"1\d{10}|0\d{9,11}|[2-9]\d{6,7}|[149]\d{4,7}|[48]00\d{7}")
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Kind:
    """How one type reads speech and keys; None when it isn't such a value."""

    spoken: Callable[[str, date], Any]
    keyed: Callable[[str, date], Any]
    many_keys: bool = True
    """False: one key is the whole answer."""
    by_digits: bool = False
    """`min_digits` and `max_digits` hold."""
    says: str | None = None
    """The prompt kind that reads the value aloud; None: can't be read aloud."""


def _is_number(digits: str) -> bool:
    return digits.isascii() and digits.isdigit()


def _keyed_number(digits: str, _today: date) -> Decimal | None:
    return Decimal(digits) if _is_number(digits) else None


def _keyed_date(digits: str, _today: date) -> date | None:
    """20261131 is none, 20261130 is."""
    try:
        return (
            date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
            if _is_number(digits) and len(digits) == len("YYYYMMDD")
            else None
        )
    except ValueError:
        return None


def _keyed_month(digits: str, today: date) -> tuple[int, int] | None:
    """202611, or 11 for the latest November."""
    if not _is_number(digits) or len(digits) not in {1, 2, 6}:
        return None
    month = int(digits[-2:])
    if not 1 <= month <= 12:
        return None
    year = int(digits[:4]) if len(digits) > 2 else today.year - (month > today.month)
    return (year, month) if year else None


def _phone(digits: str | None) -> str | None:
    return digits if digits and _PHONE.fullmatch(digits) else None


def _digits(digits: str, _today: date) -> str | None:
    return digits if _is_number(digits) else None


def _keyed_id_card(digits: str, _today: date) -> str | None:
    """A telephone has no X: its star stands for it."""
    number = digits.replace("*", "X")
    return number if is_id_card(number) else None


def _text(text: str, _today: date) -> str | None:
    return text.strip()[:_MAX_TEXT] or None


CLOSED: Mapping[SlotType, AnswerKind] = {
    "digits": "digits",
    "phone": "phone",
    "id_card": "id_card",
    "number": "number",
    "amount": "amount",
    "date": "date",
    "month": "month",
    "yes_no": "yes_no",
}
"""What their answers are to a recogniser; those of the other types are words like any."""
KINDS: Mapping[SlotType, Kind] = {
    "digits": Kind(lambda text, _: parse_digits(text), _digits, by_digits=True, says="digits"),
    "phone": Kind(
        lambda text, _: _phone(parse_digits(text)), lambda keys, _: _phone(keys), by_digits=True, says="digits"
    ),
    "id_card": Kind(lambda text, _: parse_id_card(text), _keyed_id_card, says="digits"),
    "number": Kind(lambda text, _: parse_number(text), _keyed_number, says="number"),
    "amount": Kind(lambda text, _: parse_amount(text), _keyed_number, says="amount"),
    "date": Kind(parse_date, _keyed_date, says="date"),
    "month": Kind(parse_month, _keyed_month, says="month"),
    "yes_no": Kind(
        lambda text, _: parse_yes_no(text), lambda keys, _: {YES_KEY: True, NO_KEY: False}.get(keys), many_keys=False
    ),
    "choice": Kind(lambda _text, _today: None, lambda _keys, _today: None, many_keys=False, says="text"),
    "text": Kind(_text, lambda _keys, _today: None, many_keys=False),
}
