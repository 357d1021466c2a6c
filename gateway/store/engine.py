"""How the database is opened, brought up to date, and how its errors become ours.

Durability: WAL with `synchronous=FULL`. A killed process loses no committed transaction under `NORMAL` either (the
pages are the kernel's by then); `FULL` also outlives a power cut, at the price of one fsync a commit, which the
writer's own thread pays and no call waits for.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.errors import StoreError

BUSY_TIMEOUT_MS = 5000
WRITES = "voice_gateway_writes"
"""An execution option: the transaction is to write. Begun without it, one that reads first and writes then is refused
at once (and not after `BUSY_TIMEOUT_MS`) when another thread or process has written in between."""
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",  # what is deleted or overwritten leaves no remains in the file
    f"busy_timeout={BUSY_TIMEOUT_MS}",
)
READING_PRAGMAS = ("query_only=ON", f"busy_timeout={BUSY_TIMEOUT_MS}")


def open_engine(database: Path, *, reading: bool = False) -> Engine:
    """An engine on the SQLite file `database`; connects to nothing yet, and must be disposed of.

    Args:
        reading: nothing can be written, and nothing is made that isn't there. (Not SQLite's own read-only mode, which
            would leave the files of its log behind, for the next owner to stumble over.)
    """
    file, query = (database.resolve().as_uri(), {"mode": "rw", "uri": "true"}) if reading else (str(database), {})
    engine = create_engine(
        URL.create("sqlite", database=file, query=query),
        json_serializer=partial(json.dumps, ensure_ascii=False),
        hide_parameters=True,  # numbers and callers' words stay out of error texts
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: SqliteConnection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # sqlite3 would not open a transaction before DDL or SELECT; we do it below
        for pragma in READING_PRAGMAS if reading else PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def migrate(engine: Engine, database: Path) -> None:
    """Bring the tables up to this version, all steps or none.

    Raises:
        StoreError: the store was written by a newer version, or isn't a store.
    """
    config = _migrations()
    with store_errors(database), engine.begin() as connection:
        if not _is_current(connection, config, database):
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def check_schema(engine: Engine, database: Path) -> None:
    """Raises StoreError unless the tables are this version's."""
    with store_errors(database), engine.begin() as connection:
        if not _is_current(connection, _migrations(), database):
            raise StoreError(
                "the store was written by an older version, or isn't a store",
                where=str(database),
                remedy="take a call with it (voice-gateway call --out DIR), which brings it up to date",
            )


def _migrations() -> Config:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    return config


def _is_current(connection: Connection, config: Config, database: Path) -> bool:
    """Raises StoreError when a newer version wrote it."""
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    found = set(MigrationContext.configure(connection).get_current_heads())
    if newer := sorted(found - known):
        raise StoreError(
            f"the store was written by a newer version (schema {', '.join(newer)})",
            where=str(database),
            remedy="upgrade voice-gateway, or use another directory",
        )
    return found == set(scripts.get_heads())


@contextmanager
def store_errors(where: Path) -> Iterator[None]:
    """Turn what the database or the file system refuses into one StoreError."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise store_error(error, where) from error


def store_error(error: Exception, where: Path) -> StoreError:
    """The StoreError that tells `error`; SQL and its parameters (numbers, words of callers) stay out of it."""
    origin = getattr(error, "orig", None) or error
    reason = (origin.strerror if isinstance(origin, OSError) else None) or str(origin)
    known = (
        (("disk is full", "No space left"), "the disk is full", "free some space or use another directory"),
        (("not a database", "malformed"), "the database is damaged", "restore it from a copy or use another directory"),
        (("already exists",), f"the database isn't a store of ours ({reason})", "use another directory"),
        (("locked",), "another program holds the database", "close it and try again"),
        (
            ("readonly", "Permission denied", "Read-only", "unable to open"),
            "the directory can't be written",
            "change its permissions or use another directory",
        ),
    )
    for signs, message, remedy in known:
        if any(sign in reason for sign in signs):
            return StoreError(message, where=str(where), remedy=remedy)
    return StoreError(f"the store failed: {reason}", where=str(where), remedy="check the disk or use another directory")
