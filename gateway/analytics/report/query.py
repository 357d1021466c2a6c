"""Sums over the stored calls, made by the database: 100,000 calls come out as a few hundred rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import ColumnElement, Select, String, Subquery, and_, case, func, literal, select, type_coerce
from sqlalchemy.orm import aliased

from gateway.analytics.report.groups import By, Keys, group_of, key, names
from gateway.analytics.report.sums import Sums
from gateway.findings import OTHER
from gateway.store import Store
from gateway.store.record import KILLED
from gateway.store.refusals import turned_away
from gateway.store.search import ScopeLike, in_scope
from gateway.store.tables import CallRow, EventRow

GONE_ON_WITHIN_DAYS = 3600 / 86_400
"""A lost call is gone on with within an hour of its end: what `resume_within_s` of the settings is at most."""
CONTENT = 4
"""The score from which on a caller is content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which calls, and how they are to be told apart."""

    since: dt.datetime | None = None
    """Those that began then or later; aware."""
    until: dt.datetime | None = None
    """Those that began before; aware."""
    hotline: str | None = None
    by: By | None = None
    repeat_days: int = 7
    """The N of 一次解决率 and 重复来电率."""
    scope: ScopeLike | None = None
    """Whose calls; None: everybody's. Whether a call is a repeated one is judged by all calls all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was asked for."""

    asked: Asked
    total: Sums
    groups: Mapping[str, Sums]
    """By hotline, mode, route; by hour, `00` to `23`; by node: of the calls that came through it, so that a call is in
    several groups. Empty unless asked for."""


def report(store: Store, asked: Asked, now: dt.datetime) -> Report:
    """The sums of the stored calls.

    Args:
        now: aware; its time zone is the one whose hours are told.

    Raises:
        StoreError: the database can't be read.
    """
    with store.session() as session:
        rows = session.execute(_statement(asked, now)).all()
        away = turned_away(session, since=asked.since, until=asked.until, hotline=asked.hotline, scope=asked.scope)
    columns = [one.name for one in fields(Sums)]
    parts = [(row[0], Sums(**{name: value or 0 for name, value in zip(columns, row[1:], strict=True)})) for row in rows]
    total = sum((sums for _, sums in parts), Sums(turned_away=sum(one.count for one in away)))
    groups = _grouped(parts, names(asked.by, now.tzinfo)) if asked.by else {}
    for one in away:
        if (name := group_of(asked.by, one.hotline, one.minute.astimezone(now.tzinfo))) is not None:
            groups[name] = groups.get(name, Sums()) + Sums(turned_away=one.count)
    return Report(asked=asked, total=total, groups=dict(sorted(groups.items())))


def _grouped(parts: Iterable[tuple[Any, Sums]], keys: Keys) -> dict[str, Sums]:
    groups: dict[str, Sums] = {}
    for raw, sums in parts:
        for name in keys(raw):
            groups[name] = groups.get(name, Sums()) + sums
    return groups


def _statement(asked: Asked, now: dt.datetime) -> Select[Any]:
    calls = _calls(asked)
    group = key(asked.by, calls)
    wanted = [
        calls.c.started_at >= asked.since if asked.since else None,
        calls.c.started_at < asked.until if asked.until else None,
        calls.c.flow == asked.hotline if asked.hotline is not None else None,
        calls.c.in_scope if asked.scope is not None else None,
    ]
    conditions = [one for one in wanted if one is not None]
    return select(group, *_sums(calls, asked, now)).where(*conditions).group_by(group)


def _calls(asked: Asked) -> Subquery:
    """Calls of the time that is asked for and of `repeat_days` around it, each with how many days after the last call
    of the same number it began, and how many days before the next one about the same route.
    """
    around = dt.timedelta(days=asked.repeat_days)
    number, moment = CallRow.caller_number, func.julianday(CallRow.started_at)
    in_order = (CallRow.started_at, CallRow.id)
    earlier = func.lag(moment).over(partition_by=number, order_by=in_order)
    later = func.lead(moment).over(partition_by=(number, CallRow.route), order_by=in_order)
    wanted: list[ColumnElement[bool]] = [
        CallRow.id.not_in(_gone_on_with(asked.since - around if asked.since else None))
    ]
    if asked.since:
        wanted.append(CallRow.started_at >= asked.since - around)
    if asked.until:
        wanted.append(CallRow.started_at < asked.until + around)
    return (
        select(
            *(CallRow.flow, CallRow.mode, CallRow.route, CallRow.started_at, CallRow.caller_number),
            *(CallRow.disposition, CallRow.reason, CallRow.duration_ms, CallRow.satisfaction),
            type_coerce(CallRow.path, String).label("path"),
            type_coerce(CallRow.started_at, String).label("started"),
            (moment - earlier).label("days_after_last"),
            (later - moment).label("days_before_next"),
            *(() if asked.scope is None else (in_scope(asked.scope).label("in_scope"),)),
        )
        .where(*wanted)
        .subquery()
    )


def _gone_on_with(since: dt.datetime | None) -> Select[Any]:
    """Ids of lost calls that another call went on with: its first event says so."""
    lost, next_, first = aliased(CallRow), aliased(CallRow), aliased(EventRow)
    resumed = (
        select(lost.id)
        .join(next_, and_(next_.caller_number == lost.caller_number, next_.started_at > lost.started_at))
        .join(first, and_(first.call_id == next_.id, first.seq == 0))
        .where(
            lost.disposition.in_(("failed", "completed")),
            lost.reason.not_in((KILLED, "completed", "caller_hung_up")),
            func.julianday(next_.started_at) - func.julianday(lost.ended_at) <= GONE_ON_WITHIN_DAYS,
            first.body["resumes"].as_string() == lost.id,
        )
    )
    return resumed if since is None else resumed.where(lost.started_at >= since)


def _sums(calls: Subquery, asked: Asked, now: dt.datetime) -> list[ColumnElement[Any]]:
    """One column for each field of `Sums`, in their order."""
    call = calls.c
    ended, killed = call.disposition.is_not(None), call.reason == KILLED
    rated = and_(ended, call.satisfaction.is_not(None))
    known = and_(ended, call.caller_number != "")
    over = now - dt.timedelta(days=asked.repeat_days)
    judged = and_(known, call.route.is_not(None), call.route != OTHER, call.started_at <= over)
    timed = and_(ended, call.reason != KILLED)
    counted = {
        "running": call.disposition.is_(None),
        "ended": ended,
        "killed": killed,
        "served": call.disposition == "completed",
        "transferred": call.disposition == "transferred",
        "abandoned": call.disposition == "abandoned",
        "failed": call.disposition == "failed",
        "timed": timed,
        "rated": rated,
        "content": and_(rated, call.satisfaction >= CONTENT),
        "known": known,
        "again": and_(known, call.days_after_last <= asked.repeat_days),
        "judged": judged,
        "not_again": and_(judged, func.coalesce(call.days_before_next > asked.repeat_days, True)),
    }
    columns: dict[str, ColumnElement[Any]] = {
        name: func.sum(case((condition, 1), else_=0)) for name, condition in counted.items()
    }
    columns["calls"] = func.count()
    columns["duration_ms"] = func.sum(case((timed, call.duration_ms), else_=0.0))
    columns["turned_away"] = literal(0)
    columns["score"] = func.sum(case((rated, call.satisfaction), else_=0))
    return [columns[one.name] for one in fields(Sums)]
