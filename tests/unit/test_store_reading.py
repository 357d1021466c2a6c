"""Reading a store beside its owner, and streaming calls out of it by flow, time and version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.errors import StoreError
from gateway.events import CallEnded, CallStarted, KeyPressed, NodeEntered
from gateway.store import Store, StoreWriter, ToldCall, Wanted, list_calls, stream_calls
from gateway.store.queries import PAGE

pytestmark = pytest.mark.unit


def write(
    store: Store, call_id: str, at: str, *, flow: str = "hotline", version: str = "1+aa", ends: bool = True
) -> None:
    writer = StoreWriter(store)
    writer.emit(
        CallStarted(
            call_id=call_id,
            at_ms=0,
            caller_number="13900001001",
            called_number="10086",
            transport="loopback",
            flow=flow,
            flow_version=version,
            mode="standard",
            started_at=at,
        )
    )
    writer.emit(NodeEntered(call_id=call_id, at_ms=1, node="main", kind="menu"))
    writer.emit(KeyPressed(call_id=call_id, at_ms=2, key="1"))
    if ends:
        writer.emit(
            CallEnded(
                call_id=call_id,
                at_ms=9,
                disposition="transferred",
                reason="queue:general",
                duration_ms=9,
                path=["main"],
                options=[],
                slots={},
                turns=[],
                mode="standard",
                transfer={"queue": "general", "handed_over": {"mode": "standard"}},
                recording=None,
            )
        )
    writer.close()
    assert writer.error is None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path) as opened:
        yield opened


def ids(store: Store, **wanted: object) -> list[str]:
    return [call.id for call in stream_calls(store, Wanted(flow="hotline", **wanted), {"node_entered"})]


def test_a_reader_sees_what_the_owner_commits_and_can_write_nothing(store: Store) -> None:
    write(store, "c1", "2026-11-21T08:00:00+08:00")
    with Store.open_for_reading(store.directory) as reader:
        assert ids(reader) == ["c1"]
        write(store, "c2", "2026-11-21T09:00:00+08:00")
        assert ids(reader) == ["c1", "c2"]
        with pytest.raises(StoreError), reader.session() as session, session.begin():
            session.execute(text("DELETE FROM calls"))
    assert len(list_calls(store)) == 2


def test_a_reader_closes_no_call_that_is_going_on(store: Store) -> None:
    write(store, "c1", "2026-11-21T08:00:00+08:00", ends=False)
    with Store.open_for_reading(store.directory) as reader:
        assert [call.disposition for call in list_calls(reader)] == [None]
        assert ids(reader) == []


def test_a_closed_store_in_a_path_with_signs_that_mean_something_to_a_url(tmp_path: Path) -> None:
    odd = tmp_path / "50% ?mode=memory#录音"
    with Store.open(odd) as store:
        write(store, "c1", "2026-11-21T08:00:00+08:00")
    there = sorted(odd.iterdir())
    with Store.open_for_reading(odd) as reader:
        assert ids(reader) == ["c1"]
    assert sorted(odd.iterdir()) == there, "a reader leaves nothing behind"


def test_where_there_is_no_store_none_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no store of calls here; name its directory"):
        Store.open_for_reading(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "newer version"),
        ("UPDATE alembic_version SET version_num = '0001'", "older version"),
        ("DELETE FROM alembic_version", "isn't a store"),
    ],
)
def test_a_store_of_another_version_is_not_read(tmp_path: Path, statement: str, told: str) -> None:
    Store.open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "voice-gateway.db")
    connection.execute(statement)
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=told):
        Store.open_for_reading(tmp_path)


def test_calls_come_oldest_first_by_flow_time_and_version(store: Store) -> None:
    write(store, "c3", "2026-11-21T08:00:00+08:00", version="2+ab_d")
    write(store, "c1", "2026-11-20T08:00:00+08:00")
    write(store, "c2", "2026-11-20T08:00:00+08:00", version="2")
    write(store, "c4", "2026-11-21T09:00:00+08:00", version="22+abcd")
    write(store, "other", "2026-11-21T08:00:00+08:00", flow="broadband")
    assert ids(store) == ["c1", "c2", "c3", "c4"]
    assert ids(store, since=datetime(2026, 11, 21, tzinfo=UTC)) == ["c3", "c4"]
    assert ids(store, version="2") == ["c2", "c3"]
    assert ids(store, version="2+ab_d") == ids(store, version="ab_d") == ["c3"], "an underscore is no wildcard"


def test_a_call_comes_with_the_events_that_were_asked_for(store: Store) -> None:
    write(store, "c1", "2026-11-21T08:00:00+08:00")
    (call,) = stream_calls(store, Wanted(flow="hotline"), {"node_entered", "call_ended"})
    assert [event.event for event in call.events] == ["node_entered", "call_ended"]
    assert call == ToldCall(
        id="c1",
        flow_version="1+aa",
        caller_number="13900001001",
        started_at=datetime(2026, 11, 21, tzinfo=UTC),
        disposition="transferred",
        reason="queue:general",
        transfer={"queue": "general", "handed_over": {"mode": "standard"}},
        events=call.events,
    )


def test_no_call_is_lost_or_told_twice_between_two_pages(store: Store) -> None:
    with store.session() as session, session.begin():
        session.execute(
            text(
                "INSERT INTO calls (id, flow, flow_version, caller_number, called_number, transport, mode, started_at,"
                " disposition, reason, path, options, slots)"
                " WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
                " SELECT printf('c%05d', i), 'hotline', '1', '', '', '', '', '2026-11-21 00:00:00.00000' || (i % 3),"
                " 'completed', 'completed', '[]', '[]', '{}' FROM n"
            ),
            {"last": 2 * PAGE},
        )
    told = ids(store)
    assert len(told) == len(set(told)) == 2 * PAGE + 1


def test_an_event_that_nobody_knows_is_an_error_with_a_remedy(store: Store) -> None:
    write(store, "c1", "2026-11-21T08:00:00+08:00")
    with store.session() as session, session.begin():
        session.execute(text('UPDATE events SET body = \'{"event": "from_the_future"}\' WHERE seq = 1'))
    with pytest.raises(StoreError, match=r"c1 is unknown to this version; read it with the version"):
        ids(store)
