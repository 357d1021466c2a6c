"""What a call emits is stored by one thread, so that no call ever waits for a disk.

A call's beginning, a finished turn and an ended call are committed at once, anything else within 200 ms. While the
database refuses (a full disk), events wait, up to a bound, and are tried again every second: freed space loses nothing.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque

from sqlalchemy.exc import DatabaseError, DataError, IntegrityError

from gateway.errors import StoreError
from gateway.events import CallEnded, CallStarted, Event, TurnFinished
from gateway.store.record import record
from gateway.store.store import Store

COMMIT_WITHIN_S = 0.2
RETRY_AFTER_S = 1.0
CAPACITY = 20_000
"""Events that may wait; about twenty minutes of a hundred calls."""

_Numbered = tuple[int, Event]
"""An event and its number within its call."""

log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """One event can never be stored, whatever the state of the disk."""

    def __init__(self, event: Event, error: Exception) -> None:
        # Only texts that are known to hold nothing personal: SQLite's, with the parameters hidden, and our own.
        origin = getattr(error, "orig", None)
        reason = error.message if isinstance(error, StoreError) else str(origin or type(error).__name__)
        super().__init__(f"{event.event} of call {event.call_id} can't be stored: {reason}")


class StoreWriter:
    """Takes the events of any number of calls from any thread and writes them in order; close it before its store."""

    def __init__(self, store: Store, *, capacity: int = CAPACITY) -> None:
        self._store = store
        self._capacity = capacity
        self._changed = threading.Condition()
        self._waiting: deque[_Numbered] = deque()
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
            seq = self._next_seq.get(event.call_id, 0)
            self._next_seq[event.call_id] = seq + 1
            if isinstance(event, CallEnded):
                del self._next_seq[event.call_id]
            if self._closing or len(self._waiting) >= self._capacity:
                self._lose(StoreError("an event came after the store was closed, or too many are waiting to be stored"))
                return
            self._waiting.append((seq, event))
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
            if self._waiting:
                reason = f"{len(self._waiting)} event(s) could not be stored"
                self._lose(StoreError(f"{reason}: {self._failure}" if self._failure else f"{reason} in time"))

    def _run(self) -> None:
        last = False
        while not last:
            batch, last = self._next_batch()
            if batch:
                self._tried(*self._try(batch))

    def _next_batch(self) -> tuple[list[_Numbered], bool]:
        """Wait until something is due, then all that waits, and whether the writer is closed and this is the last."""
        with self._changed:
            while not self._closing:
                wait_s = self._due_at - time.monotonic()
                if self._waiting and wait_s <= 0:
                    break
                self._changed.wait(wait_s if self._waiting else None)
            self._due_at = math.inf
            return list(self._waiting), self._closing

    def _try(self, batch: list[_Numbered]) -> tuple[int, StoreError | None]:
        """Write `batch`; returns how many events need no more care, and why the others could not be written."""
        try:
            self._write(batch)
        except StoreError as error:
            return 0, error
        except _RefusedError:  # find out which: each event on its own, so that the others get through
            for done, numbered in enumerate(batch):
                try:
                    self._write([numbered])
                except StoreError as error:
                    return done, error
                except _RefusedError as error:
                    with self._changed:
                        self._lose(StoreError(str(error)))
        return len(batch), None

    def _write(self, batch: list[_Numbered]) -> None:
        """All of `batch` in one transaction. No savepoints: a full disk makes SQLite drop them with the transaction."""
        with self._store.session() as session, session.begin():
            for seq, event in batch:
                try:
                    record(session, seq, event)
                except Exception as error:
                    if isinstance(error, DatabaseError) and not isinstance(error, IntegrityError | DataError):
                        raise
                    raise _RefusedError(event, error) from error

    def _lose(self, error: StoreError) -> None:
        """Keep and log the first loss only: what follows it would fill the log with the same."""
        if self._loss is None:
            self._loss = error
            log.warning("%s", error)

    def _tried(self, done: int, failure: StoreError | None) -> None:
        with self._changed:
            for _ in range(done):
                self._waiting.popleft()
            self._settled += done
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
