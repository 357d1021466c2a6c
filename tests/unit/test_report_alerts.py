"""Alerts: figures that crossed their line, and mistakes in thresholds.yaml."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from gateway.analytics.report import FIGURES, Alert, Thresholds, alerts
from gateway.errors import RulesError
from gateway.store import Store
from gateway.store.refusals import RefusalCounter
from tests.support.chinese import not_chinese
from tests.support.report import NOW, add_call

pytestmark = pytest.mark.unit

LINE = """\
repeat_days: 7
alerts:
  low:
    title: 太低
    figure: containment
    below: 0.5
    over_last: 2h
    at_least: 4
    severity: high
"""


def thresholds(folder: Path, text: str) -> Thresholds:
    (folder / "thresholds.yaml").write_text(text, encoding="utf-8")
    return Thresholds.load(folder)


def raised(folder: Path, calls: dict[str, list[str]], text: str, **more: object) -> list[Alert]:
    """What is raised for calls of an hour ago, by hotline."""
    rules = thresholds(folder, text)
    with Store.open(folder / "store") as store:
        for hotline, dispositions in calls.items():
            for disposition in dispositions:
                add_call(store, disposition, flow=hotline)
        return list(alerts(store, rules, NOW, **more))  # type: ignore[arg-type]


MIXED = {"a": ["completed"] * 3 + ["abandoned"], "b": ["abandoned"] * 5}


def test_all_hotlines_are_taken_together_unless_told_apart(tmp_path: Path):
    (alert,) = raised(tmp_path, MIXED, LINE)
    assert (alert.alert, alert.title, alert.hotline, alert.severity) == ("low", "太低", "", "high")
    assert (alert.value, alert.limit, alert.is_above, alert.calls) == (3 / 9, 0.5, False, 9)
    assert (alert.since, alert.until) == (NOW - dt.timedelta(hours=2), NOW)


@pytest.mark.parametrize(
    ("change", "hotlines"),
    [
        ("    hotline: ['*']", ["b"]),
        ("    hotline: [a]", []),
        ("    hotline: [a, b]", ["b"]),
        ("    hotline: [c]", []),
    ],
)
def test_each_hotline_by_itself(tmp_path: Path, change: str, hotlines: list[str]):
    assert [alert.hotline for alert in raised(tmp_path, MIXED, LINE + change)] == hotlines


@pytest.mark.parametrize(
    ("old", "new", "is_raised"),
    [
        ("at_least: 4", "at_least: 10", False),  # too few calls prove nothing
        ("over_last: 2h", "over_last: 30m", False),  # an hour ago
        ("below: 0.5", "below: 0.333", False),
        ("below: 0.5", "above: 0.3", True),
        ("below: 0.5", "above: 0.34", False),
        ("figure: containment", "figure: abandonment", False),
    ],
)
def test_what_decides(tmp_path: Path, old: str, new: str, is_raised: bool):
    assert bool(raised(tmp_path, MIXED, LINE.replace(old, new))) is is_raised


def test_who_was_turned_away_counts_against_the_answered(tmp_path: Path):
    rules = LINE.replace("figure: containment", "figure: answered").replace("below: 0.5", "below: 0.9")
    assert raised(tmp_path, MIXED, rules) == []
    with Store.open(tmp_path / "store") as store:
        refusals = RefusalCounter(store)
        refusals.count(NOW - dt.timedelta(minutes=5), "mobile_hotline", "busy")
        for _ in range(100):
            refusals.count(NOW - dt.timedelta(minutes=5), "", "unknown_number")
        refusals.write()
        assert alerts(store, Thresholds.load(tmp_path), NOW) == ()
        for reason in ("full", "draining"):
            refusals.count(NOW - dt.timedelta(minutes=4), "mobile_hotline", reason)
        refusals.write()
        (alert,) = alerts(store, Thresholds.load(tmp_path), NOW)
        assert (alert.value, alert.calls) == (9 / 12, 12)


def test_the_packages_own_lines_name_known_figures():
    lines = Thresholds.load().alerts
    assert {line.figure for line in lines.values()} <= set(FIGURES)
    assert {"answered", "containment", "transfer", "first_contact", "repeat", "satisfaction"} <= {
        line.figure for line in lines.values()
    }


@pytest.mark.parametrize(
    ("old", "new", "place", "what"),
    [
        ("figure: containment", "figure: containmnt", "5:13", "是不是 `containment`？"),
        ("    below: 0.5\n", "", "4:5", "`above` 和 `below` 要写一个，也只能写一个"),
        ("below: 0.5", "below: 50", "4:5", "在 0 到 1 之间"),
        ("over_last: 2h", "over_last: 2", "7:16", "请写成 `30m`、`2h` 或 `7d`"),
        ("over_last: 2h", "over_last: 100d", "7:16", "最多 `92d`"),
        ("figure: containment", "figure: first_contact", "7:16", "过 7 天才知道"),
        ("severity: high", "severity: hihg", "9:15", "是不是 `high`？"),
        ("repeat_days: 7", "repeat_days: 0", "1:14", "repeat_days"),
        ("repeat_days: 7", "repeat_day: 7", "1:1", "是不是 `repeat_days`？"),
    ],
)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, old: str, new: str, place: str, what: str):
    assert old in LINE
    with pytest.raises(RulesError) as refused:
        thresholds(tmp_path, LINE.replace(old, new))
    (problem,) = refused.value.problems
    assert problem.startswith(f"{tmp_path / 'thresholds.yaml'}:{place}: ")
    assert what in problem
    assert not_chinese([problem.partition("thresholds.yaml:")[2]]) == []
