"""The store of one process: a folder with a database and the recordings.

DIR/voice-gateway.db    calls, turns, events (SQLite, WAL)
DIR/recordings/         audio, one file a call
DIR/store.lock          held by the one process that writes here
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from filelock import BaseFileLock
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gateway.errors import StoreError
from gateway.store.engine import WRITES, check_schema, migrate, open_engine, store_errors
from gateway.store.ownership import own
from gateway.store.record import end_killed_calls

DATABASE = "voice-gateway.db"
RECORDINGS = "recordings"
LOCK = "store.lock"
OWNER_WAIT_S = 5.0
"""How long a second process waits for the first to let go."""

log = logging.getLogger(__name__)


class Store:
    """An open store; get one from `Store.open` or `open_for_reading` and close it, or use it in a `with`."""

    def __init__(self, directory: Path, engine: Engine, lock: BaseFileLock | None) -> None:
        self.directory = directory
        self.database = directory / DATABASE
        self.recordings = directory / RECORDINGS
        """Where the recorder puts its files; exists."""
        self._engine = engine
        self._lock = lock

    @classmethod
    def open(cls, directory: Path, *, wait_s: float = OWNER_WAIT_S) -> Store:
        """Open the store in `directory`, making what is missing and closing calls that a killed process left open.

        Raises:
            StoreError: not a directory, not writable, owned by another process for longer than `wait_s`, damaged,
                written by a newer version, or the disk is full. A database that wasn't there before is not left behind.
        """
        with store_errors(directory):
            if directory.exists() and not directory.is_dir():
                raise StoreError("not a directory", where=str(directory), remedy="name a directory to keep calls in")
            directory.mkdir(parents=True, exist_ok=True)
            lock = own(directory / LOCK, wait_s)
        try:
            return cls._open_owned(directory, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open_for_reading(cls, directory: Path) -> Store:
        """Open the store in `directory` beside whoever owns it; nothing in it is changed.

        Raises:
            StoreError: there is no store, it can't be read, is damaged, or was written by another version.
        """
        return cls._open_beside(directory, reading=True)

    @classmethod
    def open_beside(cls, directory: Path) -> Store:
        """Open the store in `directory` beside whoever owns it, to write a row or two (`writing`).

        Raises:
            StoreError: as `open_for_reading`.
        """
        return cls._open_beside(directory, reading=False)

    @classmethod
    def _open_beside(cls, directory: Path, *, reading: bool) -> Store:
        database = directory / DATABASE
        if not database.is_file():
            raise StoreError(
                "there is no store of calls here", where=str(directory), remedy="name its directory (--store DIR)"
            )
        engine = open_engine(database, reading=reading)
        try:
            check_schema(engine, database)
        except BaseException:
            engine.dispose()
            raise
        return cls(directory, engine, None)

    @classmethod
    def _open_owned(cls, directory: Path, lock: BaseFileLock) -> Store:
        database = directory / DATABASE
        is_new = not database.exists()
        engine = open_engine(database)
        store = cls(directory, engine, lock)
        try:
            migrate(engine, database)
            with store.session() as session, session.begin():
                killed = end_killed_calls(session)
            with store_errors(store.recordings):
                store.recordings.mkdir(exist_ok=True)
        except BaseException:
            engine.dispose()
            if is_new:
                _remove(database)
            raise
        if killed:
            log.warning("closed %d call(s) that a killed process left open", len(killed))
        return store

    @property
    def free_bytes(self) -> int:
        """Room on the disk for more calls. Raises StoreError when the disk doesn't say."""
        with store_errors(self.directory):
            return shutil.disk_usage(self.directory).free

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A session on the database; what the database refuses comes out as StoreError."""
        with store_errors(self.database), Session(self._engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session in a transaction that writes: it waits for other writers before it begins, and commits at the end.

        Whoever reads first and writes then in one transaction needs it: see `gateway.store.engine.WRITES`.
        """
        engine = self._engine.execution_options(**{WRITES: True})
        with store_errors(self.database), Session(engine) as session, session.begin():
            yield session

    def close(self) -> None:
        """Let the database and the directory go; a second close does nothing."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _remove(database: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        with suppress(OSError):
            database.with_name(database.name + suffix).unlink()
