"""Opening and closing a store: what it makes, what it refuses, and how it says so."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gateway.errors import StoreError
from gateway.events import (
    CallStarted,
    MessageRecorded,
    NodeEntered,
    RecordingStarted,
    SlotFilled,
    SurveyAnswered,
    TicketOpened,
    TransferRequested,
    Turn,
    TurnFinished,
)
from gateway.store import Store, StoreWriter, events, get_call, list_calls
from gateway.store.engine import PRAGMAS, store_error
from gateway.store.tables import Base

pytestmark = pytest.mark.unit

CALL = "c1"


def started(call_id: str = CALL, at: str = "2026-11-21T22:00:00+08:00") -> CallStarted:
    return CallStarted(
        call_id=call_id,
        at_ms=0,
        caller_number="13900001001",
        called_number="10086",
        transport="loopback",
        flow="mobile_hotline",
        flow_version="1",
        mode="standard",
        started_at=at,
    )


def turn(index: int) -> Turn:
    return Turn(
        index=index,
        node="main",
        kind="speech",
        text="查话费",
        alternatives=("茶话费",),
        confidence=0.9,
        matched="balance",
        score=0.97,
        outcome="accept",
        start_ms=1000.0 * index,
        end_ms=1000.0 * index + 800,
        heard_ms=800,
        silence_window_ms=600,
        recognise_ms=210.5,
        turn_latency_ms=930.25,
    )


def test_a_new_store_has_its_folders_and_settings(tmp_path: Path) -> None:
    with Store.open(tmp_path / "deep" / "er") as store:
        assert store.recordings.is_dir()
        assert list_calls(store) == []
        with store.session() as session:
            found = {
                p: session.connection().exec_driver_sql(f"PRAGMA {p}").scalar()
                for p in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
            }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 5000,
    }
    assert len(PRAGMAS) == len(found)


def test_the_migrations_build_the_tables_of_the_models(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store, store.session() as session:
        opts = {"compare_type": True, "include_name": lambda name, *_: not str(name).startswith("call_text")}
        context = MigrationContext.configure(session.connection(), opts=opts)  # the full text is no table of ours
        assert compare_metadata(context, Base.metadata) == []


def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    for _ in range(2):
        with Store.open(tmp_path) as store:
            writer = StoreWriter(store)
            writer.emit(started(f"call-{len(list_calls(store))}"))
            writer.close()
            assert writer.error is None
    with Store.open(tmp_path) as store:
        assert {call.id for call in list_calls(store)} == {"call-0", "call-1"}


def test_a_path_with_signs_that_mean_something_to_a_url(tmp_path: Path) -> None:
    odd = tmp_path / "50% ?mode=memory#录音"
    with Store.open(odd):
        pass
    assert (odd / "voice-gateway.db").is_file()


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    with Store.open(tmp_path):
        with pytest.raises(StoreError) as caught:
            Store.open(tmp_path, wait_s=0)
        assert str(tmp_path) in str(caught.value)
        assert f"process {os.getpid()} on " in str(caught.value)
        assert "--out" in str(caught.value)
    with Store.open(tmp_path, wait_s=0):
        pass


def test_a_lock_file_that_nobody_holds_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "store.lock").write_text("process 1 on a machine long gone, with a line longer than ours will be\n")
    with Store.open(tmp_path, wait_s=0):
        assert (tmp_path / "store.lock").read_text().startswith(f"process {os.getpid()} on ")
        assert "long gone" not in (tmp_path / "store.lock").read_text()


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    file = tmp_path / "calls"
    file.write_text("not a directory")
    for directory in (file, file / "below"):
        with pytest.raises(StoreError, match=r"calls.*[Nn]ot a directory"):
            Store.open(directory)
    assert file.read_text() == "not a directory"


@pytest.fixture
def as_nobody() -> Iterator[None]:
    """Root may write anywhere, so be somebody else meanwhile."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    yield
    os.seteuid(0)


@pytest.mark.parametrize("below", ["", "new"])
def test_a_directory_that_cannot_be_written(tmp_path: Path, request: pytest.FixtureRequest, below: str) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    request.getfixturevalue("as_nobody")
    with pytest.raises(StoreError, match=r"can't be written; change its permissions"):
        Store.open(locked / below)


@pytest.mark.parametrize(
    "content", [b"this is no database, and long enough to be looked at " * 40, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_damaged_database_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "voice-gateway.db").write_bytes(content)
    with pytest.raises(StoreError, match=r"voice-gateway\.db: the database is damaged"):
        Store.open(tmp_path)
    assert (tmp_path / "voice-gateway.db").read_bytes() == content
    with pytest.raises(StoreError, match="damaged"):  # and the lock was let go
        Store.open(tmp_path, wait_s=0)


def test_a_store_of_a_newer_version(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "voice-gateway.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match=r"newer version \(schema 9999\); upgrade"):
        Store.open(tmp_path)


def test_a_database_of_some_other_program(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "voice-gateway.db")
    connection.execute("CREATE TABLE calls (whatever TEXT)")
    connection.close()
    with pytest.raises(StoreError, match="isn't a store of ours"):
        Store.open(tmp_path)
    connection = sqlite3.connect(tmp_path / "voice-gateway.db")
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    assert tables == [("calls",)]


def test_a_full_disk_is_named_and_leaves_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.store.engine.PRAGMAS", (*PRAGMAS, "max_page_count=4"))  # SQLite's own "disk is full"
    with pytest.raises(StoreError, match=r"the disk is full; free some space"):
        Store.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["store.lock"]


def test_a_full_disk_under_the_folder_itself(tmp_path: Path) -> None:
    error = store_error(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), tmp_path)
    assert error.message == "the disk is full"


def test_a_call_that_a_killed_process_left_open_is_closed_with_its_turns(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        writer = StoreWriter(store)
        writer.emit(started())
        writer.emit(RecordingStarted(call_id=CALL, at_ms=1, path="/r/c1.wav"))
        writer.emit(NodeEntered(call_id=CALL, at_ms=2, node="welcome", kind="play"))
        writer.emit(NodeEntered(call_id=CALL, at_ms=3, node="main", kind="menu"))
        writer.emit(TurnFinished(call_id=CALL, at_ms=2000, turn=turn(0)))
        writer.emit(SlotFilled(call_id=CALL, at_ms=2100, slot="number", value="12"))
        writer.emit(
            TransferRequested(call_id=CALL, at_ms=2500, queue="general", handed_over={"slots": {"number": "12"}})
        )
        writer.emit(
            TicketOpened(call_id=CALL, at_ms=2510, category="repair", summary="坏了", due="2026-11-23", number=None)
        )
        writer.emit(
            MessageRecorded(call_id=CALL, at_ms=2520, node="leave", path="/r/c1-message-1.wav", start_ms=1, end_ms=9)
        )
        writer.emit(SurveyAnswered(call_id=CALL, at_ms=2530, score=5))
        writer.close()
    for _ in range(2):  # the second opening finds nothing to do
        with Store.open(tmp_path) as store:
            call = get_call(store, CALL)
            told = events(store, CALL)
        assert call is not None
        assert (call.disposition, call.reason, call.duration_ms) == ("failed", "process_killed", 2530)
        assert (call.path, call.options, call.slots) == (("welcome", "main"), (), {"number": "12"})
        assert call.turns == (turn(0),)
        assert call.transfer is None, "nobody took the caller"
        assert call.recording == "/r/c1.wav"
        assert call.tickets == ({"category": "repair", "summary": "坏了", "due": "2026-11-23", "number": None},)
        assert call.messages == ({"node": "leave", "path": "/r/c1-message-1.wav", "start_ms": 1.0, "end_ms": 9.0},)
        assert call.satisfaction == 5
        assert [event.event for event in told].count("call_ended") == 1
        assert told[-1].event == "call_ended"
