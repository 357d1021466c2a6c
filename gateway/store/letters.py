"""Deliveries as an operator sees them: what waits, what is dead, and what is to be done with it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select, update
from sqlalchemy.orm import Session

from gateway.store.outbox import DEAD, DROPPED, PASSED, WAITING
from gateway.store.tables import DeliveryRow, OutboxRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One document on its way to one sink."""

    sink: str
    call_id: str
    topic: str
    key: str
    state: str
    """`waiting`, `delivered`, `dead` or `dropped`."""
    attempts: int
    """Tries that failed."""
    created_at: datetime
    """Aware, UTC, as the next two."""
    next_at: datetime
    """When it is tried next, if it waits."""
    done_at: datetime | None
    """When it arrived, was given up or dropped."""
    last_error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many documents of a sink are in a state."""

    sink: str
    state: str
    count: int
    oldest: datetime
    """When the oldest of them was written, aware, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which deliveries are meant; what is left empty does not narrow them."""

    states: Collection[str] = ()
    sink: str = ""
    call_id: str = ""
    keys: Collection[str] = ()

    def conditions(self) -> list[ColumnElement[bool]]:
        """For a query that joins `OutboxRow`."""
        wanted = [DeliveryRow.state != PASSED]
        if self.states:
            wanted.append(DeliveryRow.state.in_(self.states))
        if self.sink:
            wanted.append(DeliveryRow.sink == self.sink)
        if self.call_id:
            wanted.append(OutboxRow.call_id == self.call_id)
        if self.keys:
            wanted.append(OutboxRow.key.in_(self.keys))
        return wanted


def counts(session: Session) -> list[Count]:
    """By sink and state."""
    grouped = (
        select(DeliveryRow.sink, DeliveryRow.state, func.count(), func.min(OutboxRow.created_at))
        .join(OutboxRow, OutboxRow.id == DeliveryRow.outbox_id)
        .where(DeliveryRow.state != PASSED)
        .group_by(DeliveryRow.sink, DeliveryRow.state)
        .order_by(DeliveryRow.sink, DeliveryRow.state)
    )
    return [
        Count(sink=sink, state=state, count=count, oldest=oldest)
        for sink, state, count, oldest in session.execute(grouped)
    ]


def standing(session: Session, state: str) -> dict[str, int]:
    """How many documents are `waiting`, or `dead`, by sink: from an index alone, for metrics."""
    grouped = select(DeliveryRow.sink, func.count()).where(DeliveryRow.state == state).group_by(DeliveryRow.sink)
    return {row.sink: row[1] for row in session.execute(grouped)}


def letters(session: Session, chosen: Chosen, limit: int) -> list[Letter]:
    """The chosen ones, newest first."""
    newest = _letters(chosen).order_by(OutboxRow.id.desc(), DeliveryRow.sink).limit(limit)
    return [_letter(delivery, document) for delivery, document in session.execute(newest)]


def body(session: Session, key: str) -> dict[str, Any] | None:
    """The document with this key; None when there is none."""
    return session.scalar(select(OutboxRow.body).where(OutboxRow.key == key))


def retry(session: Session, chosen: Chosen, now: datetime) -> int:
    """Send the chosen ones that are dead or dropped once more, as if they had never been tried; returns how many.

    Later documents of their calls may have arrived meanwhile.
    """
    values = {"state": WAITING, "attempts": 0, "next_at": now, "done_at": None}
    return _change(session, chosen, (DEAD, DROPPED), values)


def drop(session: Session, chosen: Chosen, now: datetime) -> int:
    """Give up the chosen ones that are dead or wait; returns how many. What is being sent now may arrive still."""
    return _change(session, chosen, (DEAD, WAITING), {"state": DROPPED, "done_at": now})


def _change(session: Session, chosen: Chosen, states: Collection[str], values: dict[str, Any]) -> int:
    meant = exists().where(OutboxRow.id == DeliveryRow.outbox_id, *chosen.conditions())
    statement = update(DeliveryRow).where(DeliveryRow.state.in_(states), meant).values(**values)
    changed = session.connection().execute(statement)
    return changed.rowcount


def _letters(chosen: Chosen) -> Select[DeliveryRow, OutboxRow]:
    joined = select(DeliveryRow, OutboxRow).join(OutboxRow, OutboxRow.id == DeliveryRow.outbox_id)
    return joined.where(*chosen.conditions())


def _letter(delivery: DeliveryRow, document: OutboxRow) -> Letter:
    return Letter(
        sink=delivery.sink,
        call_id=document.call_id,
        topic=document.topic,
        key=document.key,
        state=delivery.state,
        attempts=delivery.attempts,
        created_at=document.created_at,
        next_at=delivery.next_at,
        done_at=delivery.done_at,
        last_error=delivery.last_error,
    )
