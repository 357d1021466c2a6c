"""Service figures from a store: what counts above and below each line, and how calls are told apart."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from gateway.analytics.report import FIGURES, Asked, Report, Sums, report
from gateway.console.rights import Scope
from gateway.errors import StoreError
from gateway.store import Store, retention
from gateway.store.refusals import RefusalCounter
from gateway.store.retention import RetentionConfig
from gateway.store.tables import CallRow, RefusalRow
from tests.support.report import NOW, add_call

pytestmark = pytest.mark.unit

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Made once, for it takes a while."""
    with Store.open(tmp_path_factory.mktemp("report")) as store:
        yield store


@pytest.fixture
def store(opened: Store) -> Store:
    """With no call in it."""
    with opened.session() as session, session.begin():
        session.execute(delete(CallRow))
        session.execute(delete(RefusalRow))
    return opened


def ask(store: Store, **asked: Any) -> Report:
    return report(store, Asked(**asked), NOW)


def value(sums: Sums, name: str) -> float | None:
    return FIGURES[name].value(sums)


def test_nothing_comes_of_nothing(store: Store):
    sums = ask(store).total
    assert sums == Sums()
    assert {value(sums, name) for name in FIGURES} == {None}


def test_shares_are_of_the_calls_that_have_ended(store: Store):
    for disposition in ["completed"] * 5 + ["transferred"] * 3 + ["abandoned", "failed", None, None]:
        add_call(store, disposition)
    sums = ask(store).total
    assert (sums.calls, sums.running, sums.ended) == (12, 2, 10)
    shares = [value(sums, name) for name in ("containment", "transfer", "abandonment", "failure")]
    assert shares == [0.5, 0.3, 0.1, 0.1]


def test_a_killed_call_is_a_failure_and_has_no_length(store: Store):
    add_call(store, "completed", duration_ms=60_000.0)
    add_call(store, "completed", duration_ms=120_000.0)
    add_call(store, "failed", reason="process_killed", duration_ms=3000.0)
    sums = ask(store).total
    assert (sums.killed, sums.failed, sums.ended, sums.timed) == (1, 1, 3, 2)
    assert value(sums, "handling_time") == 90.0


def test_content_are_those_who_gave_4_or_5_of_those_who_said(store: Store):
    for score in (5, 4, 3, 1, None, None, None, None):
        add_call(store, "completed", satisfaction=score)
    sums = ask(store).total
    assert value(sums, "satisfaction") == 0.5
    assert value(sums, "satisfaction_score") == 13 / 4
    assert value(sums, "rated") == 0.5


def test_a_problem_is_solved_when_the_number_does_not_call_about_it_again(store: Store):
    """Withheld numbers, unknown matters and calls whose days are not over count nowhere."""
    add_call(store, ago=20 * DAY, number="1", route="billing_query")
    add_call(store, ago=15 * DAY, number="1", route="billing_query")  # within 7 days of the one before
    add_call(store, ago=20 * DAY, number="2", route="billing_query")
    add_call(store, ago=18 * DAY, number="2", route="roaming")  # about something else
    add_call(store, ago=20 * DAY, number="", route="roaming")
    add_call(store, ago=19 * DAY, number="", route="roaming")
    add_call(store, ago=20 * DAY, number="3", route="other")
    add_call(store, ago=20 * DAY, number="4", route=None)
    add_call(store, ago=1 * DAY, number="5", route="roaming")
    add_call(store, None, ago=20 * DAY, number="6", route="roaming")
    sums = ask(store).total
    assert (sums.judged, sums.not_again) == (4, 3)
    assert value(ask(store, repeat_days=4).total, "first_contact") == 1.0


def test_a_call_is_repeated_when_the_number_called_within_the_days_before(store: Store):
    add_call(store, ago=20 * DAY, number="1", flow="small")
    add_call(store, ago=14 * DAY, number="1", flow="other", route="roaming")
    add_call(store, ago=3 * DAY, number="1")
    add_call(store, ago=2 * DAY, number="")
    add_call(store, ago=1 * DAY, number="")
    sums = ask(store).total
    assert (sums.known, sums.again) == (3, 1)
    recent = ask(store, since=NOW - 15 * DAY, hotline="other").total
    assert (recent.known, recent.again) == (1, 1)  # the earlier call was before the time, and at another hotline


def test_what_comes_after_the_time_asked_for_still_counts_against_it(store: Store):
    add_call(store, ago=30 * DAY, number="1", route="roaming")
    add_call(store, ago=28 * DAY, number="1", route="roaming")
    sums = ask(store, since=NOW - 31 * DAY, until=NOW - 29 * DAY).total
    assert (sums.calls, sums.judged, sums.not_again) == (1, 1, 0)


def test_a_lost_call_that_was_gone_on_with_is_one_with_what_follows(store: Store):
    lost = add_call(store, "failed", reason="connection_lost", ago=10 * DAY, number="1", route="roaming")
    after = 10 * DAY - dt.timedelta(minutes=3)
    add_call(store, "completed", ago=after, number="1", route="roaming", resumes=lost)
    add_call(store, "failed", reason="connection_lost", ago=10 * DAY, number="2")
    sums = ask(store).total
    assert (sums.calls, sums.failed, sums.served) == (2, 1, 1)
    assert (sums.again, sums.judged, sums.not_again) == (0, 1, 1)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("hotline", {"a": 2, "b": 1}),
        ("mode", {"elderly": 1, "standard": 2}),
        ("route", {"": 1, "roaming": 2}),
        ("node", {"": 1, "main": 2, "human": 1}),
        ("hour", {"00": 1, "09": 2}),
    ],
)
def test_calls_are_told_apart(store: Store, by: str, groups: dict[str, int]):
    add_call(store, at="2026-11-20T09:59:59+08:00", flow="a", route="roaming", path=["main", "human", "main"])
    add_call(store, at="2026-11-21T09:00:00+08:00", flow="a", route="roaming", path=["main"], mode="elderly")
    add_call(store, at="2026-11-22T00:30:00+08:00", flow="b", route=None, path=[])
    told = ask(store, by=by)
    assert {name: sums.calls for name, sums in told.groups.items()} == dict(sorted(groups.items()))
    assert told.total == ask(store).total  # a call through several nodes is one


@pytest.mark.parametrize(
    ("zone", "hour"), [("Asia/Shanghai", "11"), ("UTC", "03"), ("Asia/Kolkata", "08"), ("Asia/Kathmandu", "09")]
)
def test_hours_are_those_of_the_hotline(store: Store, zone: str, hour: str):
    add_call(store, at="2026-11-20T03:20:00+00:00")
    groups = report(store, Asked(by="hour"), NOW.astimezone(ZoneInfo(zone))).groups
    assert list(groups) == [hour]


def test_hours_follow_the_clocks_that_change(store: Store):
    add_call(store, at="2026-07-01T12:00:00+00:00")
    add_call(store, at="2026-11-20T12:00:00+00:00")
    assert list(report(store, Asked(by="hour"), NOW.astimezone(ZoneInfo("Europe/Berlin"))).groups) == ["13", "14"]


def turn_away(store: Store, count: int, hotline: str = "a", reason: str = "busy", hours: float = 1) -> None:
    """So many hours ago."""
    refusals = RefusalCounter(store)
    for _ in range(count):
        refusals.count(NOW - dt.timedelta(hours=hours), hotline, reason)
    refusals.write()


def test_refused_calls_count_against_the_answered_but_wrong_numbers_do_not(store: Store):
    for _ in range(9):
        add_call(store)
    turn_away(store, 1)
    turn_away(store, 5, "", "unknown_number")
    assert value(ask(store).total, "answered") == 0.9
    turn_away(store, 1, reason="full")
    turn_away(store, 1, reason="draining")
    assert value(ask(store).total, "answered") == 0.75


def test_who_was_turned_away_belongs_to_a_hotline_and_an_hour_and_to_nothing_else(store: Store):
    add_call(store, flow="a")
    turn_away(store, 2)
    turn_away(store, 3, "b", hours=3)
    hotlines = ask(store, by="hotline").groups
    assert {name: (sums.calls, sums.turned_away) for name, sums in hotlines.items()} == {"a": (1, 2), "b": (0, 3)}
    assert ask(store, by="hour").groups[f"{NOW - dt.timedelta(hours=3):%H}"] == Sums(turned_away=3)
    for by in ("mode", "route", "node"):
        told = ask(store, by=by)
        assert (told.total.turned_away, sum(sums.turned_away for sums in told.groups.values())) == (5, 0)
    assert ask(store, hotline="a").total.turned_away == 2
    assert ask(store, since=NOW - dt.timedelta(hours=2)).total.turned_away == 2
    assert ask(store, until=NOW - dt.timedelta(hours=2)).total.turned_away == 3


def test_who_was_turned_away_is_seen_by_those_who_see_the_hotline(store: Store):
    turn_away(store, 2)
    scopes = (
        (Scope(view="all"), 2),
        (Scope(view="floor", hotlines=("a",)), 2),
        (Scope(view="floor", hotlines=("b",)), 0),
        (Scope(view="floor"), 0),
        (Scope(view="team", queues=("complaints",), hotlines=("a",)), 0),
        (Scope(view="own"), 0),
    )
    for scope, seen in scopes:
        assert ask(store, scope=scope).total.turned_away == seen, scope


def test_what_is_deleted_by_age_leaves_no_refusals_behind(tmp_path: Path):
    with Store.open(tmp_path / "store") as store:
        turn_away(store, 2, hours=24 * 40)
        turn_away(store, 3)
        retention.apply(store, RetentionConfig(calls_days=30), NOW)
        assert ask(store).total.turned_away == 3


def test_what_could_not_be_written_is_counted_the_next_time(tmp_path: Path):
    with Store.open(tmp_path / "store") as store:
        refusals = RefusalCounter(store)
        refusals.count(NOW, "a", "busy")
        with sqlite3.connect(store.database) as other:
            other.execute("ALTER TABLE refusals RENAME TO hidden")
        with pytest.raises(StoreError):
            refusals.write()
        refusals.count(NOW, "a", "busy")
        with sqlite3.connect(store.database) as other:
            other.execute("ALTER TABLE hidden RENAME TO refusals")
        refusals.write()
        refusals.write()
        assert ask(store).total.turned_away == 2


def test_parts_add_up(store: Store):
    for index in range(7):
        add_call(
            store, ["completed", "abandoned", None][index % 3], flow="ab"[index % 2], satisfaction=index % 6 or None
        )
    told = ask(store, by="hotline")
    assert sum(told.groups.values(), Sums()) == told.total
