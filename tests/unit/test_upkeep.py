"""What a service does beside its calls."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.analytics.report import Thresholds
from gateway.errors import StoreError
from gateway.settings import Settings
from gateway.store import Store
from gateway.store.refusals import RefusalCounter
from gateway.transport.switchboard import Refusal
from gateway.upkeep import FigureWatch, Job, Upkeep, jobs_of
from tests.support.stored import StoredCall, store_calls

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
RULES = """
alerts:
  given_up:
    title: 放弃太多
    figure: abandonment
    above: 0.5
    over_last: 1h
    at_least: 2
  refused:
    title: 接通率低
    figure: answered
    below: 0.9
    over_last: 1h
    at_least: 3
"""


def watch_of(tmp_path: Path, store: Store) -> FigureWatch:
    (tmp_path / "thresholds.yaml").write_text(RULES, encoding="utf-8")
    return FigureWatch(store, Thresholds.load(tmp_path))


def abandoned(count: int) -> list[StoredCall]:
    at = (NOW - timedelta(minutes=10)).isoformat()
    return [StoredCall(f"c{number}", at=at).says("喂").ends() for number in range(count)]


def test_a_figure_that_crosses_its_line_is_told_once_until_it_is_back(tmp_path: Path) -> None:
    store_calls(tmp_path / "store", abandoned(2))
    with Store.open_for_reading(tmp_path / "store") as store:
        watch = watch_of(tmp_path, store)
        assert [alert.alert for alert in watch.look(NOW)] == ["given_up"]
        assert watch.look(NOW) == []
        assert list(watch.standing) == [("given_up", "")]
        assert watch.look(NOW + timedelta(hours=2)) == []
        assert watch.standing == {}
        assert [alert.alert for alert in watch.look(NOW)] == ["given_up"], "it crossed it again"


def test_refused_calls_count_for_an_hour(tmp_path: Path) -> None:
    store_calls(tmp_path / "store", abandoned(1))
    with Store.open(tmp_path / "store") as store:
        watch, refusals = watch_of(tmp_path, store), RefusalCounter(store)
        assert watch.look(NOW) == []
        for _ in range(5):
            refusals.count(NOW, "mobile_hotline", Refusal.BUSY)
        refusals.write()
        assert [alert.alert for alert in watch.look(NOW + timedelta(minutes=1))] == ["refused"]
        watch.look(NOW + timedelta(minutes=62))
        assert watch.look(NOW + timedelta(minutes=130)) == []
        assert watch.standing == {}


def test_a_job_that_fails_is_done_again_and_holds_no_other(caplog: pytest.LogCaptureFixture) -> None:
    tries: list[int] = []
    other, again = threading.Event(), threading.Event()

    def fail() -> None:
        tries.append(1)
        if len(tries) > 2:
            again.set()
        raise StoreError("the disk is full") if len(tries) == 1 else ValueError("ours")

    async def run() -> None:
        upkeep = Upkeep([Job("failing", 0.0, fail), Job("other", 3600.0, other.set)])
        upkeep.start()
        await asyncio.to_thread(again.wait, 10)
        await upkeep.stop()
        await upkeep.stop()

    asyncio.run(run())
    assert other.is_set()
    assert again.is_set()
    assert "failing: the disk is full" in caplog.text
    assert "failed by an error of ours" in caplog.text


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({}, ["counting refused calls", "watching the figures"]),
        (
            {"analytics": {"redacted_copies": True}},
            ["counting refused calls", "watching the figures", "writing redacted copies", "deleting what is due"],
        ),
        ({"retention": {"calls_days": 30}}, ["counting refused calls", "watching the figures", "deleting what is due"]),
    ],
)
def test_only_what_is_set_is_done(tmp_path: Path, settings: dict[str, dict[str, object]], names: list[str]) -> None:
    with Store.open(tmp_path / "store") as store:
        jobs = jobs_of(Settings.model_validate(settings), store, watch_of(tmp_path, store), RefusalCounter(store))
        assert [job.name for job in jobs] == names
        for job in jobs:
            job.do()


def test_what_is_to_be_done_at_the_end_is_done_then_and_once() -> None:
    done: list[str] = []

    both = threading.Barrier(3, timeout=5)

    def do(name: str) -> None:
        done.append(name)
        if len(done) <= 2:
            both.wait()

    async def run() -> None:
        often = Job("often", 3600.0, lambda: do("often"))
        upkeep = Upkeep([often, Job("last", 3600.0, lambda: do("last"), at_end=True)])
        upkeep.start()
        await asyncio.to_thread(both.wait)
        await upkeep.stop()
        await upkeep.stop()

    asyncio.run(run())
    assert sorted(done) == ["last", "last", "often"]
