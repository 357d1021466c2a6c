"""Calls that were refused, counted by the minute: who was not answered has no call, and still called."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from gateway.store.search import ScopeLike
from gateway.store.store import Store
from gateway.store.tables import RefusalRow

TURNED_AWAY = ("busy", "full", "draining")
"""Reasons for which a caller of ours was refused; `unknown_number` is nobody's call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Callers of ours that one hotline turned away in one minute."""

    minute: dt.datetime
    """When it began; aware."""
    hotline: str
    count: int


class RefusalCounter:
    """Counts refused calls, and writes now and then how many there were. Safe for several threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._unwritten: Counter[tuple[dt.datetime, str, str]] = Counter()

    def count(self, at: dt.datetime, hotline: str, reason: str) -> None:
        """Count one.

        Args:
            at: aware.
            hotline: whose caller it was; empty for a number that nobody has.
            reason: a value of `gateway.transport.switchboard.Refusal`.
        """
        with self._lock:
            self._unwritten[at.replace(second=0, microsecond=0), hotline, reason] += 1

    def write(self) -> None:
        """Add what was counted to the store; blocking. Raises StoreError: then it is kept for the next time."""
        with self._writing:
            with self._lock:
                taken, self._unwritten = self._unwritten, Counter()
            if not taken:
                return
            try:
                with self._store.writing() as session:
                    for key, count in taken.items():
                        _add(session, key, count)
            except BaseException:
                with self._lock:
                    self._unwritten.update(taken)
                raise


def _add(session: Session, key: tuple[dt.datetime, str, str], count: int) -> None:
    minute, hotline, reason = key
    added = insert(RefusalRow).values(minute=minute, hotline=hotline, reason=reason, count=count)
    session.execute(
        added.on_conflict_do_update(
            index_elements=["minute", "hotline", "reason"], set_={"count": RefusalRow.count + added.excluded["count"]}
        )
    )


def forget_refusals(store: Store, before: dt.datetime) -> None:
    """Drop what was counted before a moment (aware). Raises StoreError."""
    with store.writing() as session:
        session.execute(delete(RefusalRow).where(RefusalRow.minute < before))


def turned_away(
    session: Session,
    *,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    hotline: str | None = None,
    scope: ScopeLike | None = None,
) -> list[Refused]:
    """Callers that were turned away from `since` on and before `until`, by minute and hotline, in order of time.

    Args:
        scope: whose calls; None: everybody's. Who sees what was handed to a queue sees none: these came to no queue.
    """
    row = RefusalRow
    conditions: list[ColumnElement[bool]] = [row.reason.in_(TURNED_AWAY)]
    if since is not None:
        conditions.append(row.minute >= since)
    if until is not None:
        conditions.append(row.minute < until)
    if hotline is not None:
        conditions.append(row.hotline == hotline)
    if scope is not None and scope.view != "all":
        conditions.append(row.hotline.in_(list(scope.hotlines) if scope.view == "floor" else []))
    by = (row.minute, row.hotline)
    wanted = select(*by, func.sum(row.count)).where(*conditions).group_by(*by).order_by(*by)
    return [Refused(minute=minute, hotline=name, count=count) for minute, name, count in session.execute(wanted)]
