"""What calls emit is stored in order, by a thread, and what can't be stored is told once."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from gateway.errors import StoreError
from gateway.events import CallEnded, CallStarted, KeyPressed, ModeChanged, Turn, TurnFinished
from gateway.store import Store, StoreWriter, events, get_call, list_calls
from gateway.store.tables import EventRow

pytestmark = pytest.mark.unit


def started(call_id: str, at: str = "2026-11-21T22:00:00+08:00") -> CallStarted:
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
        trunk="north",
    )


def turn(index: int, **changes: Any) -> Turn:
    values = {"node": "main", "kind": "speech", "text": "查话费", "start_ms": 0.0, "end_ms": 800.0, "heard_ms": 800.0}
    return Turn(**{"index": index, **values, **changes})


def ended(call_id: str, turns: list[Turn], **changes: Any) -> CallEnded:
    values = {
        "disposition": "transferred",
        "reason": "caller asked",
        "duration_ms": 61_500.5,
        "path": ["welcome", "main"],
        "options": ["agent"],
        "slots": {"number": "12"},
        "mode": "elderly",
        "transfer": {"queue": "general", "handed_over": {"due": date(2026, 11, 28), "balance": Decimal("35.60")}},
        "recording": "/r/c1.wav",
        "tickets": [
            {"category": "complaint", "summary": "多扣了钱", "due": "2026-11-23T22:00:00+08:00", "number": "601"}
        ],
        "messages": [{"node": "leave", "path": "/r/c1-message-1.wav", "start_ms": 4000.0, "end_ms": 9000.0}],
        "satisfaction": 4,
        "line": {"codec": "PCMA", "lost": 3, "jitter_ms": 1.5},
    }
    return CallEnded(**{"call_id": call_id, "at_ms": 61_500.5, "turns": turns, **values, **changes})


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(tmp_path) as opened:
        yield opened


def test_a_whole_call_comes_back_as_it_was_told(store: Store) -> None:
    turns = [turn(0), turn(1, kind="keys", text="", keys="12#", alternatives=("a", "b"), score=1.0, outcome="accept")]
    told = [
        started("c1"),
        KeyPressed(call_id="c1", at_ms=5, key="1"),
        ModeChanged(call_id="c1", at_ms=6, mode="elderly", reason="age"),
        *(TurnFinished(call_id="c1", at_ms=10 + t.index, turn=t) for t in turns),
        ended("c1", turns),
    ]
    writer = StoreWriter(store)
    for event in told:
        writer.emit(event)
    writer.close()
    assert writer.error is None
    call = get_call(store, "c1")
    assert call is not None
    assert call.turns == tuple(turns)
    assert call.started_at == datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
    assert call.ended_at == datetime(2026, 11, 21, 14, 1, 1, 500_500, tzinfo=UTC)
    assert (call.disposition, call.reason, call.mode) == ("transferred", "caller asked", "elderly")
    assert (call.path, call.options, call.slots) == (("welcome", "main"), ("agent",), {"number": "12"})
    assert call.transfer == {"queue": "general", "handed_over": {"due": "2026-11-28", "balance": "35.60"}}
    last = told[-1]
    assert isinstance(last, CallEnded)
    assert (list(call.tickets), list(call.messages), call.satisfaction) == (last.tickets, last.messages, 4)
    assert (call.trunk, call.line) == ("north", last.line)
    assert events(store, "c1")[:-1] == told[:-1]


def test_an_open_call_is_there_before_it_ends(store: Store) -> None:
    writer = StoreWriter(store)
    writer.emit(started("c1"))
    writer.emit(ModeChanged(call_id="c1", at_ms=6, mode="elderly", reason="age"))
    assert writer.flush()
    call = get_call(store, "c1")
    writer.close()
    assert call is not None
    assert (call.mode, call.disposition, call.ended_at) == ("elderly", None, None)


def test_a_finished_turn_is_committed_without_being_asked_for(store: Store) -> None:
    writer = StoreWriter(store)
    writer.emit(started("c1"))
    writer.emit(TurnFinished(call_id="c1", at_ms=1, turn=turn(0)))
    with writer._changed:
        assert writer._changed.wait_for(lambda: writer._settled == 2, timeout=10)
    call = get_call(store, "c1")
    assert call is not None
    assert call.turns == (turn(0),)
    writer.close()


def test_the_last_event_completes_the_turns(store: Store) -> None:
    writer = StoreWriter(store)
    writer.emit(started("c1"))
    writer.emit(TurnFinished(call_id="c1", at_ms=1, turn=turn(0)))
    writer.emit(ended("c1", [turn(0, turn_latency_ms=900.0), turn(1)]))
    writer.close()
    call = get_call(store, "c1")
    assert call is not None
    assert call.turns == (turn(0, turn_latency_ms=900.0), turn(1))


def test_many_calls_from_many_threads_keep_their_order(store: Store) -> None:
    writer = StoreWriter(store)

    def one_call(call_id: str) -> None:
        writer.emit(started(call_id))
        for i in range(50):
            writer.emit(KeyPressed(call_id=call_id, at_ms=i, key=str(i % 10)))
        writer.emit(ended(call_id, []))

    threads = [threading.Thread(target=one_call, args=(f"c{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert writer.flush(30)
    writer.close()
    assert writer.error is None
    for i in range(4):
        assert [event.at_ms for event in events(store, f"c{i}")] == [0, *range(50), 61_500.5]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (KeyPressed(call_id="nobody", at_ms=0, key="1"), "FOREIGN KEY"),
        (ended("nobody", []), "never started"),
        (started("c1"), "UNIQUE"),
        (started("c2", at="2026-11-21T22:00:00"), "ValueError"),
        (ended("c1", [], transfer={"queue": "q", "handed_over": {"x": object()}}), "PydanticSerializationError"),
    ],
)
def test_an_event_that_can_never_be_stored_harms_no_other(
    store: Store, bad: Any, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    writer = StoreWriter(store)
    writer.emit(started("c1"))
    writer.emit(bad)
    writer.emit(bad)
    writer.emit(started("good"))
    writer.emit(TurnFinished(call_id="good", at_ms=1, turn=turn(0)))
    assert writer.flush()
    writer.close()
    assert writer.error is not None
    assert reason in str(writer.error)
    assert bad.call_id in str(writer.error)
    assert len(caplog.records) == 1
    assert {call.id: len(call.turns) for call in list_calls(store)} == {"c1": 0, "good": 1}


def limit_pages(store: Store, pages: int) -> None:
    """Let SQLite itself say that the disk is full (or no longer)."""
    store._engine.dispose()
    with store.session() as session:
        session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}")


def test_a_full_disk_is_told_once_and_loses_nothing_once_there_is_room(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    limit_pages(store, 1)
    writer = StoreWriter(store)
    writer.emit(started("c1"))
    for i in range(50):
        writer.emit(TurnFinished(call_id="c1", at_ms=i, turn=turn(i, text="话" * 1000)))
    assert not writer.flush()
    assert not writer.flush()
    assert writer.error is not None
    assert "the disk is full" in str(writer.error)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    limit_pages(store, 1_000_000)
    assert writer.flush()
    assert writer.error is None
    writer.close()
    call = get_call(store, "c1")
    assert call is not None
    assert len(call.turns) == 50


def test_what_stays_unwritten_at_the_end_is_told(store: Store) -> None:
    limit_pages(store, 1)
    writer = StoreWriter(store)
    writer.emit(started("c1"))
    for i in range(50):
        writer.emit(TurnFinished(call_id="c1", at_ms=i, turn=turn(i, text="话" * 1000)))
    writer.close()
    assert writer.error is not None
    assert "51 event(s) could not be stored" in str(writer.error)
    assert "the disk is full" in str(writer.error)
    assert list_calls(store) == []


def test_too_many_waiting_and_events_after_the_end_are_told(store: Store) -> None:
    writer = StoreWriter(store, capacity=1)
    writer.close()
    writer.emit(started("c1"))
    assert writer.error is not None
    assert "after the store was closed" in str(writer.error)


def test_the_newest_calls_come_first(store: Store) -> None:
    writer = StoreWriter(store)
    for call_id, at in (
        ("old", "2026-11-20T09:00:00+08:00"),
        ("new", "2026-11-21T00:30:00+00:00"),
        ("mid", "2026-11-21T01:00:00+08:00"),
    ):
        writer.emit(started(call_id, at))
    writer.close()
    assert [call.id for call in list_calls(store)] == ["new", "mid", "old"]
    assert [call.id for call in list_calls(store, limit=1)] == ["new"]
    assert get_call(store, "none") is None
    assert events(store, "none") == []


def test_an_event_of_another_version_is_one_error(store: Store) -> None:
    writer = StoreWriter(store)
    writer.emit(started("c1"))
    writer.close()
    with store.session() as session, session.begin():
        session.execute(update(EventRow).values(body={"event": "call_teleported"}))
    with pytest.raises(StoreError, match="an event of call c1 is unknown to this version"):
        events(store, "c1")
