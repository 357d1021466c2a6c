"""The page of figures: periods, changes, lines drawn in, the scope, and where callers give up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from xml.etree.ElementTree import fromstring

import pytest

from gateway.analytics.report import FIGURES, Asked, Sums, Thresholds, alerts, report
from gateway.console.calls.labels import Titles
from gateway.console.config import Settings
from gateway.console.rights import Scope
from gateway.console.service import charts
from gateway.console.service.drop_off import drop_off
from gateway.console.service.figures import bounds, gather, period_of
from gateway.console.service.picture import funnel_picture, heat, told
from gateway.console.service.words import change, formula, group_name, with_unit
from gateway.desk.funnel import NodeFigures
from gateway.desk.graph.draw import draw
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import find_flow, load_flow
from gateway.events import CallStarted
from gateway.settings import load_settings
from gateway.store import Store
from gateway.store.record import record_next
from tests.support.report import CHINA, NOW, add_call
from tests.support.stored import StoredCall

pytestmark = pytest.mark.unit

ALL = Scope(view="all")
TEAM = Scope(view="team", queues=("general",))
FLOOR = Scope(view="floor", hotlines=("b",))
TITLES = Titles(routes={"agent": "转人工"}, flags={}, hotlines={"a": "甲热线"})
SETTINGS = cast(Settings, SimpleNamespace(now=lambda: NOW, analytics=SimpleNamespace(rules=None)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


@pytest.fixture(scope="module")
def flows_dir() -> Path:
    return load_settings().flows_dir


def test_a_period_is_compared_with_as_long_a_time_before() -> None:
    assert bounds("7d", NOW) == (NOW - dt.timedelta(days=7), NOW - dt.timedelta(days=14))
    midnight = dt.datetime(2026, 11, 29, tzinfo=CHINA)
    assert bounds("today", NOW) == (midnight, midnight - dt.timedelta(days=1))
    assert bounds("all", NOW) == (None, None)


@pytest.mark.parametrize("name", ["", "8d", "<script>", "'; DROP TABLE calls"])
def test_a_period_and_a_figure_of_nobodys_are_the_usual_ones(name: str) -> None:
    assert period_of(name) == "7d"
    assert charts.figure_of(name).name == "containment"


def test_the_figures_of_a_period_stand_beside_those_before_it(store: Store) -> None:
    add_call(store, "completed")
    add_call(store, "abandoned", ago=dt.timedelta(days=8))
    add_call(store, "abandoned", ago=dt.timedelta(days=15))
    found = gather(store, SETTINGS, ALL, "7d", "")
    assert (found.total.calls, found.before and found.before.calls) == (1, 1)
    assert [*found.groups["hotline"]] == ["small"]
    assert [*found.groups["hour"]] == ["11"]


def test_four_views_of_the_same_calls(store: Store) -> None:
    add_call(store, "transferred", queue="general", flow="a", number="1")
    add_call(store, "completed", flow="b", number="1")
    add_call(store, "completed", flow="a", number="2")

    def calls(scope: Scope) -> int:
        return report(store, Asked(scope=scope), NOW).total.calls

    assert [calls(ALL), calls(FLOOR), calls(TEAM), calls(Scope(view="own", queues=("general",)))] == [3, 1, 1, 1]
    assert calls(Scope(view="team", queues=())) == 0
    assert calls(Scope(view="floor", hotlines=("'; DROP TABLE calls; --",))) == 0


def test_a_repeated_call_is_one_even_if_the_first_is_not_theirs(store: Store) -> None:
    add_call(store, "completed", flow="a", ago=dt.timedelta(hours=5))
    add_call(store, "completed", flow="b")
    assert report(store, Asked(scope=FLOOR), NOW).total.again == 1


def test_an_alert_is_told_to_who_sees_its_calls(store: Store) -> None:
    for number in range(40):
        add_call(store, "failed", flow="a", number=str(number), ago=dt.timedelta(minutes=5))
    rules = Thresholds.load()
    assert [one.alert for one in alerts(store, rules, NOW, scope=ALL)] == ["failure_high"]
    assert alerts(store, rules, NOW, scope=FLOOR) == ()


@pytest.mark.parametrize(
    ("figure", "now", "before", "expected"),
    [
        ("containment", 60, 50, ("↑ 10.0 个百分点", "good")),
        ("abandonment", 60, 50, ("↑ 10.0 个百分点", "bad")),
        ("transfer", 50, 60, ("↓ 10.0 个百分点", "calm")),
        ("containment", 50, 50, ("与上期持平", "calm")),
        ("containment", 50, None, ("", "calm")),
    ],
)
def test_a_change_is_judged_by_what_the_figure_means(
    figure: str, now: int, before: int | None, expected: tuple[str, str]
) -> None:
    def sums(count: int) -> Sums:
        return Sums(calls=100, ended=100, served=count, transferred=count, abandoned=count)

    assert change(FIGURES[figure], sums(now), None if before is None else sums(before)) == expected


def test_a_figure_without_calls_is_a_dash_and_no_nought() -> None:
    assert with_unit("share", FIGURES["rated"].value(Sums())) == "—"
    assert formula(FIGURES["rated"], Sums()) == "没有可算的通话"


def test_lines_that_hold_are_drawn_in() -> None:
    rules = Thresholds.load()
    sums = {"a": Sums(calls=10, ended=10, abandoned=1), "b": Sums(calls=30, ended=30, abandoned=9)}
    figure = FIGURES["abandonment"]
    options = charts.by_group("hotline", sums, figure, charts.lines_of(rules, "abandonment", ""), TITLES)
    series = options["series"][0]
    assert series["markLine"]["data"][0]["xAxis"] == 20.0
    assert options["yAxis"]["data"] == ["甲热线（10）", "b（30）"]
    assert series["data"] == [10.0, 30.0]
    hours = charts.by_hour({"09": sums["a"]}, figure, charts.lines_of(rules, "abandonment", "a"))
    assert hours["series"][1]["markLine"]["data"][0]["yAxis"] == 20.0
    assert (hours["series"][0]["data"][9], hours["series"][1]["data"][9], hours["series"][1]["data"][8]) == (
        10,
        10.0,
        None,
    )


def test_groups_have_their_titles() -> None:
    named = [("route", "agent"), ("route", ""), ("mode", "elderly"), ("hotline", "x")]
    assert [group_name(by, name, TITLES) for by, name in named] == ["转人工", "（未判明）", "长辈", "x"]


def test_a_node_is_marked_by_the_share_of_those_who_give_up() -> None:
    def node(entered: int, hung_up: int) -> NodeFigures:
        return NodeFigures("main", "menu", in_flow=True, entered=entered, hung_up=hung_up)

    assert [heat(node(0, 0)), heat(node(100, 1)), heat(node(100, 6)), heat(node(100, 20))] == [0, 1, 2, 3]
    assert told(node(1200, 300)) == "1,200 次 · 放弃 300（25%）"
    assert told(None) == "没有来电走到"


def test_the_picture_is_sound_and_escapes_what_the_flow_says(flows_dir: Path) -> None:
    compiled = CompiledFlow(load_flow(find_flow("mobile_hotline", flows_dir)))
    drawing = draw(compiled)
    evil = replace(drawing.boxes[0], says='<script>alert("1")</script>')
    drawing = replace(drawing, boxes=(evil, *drawing.boxes[1:]))
    picture = funnel_picture(drawing, {})
    assert "<script" not in picture
    root = fromstring(picture)  # noqa: S314  # our own
    cards = [one for one in root.iter() if one.get("data-name")]
    assert {one.get("data-name") for one in cards} == {box.name for box in drawing.boxes}


def test_the_calls_of_a_node_are_those_that_came_through_it_in_the_scope(store: Store, flows_dir: Path) -> None:
    def put(call: StoredCall) -> None:
        with store.writing() as session:
            for one in call.events:
                changed = replace(one, flow="mobile_hotline") if isinstance(one, CallStarted) else one
                record_next(session, changed)

    put(StoredCall("stays").enters("welcome:play", "main").ends("completed", "completed"))
    put(StoredCall("goes", at="2026-11-20T10:00:00+08:00").enters("welcome:play", "main").ends())
    put(StoredCall("human").enters("welcome:play").ends("transferred", "transferred", transfer={"queue": "general"}))
    found = drop_off(store, flows_dir, ALL, "mobile_hotline", None)
    assert found is not None
    assert (found.calls, found.is_cut) == (3, False)
    assert [(one.id, one.gave_up) for one in found.at["main"]] == [("goes", True), ("stays", False)]
    assert next(one.hung_up for one in found.nodes if one.node == "main") == 1
    mine = drop_off(store, flows_dir, TEAM, "mobile_hotline", None)
    assert mine is not None
    assert mine.calls == 1
    assert drop_off(store, flows_dir, ALL, "../../etc", None) is None
