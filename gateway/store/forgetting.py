"""Taking the words of a call, or all of it, out of the database so that the file doesn't hold them any more.

SQLite leaves what was deleted where it stood until something else is written there. With `secure_delete` it writes
zeros over it; and the pages as they were are in the write-ahead log until that is emptied.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.store.engine import BUSY_TIMEOUT_MS, store_error
from gateway.store.fulltext import clear_step, forget_indexed
from gateway.store.outbox import WAITING, forget
from gateway.store.store import Store
from gateway.store.tables import (
    CallRow,
    DeletionRow,
    DeliveryRow,
    EventRow,
    FlagRow,
    OutboxRow,
    TicketRow,
    TurnRow,
    WordsRow,
)
from gateway.store.words import size, wordless

_DONE = "done"
"""The status of a work order that nobody works on any more."""


def forget_call(store: Store, call_id: str, reason: str, now: datetime) -> None:
    """Delete a call with all its turns, events, flags and documents, and prove it; raises StoreError."""
    with _forgetting(store) as session:
        _prove(session, call_id, "call", reason, now)
        forget(session, call_id)
        forget_indexed(session, call_id)
        session.execute(delete(CallRow).where(CallRow.id == call_id))


def forget_words(store: Store, call_id: str, reason: str, now: datetime) -> int:
    """Blank the words of a call, and prove it; returns how many bytes they were. Raises StoreError."""
    with _forgetting(store) as session:
        proof = _prove(session, call_id, "transcript", reason, now)
        proof.size_bytes = sum(_blank_columns(row) for row in _rows_with_words(session, call_id))
        forget_indexed(session, call_id)  # words that were counted already, in the turns
        return proof.size_bytes


def sweep(store: Store) -> None:
    """What could not go with the words of its call goes now: documents once no place waits for them, the words of work
    orders once they are done, and what the full text has left of words. Raises StoreError.
    """
    _clear_full_text(store)
    with _forgetting(store) as session:
        waits = exists().where(DeliveryRow.outbox_id == OutboxRow.id, DeliveryRow.state == WAITING)
        session.execute(delete(OutboxRow).where(_proven(OutboxRow.call_id), ~waits))
        words = _proven(TicketRow.call_id), TicketRow.status == _DONE, TicketRow.summary != ""
        session.execute(update(TicketRow).where(*words).values(summary="", facts={}))
        gone = _proven(TicketRow.call_id, "call"), TicketRow.status == _DONE, TicketRow.caller_number != ""
        session.execute(update(TicketRow).where(*gone).values(caller_number=""))


def words_left(session: Session, call_id: str) -> list[str]:
    """In which tables words of a call are left."""
    rows = _rows_with_words(session, call_id)
    left = {row.__tablename__ for row in rows if any(_blank(row, name) for name in _COLUMNS[type(row)])}
    return sorted(left | set(_indexed(session, call_id)))


def rows_left(session: Session, call_id: str) -> list[str]:
    """In which tables anything of a call is left."""
    owned = ((CallRow, CallRow.id), *((table, table.call_id) for table in (TurnRow, EventRow, FlagRow, OutboxRow)))
    left = [table.__tablename__ for table, column in owned if session.scalar(select(exists().where(column == call_id)))]
    return left + _indexed(session, call_id)


def empty_log(store: Store) -> bool:
    """Move the write-ahead log into the database and cut it to nothing; False when a reader was in the way.

    Raises:
        StoreError: the database can't be read or written.
    """
    try:
        with closing(sqlite3.connect(store.database, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error as error:
        raise store_error(error, store.database) from error
    return not busy


_Row = CallRow | TurnRow | EventRow | FlagRow
_COLUMNS: dict[type, tuple[str, ...]] = {
    CallRow: ("slots", "transfer", "tickets", "findings"),
    TurnRow: ("text", "keys", "alternatives"),
    EventRow: ("body",),
    FlagRow: ("body",),
}


@contextmanager
def _forgetting(store: Store) -> Iterator[Session]:
    with store.writing() as session:
        session.connection().exec_driver_sql("PRAGMA secure_delete=ON")
        yield session


def _clear_full_text(store: Store) -> None:
    """In steps, so that calls can be written in between."""
    first, forgotten = True, list[int]()
    while True:
        with _forgetting(store) as session:
            if first:
                forgotten = list(session.scalars(select(WordsRow.id).where(WordsRow.forgotten)))
            if not clear_step(session, first=first):
                for number in forgotten:
                    session.execute(delete(WordsRow).where(WordsRow.id == number))
                return
        first = False


def _indexed(session: Session, call_id: str) -> list[str]:
    """The row that stays until the full text is rid of a call's words."""
    row = session.scalar(select(exists().where(WordsRow.call_id == call_id)))
    return [WordsRow.__tablename__] if row else []


def _prove(session: Session, call_id: str, what: str, reason: str, now: datetime) -> DeletionRow:
    proof = DeletionRow(call_id=call_id, what=what, name="", size_bytes=0, sha256="", deleted_at=now, reason=reason)
    session.add(proof)
    return proof


def _proven(call_id: InstrumentedAttribute[str], *what: str) -> ColumnElement[bool]:
    return call_id.in_(select(DeletionRow.call_id).where(DeletionRow.what.in_(what or ("transcript", "call"))))


def _rows_with_words(session: Session, call_id: str) -> Iterator[_Row]:
    call = session.get(CallRow, call_id)
    if call is not None:
        yield call
    yield from session.scalars(select(TurnRow).where(TurnRow.call_id == call_id))
    yield from session.scalars(select(EventRow).where(EventRow.call_id == call_id))
    yield from session.scalars(select(FlagRow).where(FlagRow.call_id == call_id))


def _blank_columns(row: _Row) -> int:
    """Empty what a row holds of words; returns how many bytes less it is."""
    removed = 0
    for name in _COLUMNS[type(row)]:
        if changed := _blank(row, name):
            removed += size(getattr(row, name)) - size(changed[0])
            setattr(row, name, changed[0])
    return removed


def _blank(row: _Row, name: str) -> tuple[Any] | None:
    """The column without words; None when it has none."""
    value = getattr(row, name)
    blank = wordless({name: value})[name]
    return None if blank == value else (blank,)
