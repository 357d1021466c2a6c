"""The orders that calls are shown in, and places in them: where a page ends and the next begins."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, RowMapping, func

from gateway.store.tables import CallRow

Sort = Literal["newest", "oldest", "longest", "shortest", "angriest"]
SORTS: tuple[Sort, ...] = get_args(Sort)
MAX_TEXT = 200
"""Characters of any value that is looked for; what is longer is cut."""
FAR_MS = 1e15
"""Beyond any call."""


def order_of(sort: Sort) -> tuple[tuple[ColumnElement[Any], ...], bool]:
    """What calls are ordered by, and whether the greatest comes first."""
    moment, name = CallRow.started_at.expression, CallRow.id.expression
    match sort:
        case "newest":
            return (moment, name), True
        case "oldest":
            return (moment, name), False
        case "longest":
            return (func.coalesce(CallRow.duration_ms, -1.0), moment, name), True
        case "shortest":
            return (func.coalesce(CallRow.duration_ms, FAR_MS), moment, name), False
        case "angriest":
            return (func.coalesce(CallRow.anger, -1), moment, name), True


def place_of(sort: Sort, row: RowMapping) -> str:
    """Behind this call; for `read_place`."""
    first: list[object] = {
        "longest": [-1.0 if row["duration_ms"] is None else row["duration_ms"]],
        "shortest": [FAR_MS if row["duration_ms"] is None else row["duration_ms"]],
        "angriest": [-1 if row["anger"] is None else row["anger"]],
    }.get(sort, [])
    told = json.dumps([sort, *first, row["started_at"].isoformat(), row["id"]], ensure_ascii=False)
    return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def read_place(sort: Sort, cursor: str) -> list[object]:
    """What `order_of` has of that call. It only tells where to begin, never what may be seen.

    Raises:
        ValueError: it isn't one, or is of another order.
    """
    try:
        told = json.loads(base64.urlsafe_b64decode(cursor[:1000] + "=" * (-len(cursor[:1000]) % 4)))
        of, *first, moment, call_id = told
        at = datetime.fromisoformat(moment)
        fits = of == sort and isinstance(call_id, str) and at.utcoffset() == timedelta(0)
        fits = fits and len(first) == len(order_of(sort)[0]) - 2
        fits = fits and all(isinstance(value, int | float) and abs(value) <= FAR_MS for value in first)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise ValueError("not the place of a page") from error
    if not fits:
        raise ValueError("the place of a page in another order")
    return [*first, at, plain(call_id)]


def plain(value: str) -> str:
    """Cut, without what nobody can read: halves of characters, which no database holds; NUL, which ends a pattern."""
    return "".join(char for char in value[:MAX_TEXT] if char.isprintable())
