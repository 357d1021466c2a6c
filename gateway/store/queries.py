"""What can be asked of the store: plain frozen values, free of any session."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from gateway.errors import StoreError
from gateway.events import Event, Turn, from_json
from gateway.store.record import turn_of
from gateway.store.store import Store
from gateway.store.tables import CallRow, EventRow


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One stored call; `ended_at`, `duration_ms`, `disposition` and `reason` are None while it is going on."""

    id: str
    flow: str
    flow_version: str
    caller_number: str
    called_number: str
    transport: str
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
    turns: tuple[Turn, ...]


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
    told = select(EventRow.body).where(EventRow.call_id == call_id).order_by(EventRow.seq)
    with store.session() as session:
        try:
            return [from_json(json.dumps(body)) for body in session.scalars(told)]
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
        turns=tuple(turn_of(turn) for turn in row.turns),
    )
