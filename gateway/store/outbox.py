"""What is to be sent: documents that wait in the store, in the order in which they are to arrive.

A document has a delivery for each place that it goes to (a sink), and every sink goes its own way. Within a call a
sink's documents go in order: one that waits, also for another try, holds back those behind it, of its own call alone.
A dead one (given up, see `gateway.store.letters`) holds back nothing.

Several threads write to the store. A transaction of SQLite that reads first and writes then is refused at once when
somebody else wrote in between; so whoever writes opens `Store.writing()`, which waits its turn before it begins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, literal, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from gateway.store.tables import DeliveryRow, OutboxRow

WAITING, DELIVERED, DEAD = "waiting", "delivered", "dead"
DROPPED = "dropped"
"""Was dead, and nobody wants it any more."""
PASSED = "passed"
"""Not for this sink; kept only of the last document that it looked at, so that the next look begins behind it."""
MAX_BATCH = 32
"""Documents of one call that are taken at once."""
LONGEST_WAIT = timedelta(hours=2)
"""No try is put off for longer. One that seems to be was put off before the machine's clock went back: it is due."""
MAX_ERROR = 300
"""Characters of `last_error`."""
CHUNK = 500
"""Rows deleted in one transaction: the calls' own writer waits no longer than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One that is to be sent to one sink."""

    id: int
    """Rising within a call."""
    call_id: str
    topic: str
    """`call` or `event`."""
    key: str
    """The idempotency key."""
    body: dict[str, Any]
    attempts: int = 0
    """Tries so far that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a try."""

    key: str
    """The document's. (Its id may be another's by now, if it was deleted meanwhile.)"""
    state: str
    """`waiting` (another try at `next_at`), `delivered` or `dead`."""
    attempts: int
    next_at: datetime
    error: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """What can be sent to a sink now."""

    batches: tuple[tuple[Parcel, ...], ...]
    """Of each call its next documents, in order; whose try was put off the longest ago first."""
    next_at: datetime | None
    """When the next one comes that is not due yet; None when there is none. Not after now: there is more."""


# -------------------------------------------------------------------------------------------------------------- writing


def put(session: Session, call_id: str, topic: str, key: str, body: dict[str, Any], created_at: datetime) -> None:
    """Add a document to the open transaction of `session`; one whose `key` is there already is not added again."""
    row = {"call_id": call_id, "topic": topic, "key": key, "body": body, "created_at": created_at}
    session.execute(insert(OutboxRow).values(row).on_conflict_do_nothing(index_elements=["key"]))


def has_new(session: Session, sink: str) -> bool:
    """Documents came since `sink` looked last."""
    newest = session.scalar(select(func.max(OutboxRow.id)))
    return newest is not None and newest > (session.scalar(_seen(sink)) or 0)


def adopt(session: Session, sink: str, topics: Collection[str]) -> None:
    """Make the deliveries of the documents that came since `sink` looked last. A new sink gets all that are kept."""
    is_new = OutboxRow.id > _seen(sink).scalar_subquery()
    columns = ["sink", "outbox_id", "state", "attempts", "next_at", "last_error"]
    wanted = select(literal(sink), OutboxRow.id, literal(WAITING), literal(0), OutboxRow.created_at, literal("")).where(
        is_new, OutboxRow.topic.in_(topics)
    )
    newest = session.scalar(select(func.max(OutboxRow.id)))
    session.execute(plain_insert(DeliveryRow).from_select(columns, wanted.order_by(OutboxRow.id)))
    last = select(literal(sink), OutboxRow.id, literal(PASSED), literal(0), OutboxRow.created_at, literal(""))
    session.execute(delete(DeliveryRow).where(DeliveryRow.sink == sink, DeliveryRow.state == PASSED))
    session.execute(plain_insert(DeliveryRow).from_select(columns, last.where(is_new, OutboxRow.id == newest)))


def settle(session: Session, sink: str, results: Iterable[Settled], now: datetime) -> None:
    """Note what became of tries. What was dropped meanwhile stays so, unless it arrived after all."""
    for one in results:
        document = select(OutboxRow.id).where(OutboxRow.key == one.key).scalar_subquery()
        row = (DeliveryRow.sink == sink) & (DeliveryRow.outbox_id == document)
        if one.state != DELIVERED:
            row &= DeliveryRow.state == WAITING
        session.execute(
            update(DeliveryRow)
            .where(row)
            .values(
                state=one.state,
                attempts=one.attempts,
                next_at=one.next_at,
                done_at=None if one.state == WAITING else now,
                last_error=_plain(one.error),
            )
        )


def hasten(session: Session, sink: str, now: datetime) -> None:
    """The sink is back: what was put off because it was down is due now."""
    put_off = (DeliveryRow.sink == sink) & (DeliveryRow.state == WAITING) & (DeliveryRow.next_at > now)
    session.execute(update(DeliveryRow).where(put_off).values(next_at=now))


def clean(session: Session, sinks: Sequence[str], before: datetime, dead_before: datetime) -> int:
    """Delete up to `CHUNK` documents that every one of `sinks` has had and that came before `before`; returns how many.

    Dead ones count as had once they are as old as `dead_before`, those that wait never. What waits for a sink that
    isn't among `sinks` (it is no longer in the settings) holds nothing.
    """
    mine = (DeliveryRow.outbox_id == OutboxRow.id) & DeliveryRow.sink.in_(sinks)
    open_still = exists().where(mine, DeliveryRow.state == WAITING)
    dead = exists().where(mine, DeliveryRow.state == DEAD)
    conditions = [OutboxRow.created_at < before, ~open_still, ~dead | (OutboxRow.created_at < dead_before)]
    conditions += [OutboxRow.id <= _seen(sink).scalar_subquery() for sink in sinks]
    old = session.scalars(select(OutboxRow.id).where(*conditions).order_by(OutboxRow.id).limit(CHUNK)).all()
    session.execute(delete(OutboxRow).where(OutboxRow.id.in_(old)))
    return len(old)


def forget(session: Session, call_id: str) -> int:
    """Delete all documents of a call, also those that still wait; returns how many."""
    mine = session.scalars(select(OutboxRow.id).where(OutboxRow.call_id == call_id)).all()
    session.execute(delete(OutboxRow).where(OutboxRow.call_id == call_id))
    return len(mine)


# -------------------------------------------------------------------------------------------------------------- reading


def due(session: Session, sink: str, now: datetime, limit: int, busy: Collection[str] = ()) -> Due:
    """What can be sent to `sink` now: of up to `limit` calls their next documents, at most `MAX_BATCH` of each.

    Args:
        busy: calls that something is being sent of; they are left alone.
    """
    heads = session.execute(_heads(sink, busy).limit(limit + 1)).all()
    ready = [head for head in heads if head.next_at <= now or head.next_at > now + LONGEST_WAIT]
    chosen = ready[:limit]
    later = [head.next_at for head in heads if head not in chosen]
    return Due(_batches(session, sink, [head.call_id for head in chosen]), min(later, default=None))


def _heads(sink: str, busy: Collection[str]) -> Select[str, datetime]:
    """Of each call the first document that waits, by when it is due."""
    waiting = (
        select(OutboxRow.call_id, func.min(OutboxRow.id).label("id"))
        .join(DeliveryRow, DeliveryRow.outbox_id == OutboxRow.id)
        .where(*_waits(sink), OutboxRow.call_id.not_in(busy))
        .group_by(OutboxRow.call_id)
        .subquery()
    )
    heads = select(waiting.c.call_id, DeliveryRow.next_at).join(
        waiting, (DeliveryRow.outbox_id == waiting.c.id) & (DeliveryRow.sink == sink)
    )
    return heads.order_by(DeliveryRow.next_at, waiting.c.id)


def _batches(session: Session, sink: str, calls: Sequence[str]) -> tuple[tuple[Parcel, ...], ...]:
    place = func.row_number().over(partition_by=OutboxRow.call_id, order_by=OutboxRow.id).label("place")
    placed = (
        select(OutboxRow.id, DeliveryRow.attempts, place)
        .join(DeliveryRow, DeliveryRow.outbox_id == OutboxRow.id)
        .where(*_waits(sink), OutboxRow.call_id.in_(calls))
        .subquery()
    )
    next_ones = (
        select(OutboxRow, placed.c.attempts)
        .join(placed, placed.c.id == OutboxRow.id)
        .where(placed.c.place <= MAX_BATCH)
        .order_by(OutboxRow.call_id, OutboxRow.id)
    )
    documents = [_document(row, attempts) for row, attempts in session.execute(next_ones)]
    by_call = {call_id: tuple(some) for call_id, some in groupby(documents, key=attrgetter("call_id"))}
    return tuple(by_call[call_id] for call_id in calls if call_id in by_call)


def _document(row: OutboxRow, attempts: int) -> Parcel:
    return Parcel(id=row.id, call_id=row.call_id, topic=row.topic, key=row.key, body=row.body, attempts=attempts)


def _waits(sink: str) -> tuple[ColumnElement[bool], ...]:
    return DeliveryRow.sink == sink, DeliveryRow.state == WAITING


def _seen(sink: str) -> Select[int]:
    """The last document that `sink` looked at; 0 before the first."""
    return select(func.coalesce(func.max(DeliveryRow.outbox_id), 0)).where(DeliveryRow.sink == sink)


def _plain(error: str) -> str:
    """Printable and short: it may quote what another machine answered."""
    printable = "".join(letter if letter.isprintable() else " " for letter in error)
    return printable[:MAX_ERROR]
