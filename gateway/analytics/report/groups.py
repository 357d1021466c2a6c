"""How calls are told apart: by hotline, node, hour, mode or route; what the database groups by, and what that means."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Integer, Subquery, Text, cast, func, literal

By = Literal["hotline", "node", "hour", "mode", "route"]
BY: tuple[By, ...] = get_args(By)
NONE = ""
"""The group of calls that have no such thing: no route found yet, no node entered."""
_QUARTER_MIN = 15

Keys = Callable[[Any], Iterable[str]]
"""The groups that a row of the database belongs to."""


def key(by: By | None, calls: Subquery) -> ColumnElement[Any]:
    """What the database groups by: columns of `calls`, which has flow, mode, route, path and started (as text)."""
    match by:
        case None:
            return literal(NONE)
        case "hotline":
            return calls.c.flow
        case "node":
            return calls.c.path  # as JSON: calls through the same nodes are one row, and are taken apart here
        case "hour":
            quarter = cast(func.substr(calls.c.started, 15, 2), Integer) // _QUARTER_MIN
            return func.substr(calls.c.started, 1, 13) + ":" + cast(quarter, Text)
        case "mode" | "route":
            return calls.c[by]


def names(by: By | None, zone: dt.tzinfo | None) -> Keys:
    """What the groups of `key` are called; hours are those of `zone`."""
    match by:
        case "node":
            return lambda raw: dict.fromkeys(json.loads(raw or "[]")) or (NONE,)
        case "hour":
            return lambda raw: (_hour(str(raw), zone),)
        case _:
            return lambda raw: (NONE if raw is None else str(raw),)


def group_of(by: By | None, hotline: str, at: dt.datetime) -> str | None:
    """The group of a caller who was turned away; None where they belong to none."""
    match by:
        case "hotline":
            return hotline
        case "hour":
            return f"{at:%H}"
        case _:
            return None


def _hour(raw: str, zone: dt.tzinfo | None) -> str:
    """From UTC in quarters, `2026-11-21 02:1`: zones lie whole quarters apart, and change during the year."""
    hour, _, quarter = raw.rpartition(":")
    begun = dt.datetime.strptime(hour, "%Y-%m-%d %H").replace(tzinfo=dt.UTC)
    return f"{(begun + dt.timedelta(minutes=int(quarter) * _QUARTER_MIN)).astimezone(zone):%H}"
