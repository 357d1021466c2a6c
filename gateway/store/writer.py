"""What a call emits is stored by one thread, so that no call ever waits for a disk.

A call's beginning, a finished turn and an ended call are committed at once, anything else within 200 ms. While the
database refuses (a full disk), events wait, up to a bound, and are tried again every second: freed space loses nothing.

What follows from an event (what was found in a turn, a document that is to be sent) is written in its transaction.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import DatabaseError, DataError, IntegrityError

from gateway.errors import StoreError
from gateway.events import CallAnalyzed, CallEnded, CallStarted, Emit, Event, FlagRaised, TurnAnalyzed, TurnFinished
from gateway.store.outbox import put
from gateway.store.record import record
from gateway.store.store import Store

COMMIT_WITHIN_S = 0.2
RETRY_AFTER_S = 1.0
CAPACITY = 20_000
"""Events that may wait; about twenty minutes of a hundred calls."""


@dataclass(frozen=True, slots=True)
class Document:
    """Something that is to be sent: see `gateway.store.outbox`."""

    topic: str
    key: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Consequences:
    """What follows from an event."""

    events: Sequence[Event] = ()
    """Told right behind it."""
    documents: Sequence[Document] = ()


@dataclass(frozen=True, slots=True)
class _Entry:
    """One event with its number within its call, and what is to be sent of it."""

    seq: int
    event: Event
    documents: Sequence[Document]
    last: bool
    """Nothing more follows from what was emitted."""


Follow = Callable[[Event], Consequences]
"""Told each event once, in order, on the writer's thread."""


def _nothing(event: Event) -> Consequences:  # noqa: ARG001
    return Consequences()


FOLLOWING = (TurnAnalyzed, FlagRaised, CallAnalyzed)
"""The events that follow from others."""

log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """One event can never be stored, whatever the state of the disk."""

    def __init__(self, event: Event, error: Exception) -> None:
        # Only texts that are known to hold nothing personal: SQLite's, with the parameters hidden, and our own.
        origin = getattr(error, "orig", None)
        reason = error.message if isinstance(error, StoreError) else str(origin or type(error).__name__)
        super().__init__(f"{event.event} of call {event.call_id} can't be stored: {reason}")


class StoreWriter:
    """Takes the events of any number of calls from any thread and writes them in order; close it before its store.

    Args:
        capacity: so many events may wait.
        follow: what follows from an event. If it fails, nothing does: the event itself is written.
        tell: is told, on the writer's thread, the events that followed, once they are committed.
        sending: is told, on the writer's thread, that documents wait to be sent.
    """

    def __init__(
        self,
        store: Store,
        *,
        capacity: int = CAPACITY,
        follow: Follow = _nothing,
        tell: Emit | None = None,
        sending: Callable[[], None] | None = None,
    ) -> None:
        self._store = store
        self._capacity = capacity
        self._follow, self._tell, self._sending = follow, tell, sending
        self._changed = threading.Condition()
        self._waiting: deque[Event] = deque()
        self._ready: deque[_Entry] = deque()
        """What follows from them is known. The thread's own, as `_next_seq` is."""
        self._next_seq: dict[str, int] = {}
        self._due_at = math.inf
        self._accepted = self._settled = self._failures = 0
        self._closing = False
        self._failure: StoreError | None = None
        self._loss: StoreError | None = None
        self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    @property
    def error(self) -> StoreError | None:
        """The first loss for good, else why events have to wait right now; None when all is well."""
        with self._changed:
            return self._loss or self._failure

    def emit(self, event: Event) -> None:
        """Take an event to be written; never blocks, never raises."""
        now = time.monotonic()
        with self._changed:
            if self._closing or len(self._waiting) + len(self._ready) >= self._capacity:
                self._lose(StoreError("an event came after the store was closed, or too many are waiting to be stored"))
                return
            self._waiting.append(event)
            self._accepted += 1
            if self._failure is None:
                urgent = isinstance(event, CallStarted | TurnFinished | CallEnded)
                self._due_at = min(self._due_at, now if urgent else now + COMMIT_WITHIN_S)
                self._changed.notify_all()

    def flush(self, timeout_s: float = 5.0) -> bool:
        """Commit all that was emitted so far; False when that failed or took longer. What it covers survives a kill."""
        with self._changed:
            target, failures = self._accepted, self._failures
            self._due_at = 0.0
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._settled >= target or self._failures > failures, timeout_s)
            return self._settled >= target

    def close(self, timeout_s: float = 5.0) -> None:
        """Write what waits, try once more if need be, and end the thread; `error` tells whether anything was lost."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        with self._changed:
            if left := len(self._waiting) + len(self._ready):
                reason = f"{left} event(s) could not be stored"
                self._lose(StoreError(f"{reason}: {self._failure}" if self._failure else f"{reason} in time"))

    def _run(self) -> None:
        last = False
        while not last:
            last = self._await_due()
            self._prepare()
            if self._ready:
                batch = list(self._ready)
                self._tried(batch, *self._try(batch))

    def _await_due(self) -> bool:
        """Wait until something is due; returns whether the writer is closed and this is the last time."""
        with self._changed:
            while not self._closing:
                wait_s = self._due_at - time.monotonic()
                waits = bool(self._waiting or self._ready)
                if waits and wait_s <= 0:
                    break
                self._changed.wait(wait_s if waits else None)
            self._due_at = math.inf
            return self._closing

    def _prepare(self) -> None:
        """Number what waits, with what follows from it."""
        with self._changed:
            events = list(self._waiting)
        for event in events:
            follows = self._follows(event)
            told = [event, *follows.events]
            first = self._next_seq.get(event.call_id, 0)
            entries = [
                _Entry(first + i, one, follows.documents if i == len(told) - 1 else (), i == len(told) - 1)
                for i, one in enumerate(told)
            ]
            self._next_seq[event.call_id] = first + len(told)
            if isinstance(event, CallEnded):
                del self._next_seq[event.call_id]
            with self._changed:
                self._waiting.popleft()
                self._ready.extend(entries)

    def _follows(self, event: Event) -> Consequences:
        try:
            return self._follow(event)
        except Exception:  # the call's own record must not suffer from what is made of it
            log.exception("what follows from %s of call %s could not be found out", event.event, event.call_id)
            return Consequences()

    def _try(self, batch: list[_Entry]) -> tuple[int, StoreError | None]:
        """Write `batch`; returns how many events need no more care, and why the others could not be written."""
        try:
            self._write(batch)
        except StoreError as error:
            return 0, error
        except _RefusedError:  # find out which: each event on its own, so that the others get through
            for done, entry in enumerate(batch):
                try:
                    self._write([entry])
                except StoreError as error:
                    return done, error
                except _RefusedError as error:
                    with self._changed:
                        self._lose(StoreError(str(error)))
        return len(batch), None

    def _write(self, batch: list[_Entry]) -> None:
        """All of `batch` in one transaction. No savepoints: a full disk makes SQLite drop them with the transaction."""
        with self._store.writing() as session:
            for entry in batch:
                event = entry.event
                try:
                    record(session, entry.seq, event)
                    for document in entry.documents:
                        put(session, event.call_id, document.topic, document.key, document.body, datetime.now(UTC))
                except Exception as error:
                    if isinstance(error, DatabaseError) and not isinstance(error, IntegrityError | DataError):
                        raise
                    raise _RefusedError(event, error) from error

    def _lose(self, error: StoreError) -> None:
        """Keep and log the first loss only: what follows it would fill the log with the same."""
        if self._loss is None:
            self._loss = error
            log.warning("%s", error)

    def _tried(self, batch: list[_Entry], done: int, failure: StoreError | None) -> None:
        self._pass_on(batch[:done])
        with self._changed:
            for _ in range(done):
                self._settled += self._ready.popleft().last
            if failure is None:
                if self._failure is not None:
                    log.warning("the store can be written again")
                    self._due_at = 0.0
            else:
                self._failures += 1
                self._due_at = time.monotonic() + RETRY_AFTER_S
                if self._failure is None:
                    log.warning("%s; calls go on, events wait", failure)
            self._failure = failure
            self._changed.notify_all()

    def _pass_on(self, stored: Sequence[_Entry]) -> None:
        """Tell what followed from events and is kept now."""
        followed = [entry.event for entry in stored if isinstance(entry.event, FOLLOWING)]
        if self._tell:
            for event in followed:
                self._tell(event)
        if self._sending and any(entry.documents for entry in stored):
            self._sending()
