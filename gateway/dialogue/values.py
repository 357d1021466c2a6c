"""Typed values: what slots, variables and look-ups' answers may hold, and the check that they do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from asr.text import is_id_card
from gateway.dialogue.sayable import KINDS, UnsayableError

ValueType = Literal["text", "number", "amount", "data", "digits", "phone", "id_card", "date", "month", "yes_no"]
"""Number, amount (yuan) and data (MB) are Decimal or int; date and month a `date`; yes_no bool; the rest str."""

SAID_AS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text"}),
    "choice": frozenset({"text"}),
    "number": frozenset({"number", "amount", "data"}),
    "amount": frozenset({"amount", "number"}),
    "data": frozenset({"data"}),
    "digits": frozenset({"digits"}),
    "phone": frozenset({"digits"}),
    "id_card": frozenset({"digits"}),
    "date": frozenset({"date", "day", "month"}),
    "month": frozenset({"month"}),
    "yes_no": frozenset(),
}
"""Value type -> the prompt kinds that can read it aloud."""


class WrongTypeError(Exception):
    """A value that isn't of its type."""


def _yes_no(value: Any) -> bool:  # noqa: ANN401 -- whatever the back end said
    if not isinstance(value, bool):
        raise UnsayableError("不是 `true` 或 `false`")
    return value


def _quantity(kind: str) -> Callable[[Any], Any]:
    def read(value: Any) -> int | Decimal:  # noqa: ANN401
        exact: Decimal = KINDS[kind](value)
        return value if isinstance(value, int) else exact

    return read


def _id_card(value: Any) -> str:  # noqa: ANN401
    if not (isinstance(value, str) and is_id_card(value)):
        raise UnsayableError("不是身份证号")
    return value


def _date(value: Any) -> Any:  # noqa: ANN401
    """Back ends tell days as moments, too."""
    if isinstance(value, str) and "T" in value:
        try:
            return datetime.fromisoformat(value).date()
        except ValueError as error:
            raise UnsayableError("不是日期") from error
    return KINDS["date"](value)


_READ: Mapping[str, Callable[[Any], Any]] = {
    **{kind: KINDS[kind] for kind in ("text", "digits", "month")},
    **{kind: _quantity(kind) for kind in ("number", "amount", "data")},
    "phone": KINDS["digits"],
    "id_card": _id_card,
    "date": _date,
    "yes_no": _yes_no,
}


def typed(kind: str, value: Any) -> Any:  # noqa: ANN401
    """The value in its type's one form; None stays None. Raises WrongTypeError."""
    if value is None:
        return None
    try:
        return _READ[kind](value)
    except UnsayableError as error:
        raise WrongTypeError(f"{error}，而流程里声明的类型是 `{kind}`") from error
