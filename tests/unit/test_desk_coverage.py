"""What dialogues exercised of a flow: every goal is counted when it is reached, or named with its line."""

from __future__ import annotations

import pytest

from gateway.desk.dialogues.coverage import Coverage
from gateway.desk.dialogues.goals import Goal, Kind
from gateway.desk.dialogues.report import gaps
from gateway.dialogue.load import read_draft
from tests.support.errands import Errands

pytestmark = pytest.mark.unit


def covered(errands: Errands, text: str) -> Coverage:
    coverage = Coverage(errands.flow)
    for held in errands.hold(text):
        coverage.add(held.exchanges)
    return coverage


def missed(coverage: Coverage, kind: Kind) -> set[str]:
    return {f"{goal.subject} {goal.what}".strip() for goal in coverage.missed(kind)}


@pytest.fixture
def errands(tmp_path) -> Errands:
    return Errands(tmp_path)


def test_nothing_held_is_nothing_reached(errands):
    coverage = Coverage(errands.flow)
    assert coverage.share(Kind.NODE) == (0, len(missed(coverage, Kind.NODE)))
    assert not coverage.full
    assert "where.district" in missed(coverage, Kind.NODE)


def test_a_call_reaches_its_nodes_and_options(errands):
    coverage = covered(errands, "dialogues: {one: {steps: [{says: 寄东西}, {says: 武昌}]}}")
    assert not {"main", "ask", "where.district", "order", "told", "rate"} & missed(coverage, Kind.NODE)
    assert {"main track", "main leave", "where.district hankou", "universals more"} <= missed(coverage, Kind.OPTION)
    assert not {"main send", "where.district wuchang"} & missed(coverage, Kind.OPTION)


@pytest.mark.parametrize(
    ("dialogue", "reached"),
    [
        ("{steps: [{silent: true}]}", "main 没有回答"),
        ("{steps: [{says: 今天天气}]}", "main 没听懂"),
        ("{steps: [{silent: 2}]}", "modes.elderly 多次没听懂而进入"),
        ("{steps: [{silent: 3}]}", "main 多次失败后离开"),
        ("{agents: none, steps: [{says: 人工}]}", "human 没有人接"),
        ("{lookups: {ticket.create: fails}, steps: [{says: 寄东西}, {keys: '1'}]}", "order 查询失败"),
        ("{lookups: {caller.profile: fails}, steps: [{at: main}]}", "profile 查询失败"),
        ("{lookups: {parcel.status: {days: 3}}, steps: [{says: 查快递}]}", "parcel_told 有数据读不出来"),
        ("{clock: 2026-11-24 10:30, steps: [{silent: 3}]}", "leave 多次失败后离开"),
        ("{steps: [{keys: '4'}, {silent: 2}]}", "rate 没有回答"),
    ],
)
def test_an_error_path_is_reached_by_its_failure(errands, dialogue, reached):
    assert reached in missed(Coverage(errands.flow), Kind.ERROR)
    assert reached not in missed(covered(errands, f"dialogues: {{one: {dialogue}}}"), Kind.ERROR)


def test_a_notice_that_is_heard_or_has_no_values_or_no_way_out_is_no_error_path(errands):
    heard = covered(errands, "dialogues: {a: {lookups: {parcel.status: {days: 3, fee: 5}}, steps: [{says: 查快递}]}}")
    assert {"parcel 查询失败", "parcel_told 有数据读不出来"} <= missed(heard, Kind.ERROR)
    assert not {"told 有数据读不出来", "nothing 有数据读不出来"} & missed(heard, Kind.ERROR)


def test_ways_into_and_out_of_a_mode_are_told_apart(errands):
    by_asking = covered(errands, "dialogues: {one: {steps: [{says: 慢一点}, {says: 快一点}]}}")
    assert missed(by_asking, Kind.OPTION) >= {"modes.elderly 按资料进入"}
    assert not missed(by_asking, Kind.OPTION) & {"modes.elderly 要求进入", "modes.elderly 要求退出"}
    by_profile = covered(errands, "dialogues: {one: {caller: '13900001002', steps: [{at: main}]}}")
    assert "modes.elderly 按资料进入" not in missed(by_profile, Kind.OPTION)


def test_overlays_and_groups_are_reached_in_their_mode(errands):
    first = "{caller: '13900001002', steps: [{at: main}]}"
    both = "{caller: '13900001002', steps: [{keys: '#', at: main}]}"
    assert missed(covered(errands, "dialogues: {one: {steps: [{at: main}]}}"), Kind.OVERLAY) == {"main（elderly）"}
    once = covered(errands, f"dialogues: {{one: {first}}}")
    assert missed(once, Kind.OVERLAY) == set()
    assert missed(once, Kind.GROUP) == {"main（elderly） 第 2 组"}
    assert missed(covered(errands, f"dialogues: {{one: {both}}}"), Kind.GROUP) == set()


def test_the_report_names_what_is_missing_with_its_line(errands):
    coverage = covered(errands, "dialogues: {one: {steps: [{says: 寄东西}, {says: 武昌}]}}")
    told = "\n".join(gaps(coverage, read_draft(errands.file).source))
    line = next(
        number
        for number, text in enumerate(errands.file.read_text(encoding="utf-8").splitlines(), 1)
        if text.startswith("  parcel_told:")
    )
    assert f"parcel_told　[dim]（flow.yaml:{line}）" in told
    assert told.startswith("覆盖　节点 [yellow]8/14（57%）[/yellow]")


def test_full_is_every_node_and_every_option(errands):
    coverage = Coverage(errands.flow)
    coverage.reached.update(goal for goal in coverage.goals if goal.kind in {Kind.NODE, Kind.OPTION})
    assert coverage.full
    del coverage.reached[Goal(Kind.OPTION, "main", "send")]
    assert not coverage.full
