"""What can be asked of the store: plain frozen values, free of any session."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, RowMapping, String, and_, or_, select, type_coerce
from sqlalchemy.orm import Session, selectinload

from gateway.errors import StoreError
from gateway.events import Event, Turn, from_json
from gateway.findings import CallFindings
from gateway.store.record import turn_of
from gateway.store.store import Store
from gateway.store.tables import CallRow, EventRow

_FINDINGS = TypeAdapter(CallFindings)
EARLIER = 50
"""Calls of one number that are told of."""
PAGE = 200
"""Calls that a stream reads at once: so many are in memory, and the database is let go between two pages."""
_BODY = type_coerce(EventRow.body, String)
"""An event as it was written, for `from_json` to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One stored call; `ended_at`, `duration_ms`, `disposition` and `reason` are None while it is going on."""

    id: str
    flow: str
    flow_version: str
    caller_number: str
    called_number: str
    transport: str
    trunk: str
    """Empty where there are none."""
    mode: str
    started_at: datetime
    """Aware, UTC."""
    ended_at: datetime | None
    duration_ms: float | None
    disposition: str | None
    reason: str | None
    path: tuple[str, ...]
    options: tuple[str, ...]
    slots: dict[str, str]
    transfer: dict[str, Any] | None
    recording: str | None
    tickets: tuple[dict[str, Any], ...]
    """Category, summary, due, number."""
    messages: tuple[dict[str, Any], ...]
    """Node, path, start_ms, end_ms."""
    satisfaction: int | None
    """1 to 5."""
    line: dict[str, Any] | None
    """How the line was (codec, packets, loss, jitter), as its transport told it; None without a network."""
    turns: tuple[Turn, ...]
    findings: CallFindings | None = None
    """What was found in it; None for a call that is going on, or that nobody has looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which calls are asked for: those of a flow that have ended."""

    flow: str
    since: datetime | None = None
    """Those that began then or later; aware."""
    version: str | None = None
    """The flow's version as its designer wrote it, or with its digest, or the digest alone."""
    among: ColumnElement[bool] | None = None
    """What else must be true of `CallRow` (`gateway.store.search.in_scope`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldCall:
    """One ended call, with what happened in it."""

    id: str
    flow_version: str
    caller_number: str
    started_at: datetime
    """Aware, UTC."""
    disposition: str
    reason: str
    transfer: dict[str, Any] | None
    """Queue and what was handed over; None unless a human took the caller."""
    events: tuple[Event, ...]
    """Of the kinds that were asked for, in the order they were told."""


def list_calls(store: Store, limit: int = 50) -> list[CallRecord]:
    """The latest `limit` calls, newest first. Raises StoreError when the database can't be read."""
    newest = select(CallRow).order_by(CallRow.started_at.desc(), CallRow.id).limit(limit)
    with store.session() as session:
        return [_call(row) for row in session.scalars(newest.options(selectinload(CallRow.turns)))]


def get_call(store: Store, call_id: str) -> CallRecord | None:
    """One call, None when there is no such call. Raises StoreError when the database can't be read."""
    with store.session() as session:
        row = session.get(CallRow, call_id)
        return None if row is None else _call(row)


def events(store: Store, call_id: str) -> list[Event]:
    """All that happened in a call, in order. Raises StoreError when the database or an event in it can't be read."""
    told = select(EventRow.call_id, _BODY).where(EventRow.call_id == call_id).order_by(EventRow.seq)
    with store.session() as session:
        return [_event(store, call, body) for call, body in session.execute(told)]


def earlier_calls(store: Store, caller_number: str, before: datetime, within: timedelta) -> list[datetime]:
    """When the same number called before then, newest first; nothing for a withheld number. Raises StoreError."""
    if not caller_number:
        return []
    earlier = (
        select(CallRow.started_at)
        .where(
            CallRow.caller_number == caller_number, CallRow.started_at < before, CallRow.started_at >= before - within
        )
        .order_by(CallRow.started_at.desc())
        .limit(EARLIER)
    )
    with store.session() as session:
        return list(session.scalars(earlier))


def latest_recordings(store: Store, limit: int) -> list[tuple[str, str]]:
    """Of the latest calls that have ended, the id and where the recording is. Raises StoreError."""
    ended = select(CallRow.id, CallRow.recording).where(CallRow.ended_at.is_not(None), CallRow.recording.is_not(None))
    with store.session() as session:
        rows = session.execute(ended.order_by(CallRow.started_at.desc()).limit(limit)).all()
        return [(row.id, row.recording) for row in rows if row.recording]


def unread_calls(store: Store, reason: str, limit: int = 1000) -> list[str]:
    """Calls that ended for `reason` and in which nobody has looked for anything yet; the latest `limit`."""
    unread = select(CallRow.id).where(CallRow.reason == reason, CallRow.findings.is_(None))
    with store.session() as session:
        return list(session.scalars(unread.order_by(CallRow.started_at.desc()).limit(limit)))


def stream_calls(store: Store, wanted: Wanted, kinds: Collection[str]) -> Iterator[ToldCall]:
    """The wanted calls, oldest first, each with its events of these kinds, a page of calls at a time.

    Calls that end meanwhile may be among them or not. Nothing is held open while the caller works on a page.

    Raises:
        StoreError: the database, or an event in it, can't be read.
    """
    after: tuple[datetime, str] | None = None
    while True:
        with store.session() as session:
            rows = _page(session, wanted, after)
            told = _told(store, session, [row["id"] for row in rows], kinds)
        for row in rows:
            yield ToldCall(**row, events=told.get(row["id"], ()))
        if len(rows) < PAGE:
            return
        after = rows[-1]["started_at"], rows[-1]["id"]


def _page(session: Session, wanted: Wanted, after: tuple[datetime, str] | None) -> Sequence[RowMapping]:
    names = ("id", "flow_version", "caller_number", "started_at", "disposition", "reason", "transfer")
    conditions = [CallRow.flow == wanted.flow, CallRow.disposition.is_not(None)]
    if wanted.since is not None:
        conditions.append(CallRow.started_at >= wanted.since)
    if wanted.version is not None:
        conditions.append(_of_version(wanted.version))
    if wanted.among is not None:
        conditions.append(wanted.among)
    if after is not None:
        moment, call_id = after
        later = and_(CallRow.started_at == moment, CallRow.id > call_id)
        conditions.append(or_(CallRow.started_at > moment, later))
    oldest = select(*(getattr(CallRow, name) for name in names)).where(*conditions)
    return session.execute(oldest.order_by(CallRow.started_at, CallRow.id).limit(PAGE)).mappings().all()


def _of_version(version: str) -> ColumnElement[bool]:
    """A call keeps `VERSION+DIGEST`."""
    known = CallRow.flow_version
    begins, ends = known.startswith(f"{version}+", autoescape=True), known.endswith(f"+{version}", autoescape=True)
    return or_(known == version, begins, ends)


def _told(
    store: Store, session: Session, call_ids: Sequence[str], kinds: Collection[str]
) -> dict[str, tuple[Event, ...]]:
    told = (
        select(EventRow.call_id, _BODY)
        .where(EventRow.call_id.in_(call_ids), EventRow.kind.in_(kinds))
        .order_by(EventRow.call_id, EventRow.seq)
    )
    rows = groupby(session.execute(told), key=attrgetter("call_id"))
    return {call_id: tuple(_event(store, call_id, row[1]) for row in some) for call_id, some in rows}


def _event(store: Store, call_id: str, body: str) -> Event:
    try:
        return from_json(body)
    except ValueError as error:
        raise StoreError(
            f"an event of call {call_id} is unknown to this version",
            where=str(store.database),
            remedy="read it with the version that wrote it",
        ) from error


def _call(row: CallRow) -> CallRecord:
    return CallRecord(
        id=row.id,
        flow=row.flow,
        flow_version=row.flow_version,
        caller_number=row.caller_number,
        called_number=row.called_number,
        transport=row.transport,
        trunk=row.trunk,
        mode=row.mode,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration_ms=row.duration_ms,
        disposition=row.disposition,
        reason=row.reason,
        path=tuple(row.path),
        options=tuple(row.options),
        slots=row.slots,
        transfer=row.transfer,
        recording=row.recording,
        tickets=tuple(row.tickets),
        messages=tuple(row.messages),
        satisfaction=row.satisfaction,
        line=row.line,
        turns=tuple(turn_of(turn) for turn in row.turns),
        findings=None if row.findings is None else _FINDINGS.validate_python(row.findings),
    )
