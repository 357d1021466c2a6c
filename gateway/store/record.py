"""One event becomes rows: the event itself, and what it changes in its call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway.errors import StoreError
from gateway.events import (
    CallAnalyzed,
    CallEnded,
    CallStarted,
    Event,
    FlagRaised,
    ModeChanged,
    RecordingStarted,
    TransferRequested,
    Turn,
    TurnFinished,
    to_json,
)
from gateway.findings import SEVERITIES, Flag, Voice
from gateway.store.fulltext import index_words
from gateway.store.tables import CallRow, EventRow, FlagRow, TurnRow
from gateway.store.tickets import fill_in

KILLED = "process_killed"
"""The `reason` of a call whose process ended before the call did."""
_RANKS: dict[str, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}
_IN_EVERY_EVENT = frozenset({"event", "call_id", "at_ms"})


def record(session: Session, seq: int, event: Event) -> None:
    """Add `event` to the open transaction of `session` as the call's number `seq`, and flush it.

    Raises:
        ValueError: the event can't be written as JSON, or a moment in it has no offset.
        StoreError: the call it belongs to was never started.
        sqlalchemy.exc.SQLAlchemyError: the database refused it.
    """
    match event:
        case CallStarted():
            session.add(_call_row(event))
        case RecordingStarted():
            _update(session, event.call_id, recording=event.path)
        case ModeChanged():
            _update(session, event.call_id, mode=event.mode)
        case TurnFinished():
            session.merge(_turn_row(event.call_id, event.turn))
            index_words(session, event.call_id)
        case TransferRequested():
            _update(session, event.call_id, queue=event.queue)  # whose call it is, already while they are rung
        case FlagRaised():
            _raise(session, event.call_id, [event.flag])
        case CallEnded():
            _end(session, event)
        case CallAnalyzed():
            _found(session, event)
    body = json.loads(to_json(event))
    session.add(EventRow(call_id=event.call_id, seq=seq, at_ms=event.at_ms, kind=event.event, body=body))
    session.flush()


def record_next(session: Session, event: Event) -> None:
    """As `record`, behind all that is stored of the call."""
    last_seq = session.scalar(select(func.max(EventRow.seq)).where(EventRow.call_id == event.call_id))
    record(session, 0 if last_seq is None else last_seq + 1, event)


def turn_of(row: TurnRow) -> Turn:
    """The turn that was stored in `row`."""
    values = {field.name: getattr(row, field.name) for field in fields(Turn)}
    voice = None if row.voice is None else Voice(**row.voice)
    return Turn(**{**values, "alternatives": tuple(row.alternatives), "voice": voice})


def end_killed_calls(session: Session) -> list[str]:
    """Close every call that a killed process left open, with what its events tell; returns the ids.

    The options are left empty: events alone don't say which answers chose one.
    """
    killed = session.scalars(select(CallRow).where(CallRow.disposition.is_(None))).all()
    for row in killed:
        bodies = session.scalars(select(EventRow.body).where(EventRow.call_id == row.id).order_by(EventRow.seq)).all()
        record_next(session, _killed(row, bodies))
    return [row.id for row in killed]


def _killed(row: CallRow, bodies: Sequence[dict[str, Any]]) -> CallEnded:
    def told(kind: str) -> list[dict[str, Any]]:
        return [body for body in bodies if body["event"] == kind]

    def facts(kind: str) -> list[dict[str, Any]]:
        return [{name: body[name] for name in body if name not in _IN_EVERY_EVENT} for body in told(kind)]

    scores = told("survey_answered")
    last_ms = max((body["at_ms"] for body in bodies), default=0.0)
    return CallEnded(
        call_id=row.id,
        at_ms=last_ms,
        disposition="failed",
        reason=KILLED,
        duration_ms=last_ms,
        path=[body["node"] for body in told("node_entered")],
        options=[],
        slots={body["slot"]: body["value"] for body in told("slot_filled")},
        turns=[turn_of(turn) for turn in row.turns],
        mode=row.mode,
        transfer=None,  # it was under way at most: who is transferred has a call that has ended
        recording=row.recording,
        tickets=facts("ticket_opened"),
        messages=facts("message_recorded"),
        satisfaction=scores[-1]["score"] if scores else None,
    )


def _call_row(event: CallStarted) -> CallRow:
    started_at = datetime.fromisoformat(event.started_at)
    if started_at.tzinfo is None:
        raise ValueError("started_at needs an offset")
    return CallRow(
        id=event.call_id,
        flow=event.flow,
        flow_version=event.flow_version,
        caller_number=event.caller_number,
        called_number=event.called_number,
        transport=event.transport,
        trunk=event.trunk,
        mode=event.mode,
        started_at=started_at,
    )


def _turn_row(call_id: str, turn: Turn) -> TurnRow:
    return TurnRow(call_id=call_id, **{**asdict(turn), "alternatives": list(turn.alternatives)})


def _raise(session: Session, call_id: str, flags: Iterable[Flag]) -> None:
    for flag in flags:
        row = FlagRow(call_id=call_id, flag=flag.flag, severity=flag.severity, at_ms=flag.at_ms, body=asdict(flag))
        session.merge(row)
    standing = select(FlagRow.flag, FlagRow.severity).where(FlagRow.call_id == call_id).order_by(FlagRow.flag)
    rows = session.execute(standing).all()
    if rows:
        names, gravest = " ".join(row.flag for row in rows), max(_RANKS.get(row.severity, 0) for row in rows)
        _update(session, call_id, flags=f" {names} ", severity=gravest)


def _found(session: Session, event: CallAnalyzed) -> None:
    found = event.findings
    _raise(session, event.call_id, found.flags)
    _update(
        session,
        event.call_id,
        route=found.route.route,
        route_probability=found.route.probability,
        polarity=found.mood.polarity,
        anger=found.mood.anger,
        findings=json.loads(to_json(event))["findings"],
    )
    if found.ticket is not None:
        fill_in(session, event.call_id, found.ticket, datetime.now(UTC))


def _update(session: Session, call_id: str, **values: object) -> None:
    session.execute(update(CallRow).where(CallRow.id == call_id).values(**values))


def _end(session: Session, event: CallEnded) -> None:
    row = session.get(CallRow, event.call_id)
    if row is None:
        raise StoreError("the call that ended was never started", where=event.call_id)
    row.ended_at = row.started_at + timedelta(milliseconds=event.duration_ms)
    row.duration_ms = event.duration_ms
    row.disposition = event.disposition
    row.reason = event.reason
    row.path = list(event.path)
    row.options = list(event.options)
    row.slots = dict(event.slots)
    row.mode = event.mode
    told: dict[str, Any] = json.loads(to_json(event))
    row.transfer = told["transfer"]  # as JSON: what is handed over may hold dates and amounts
    row.queue = (event.transfer or {}).get("queue")
    row.recording = event.recording
    row.tickets = told["tickets"]
    row.messages = told["messages"]
    row.satisfaction = event.satisfaction
    row.line = event.line
    for turn in event.turns:  # the last word on each turn; also fills in one that was lost on the way
        session.merge(_turn_row(event.call_id, turn))
    index_words(session, event.call_id)
