"""Boxes and arrows from a flow, and the walk of a caller in the mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.desk.graph.draw import draw
from gateway.desk.graph.drawing import Arrow, Drawing, Walk, Way
from gateway.errors import FlowError
from tests.support.small_flow import small_flow
from tests.support.whole_flow import AWKWARD, WHOLE

pytestmark = pytest.mark.unit


@pytest.fixture
def drawing(tmp_path: Path) -> Drawing:
    return draw(small_flow(tmp_path, WHOLE))


def arrows(drawing: Drawing, source: str) -> list[Arrow]:
    return [arrow for arrow in drawing.arrows if arrow.source == source]


def walk(drawing: Drawing, name: str) -> Walk:
    return next(box.walk for box in drawing.boxes if box.name == name)


def test_every_node_is_a_box_and_every_target_too(drawing: Drawing) -> None:
    names = [box.name for box in drawing.boxes]
    assert names[:3] == ["profile", "main", "bill"]
    assert names[-4:] == ["ask_day.ask", "ask_day.check", "ask_day.late", "ask_day.return"]
    assert {arrow.target for arrow in drawing.arrows} <= set(names)


def test_arrows_say_why(drawing: Drawing) -> None:
    told = [(arrow.target, arrow.way, arrow.text) for arrow in arrows(drawing, "bill_branch")]
    assert told == [("much_due", Way.CONDITION, "bill.due > 100"), ("tell_bill", Way.CONDITION, "否则")]
    told = [(arrow.target, arrow.way, arrow.text) for arrow in arrows(drawing, "bill")]
    assert told == [("bill_branch", Way.ONWARD, ""), ("sorry", Way.FAILURE, "失败/超时")]
    more = arrows(drawing, "more")
    assert ("goodbye", Way.OPTION, "8 没有了") in [(arrow.target, arrow.way, arrow.text) for arrow in more]
    assert [(arrow.target, arrow.text) for arrow in more if arrow.way is Way.INCLUDED] == [("main", "main 的选项")]
    assert f"5 {AWKWARD}" in [arrow.text for arrow in more]


def test_a_sub_flow_is_entered_and_returns(drawing: Drawing) -> None:
    assert [(arrow.target, arrow.way) for arrow in arrows(drawing, "end")] == [
        ("ask_day.ask", Way.ENTERED),
        ("open", Way.ONWARD),
        ("sorry", Way.FAILURE),
    ]
    assert [arrow.target for arrow in arrows(drawing, "ask_day.check")] == ["ask_day.return", "ask_day.late"]
    assert [arrow.target for arrow in arrows(drawing, "ask_day.late")] == ["ask_day.ask"]


def test_the_first_failure_in_the_mode_leads_to_a_human_where_the_question_says_nothing_else(drawing: Drawing) -> None:
    failing = {arrow.source: arrow.target for arrow in drawing.arrows if arrow.way is Way.MODE_FAILURE}
    assert failing["main"] == failing["ask_day.ask"] == "human"
    assert not {"day", "leave", "rate", "bill"} & set(failing)


def test_the_mode_walks_where_its_prompts_lead_and_further_when_asked(drawing: Drawing) -> None:
    for name in ("profile", "main", "bill", "tell_bill", "more", "goodbye", "human"):
        assert walk(drawing, name) is Walk.TOLD, name
    for name in ("pin", "end", "ask_day.ask", "open", "rate"):
        assert walk(drawing, name) is Walk.ASKED, name


def test_a_node_that_only_other_callers_reach_is_not_walked(tmp_path: Path) -> None:
    text = WHOLE + "  lost:\n    entry: alone\n    nodes: {alone: {play: 没人来。, then: return}}\n"
    assert walk(draw(small_flow(tmp_path, text)), "lost.alone") is Walk.NEVER


def test_the_mode_s_own_wording_is_kept_apart(drawing: Drawing) -> None:
    own = {box.name: (box.says, box.says_in_mode) for box in drawing.boxes if box.says_in_mode}
    assert own == {
        "main": ("请说要办什么。", "长辈您好，请说。"),
        "ask_day.ask": ("哪一天方便？", "您慢慢说，哪一天？"),
    }


def test_groups_count_as_offered_and_are_counted(tmp_path: Path) -> None:
    groups = "groups: [{say: 先说账单和密码。, offers: [bill, pin]}, {say: 还有预约。, offers: [day]}]"
    text = WHOLE.replace("main: {menu: 长辈您好，请说。, offers: [bill, agent]}", f"main: {{{groups}}}")
    text = text.replace(
        '  repeat: {phrases: [再说一遍], key: "9"}\n',
        '  repeat: {phrases: [再说一遍], key: "9"}\n  more: {phrases: [其他]}\n',
    )
    drawing = draw(small_flow(tmp_path, text))
    assert {name: walk(drawing, name) for name in ("pin", "day", "sure")} == {
        "pin": Walk.TOLD,
        "day": Walk.TOLD,
        "sure": Walk.ASKED,
    }
    main = next(box for box in drawing.boxes if box.name == "main")
    assert main.says_in_mode == "分 2 组念：先说账单和密码。"


def test_what_can_be_said_anywhere_stands_once(drawing: Drawing) -> None:
    told = [(said.label, said.key, said.target) for said in drawing.anywhere]
    assert told[0] == ("人工", "0", "human")
    assert told[-1] == ("长辈服务", None, None)


def test_an_unknown_mode_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(FlowError, match=r"没有模式 `fast`；这里有：`elderly`"):
        draw(small_flow(tmp_path, WHOLE), "fast")
