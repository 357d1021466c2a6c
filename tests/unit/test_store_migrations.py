"""A store of an earlier version is brought up to date with everything that is in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config

from gateway.store import Store, events, get_call, list_calls
from gateway.store.engine import open_engine

pytestmark = pytest.mark.unit

CALLS = """
INSERT INTO calls VALUES ('old', 'mobile_hotline', '1', '13900001001', '10086', 'loopback', 'standard',
  '2026-11-20 01:00:00', '2026-11-20 01:01:00', 60000.0, 'completed', 'completed', '["main"]', '["balance"]',
  '{"number": "12"}', NULL, '/r/old.wav');
INSERT INTO calls VALUES ('killed', 'mobile_hotline', '1', '13900001001', '10086', 'loopback', 'standard',
  '2026-11-20 02:00:00', NULL, NULL, NULL, NULL, '[]', '[]', '{}', NULL, NULL);
INSERT INTO turns VALUES ('old', 0, 'main', 'speech', '查话费', '', '[]', 0.9, 'balance', 0.97, 'accept', 1000.0,
  1800.0, 800.0, 600.0, 210.5, 930.25);
INSERT INTO events VALUES ('old', 0, 60000.0, 'call_ended', '{"event": "call_ended", "call_id": "old",
  "at_ms": 60000.0, "disposition": "completed", "reason": "completed", "duration_ms": 60000.0, "path": ["main"],
  "options": ["balance"], "slots": {}, "turns": [], "mode": "standard", "transfer": null, "recording": null}');
"""


def store_of(revision: str, directory: Path) -> None:
    """A database as the version with this revision left it, with calls in it."""
    database = directory / "voice-gateway.db"
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    engine = open_engine(database)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()
    connection = sqlite3.connect(database)
    connection.executescript(CALLS)
    connection.close()


def test_the_calls_of_the_first_version_are_all_there_with_what_it_did_not_know_empty(tmp_path: Path) -> None:
    store_of("0001", tmp_path)
    for _ in range(2):  # the second opening finds nothing to do
        with Store.open(tmp_path) as store:
            old, killed = get_call(store, "old"), get_call(store, "killed")
            (ended,) = events(store, "old")
            assert len(list_calls(store)) == 2
        assert old is not None
        assert (old.path, old.options, old.slots) == (("main",), ("balance",), {"number": "12"})
        assert [turn.text for turn in old.turns] == ["查话费"]
        assert (old.tickets, old.messages, old.satisfaction) == ((), (), None)
        assert (old.trunk, old.line) == ("", None)
        assert ended.event == "call_ended"
        assert killed is not None
        assert killed.reason == "process_killed"


def test_a_step_can_be_taken_back(tmp_path: Path) -> None:
    with Store.open(tmp_path):
        pass
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    engine = open_engine(tmp_path / "voice-gateway.db")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
        columns = [row[1] for row in connection.exec_driver_sql("PRAGMA table_info(calls)")]
    engine.dispose()
    assert "recording" in columns
    assert not {"tickets", "messages", "satisfaction", "trunk", "line"} & set(columns)
