"""A question put without a call: what the recogniser is told, and what the dialogue makes of an answer."""

from __future__ import annotations

import pytest

from asr.bench.measure import Judged
from asr.engine import ClosedAnswer, Transcript
from gateway.desk.asked import AskedAt
from gateway.dialogue.actions import Text
from gateway.dialogue.compiled import CompiledFlow
from gateway.errors import FlowError
from tests.support.small_flow import small_flow

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> CompiledFlow:
    return small_flow(tmp_path_factory.mktemp("small"))


def heard(asked: AskedAt, text: str) -> Judged:
    return asked.judge(Transcript(text, 0.9))


@pytest.mark.parametrize(
    ("text", "judged"),
    [
        ("我要账单", Judged("bill", accepted=True)),
        ("账单?", Judged("bill", accepted=False)),
        ("转人工", Judged("agent", accepted=True)),
        ("今天天气怎么样", Judged(None, accepted=False)),
        ("", Judged(None, accepted=False)),
    ],
)
def test_a_menu_s_answer_is_judged_by_the_dialogue(flow: CompiledFlow, text: str, judged: Judged) -> None:
    assert heard(AskedAt.of(flow, "main"), text) == judged


def test_a_menu_is_put_as_a_call_puts_it(flow: CompiledFlow) -> None:
    asked = AskedAt.of(flow, "main")
    assert asked.hints[:3] == ("账单", "密码", "预约")
    assert asked.answer is None
    assert asked.prompt.pieces == (Text("请说要办什么。"),)
    assert {"bill", "agent", "repeat"} <= set(asked.options)


def test_one_answer_changes_nothing_for_the_next(flow: CompiledFlow) -> None:
    asked = AskedAt.of(flow, "main")
    assert [heard(asked, "听不懂").option for _ in range(4)] == [None] * 4
    assert heard(asked, "我要账单") == Judged("bill", accepted=True)


def test_a_number_is_judged_by_its_digits(flow: CompiledFlow) -> None:
    asked = AskedAt.of(flow, "number")
    assert asked.answer == ClosedAnswer("phone", 11, 11)
    assert asked.options == ()
    assert heard(asked, "幺三八零零一三八零零零") == Judged("13800138000", accepted=True)
    assert heard(asked, "幺三八") == Judged(None, accepted=False)


def test_a_value_to_be_confirmed_is_told_but_not_accepted(flow: CompiledFlow) -> None:
    assert heard(AskedAt.of(flow, "day"), "六月十号") == Judged("2026-06-10", accepted=False)


@pytest.mark.parametrize(("text", "option"), [("对", "yes"), ("是的", "yes"), ("不", "no"), ("不对", "no")])
def test_a_confirmation_takes_yes_and_no(flow: CompiledFlow, text: str, option: str) -> None:
    asked = AskedAt.of(flow, "main", confirming="bill")
    assert asked.answer == ClosedAnswer("yes_no")
    assert asked.options == ("yes", "no")
    assert heard(asked, text) == Judged(option, accepted=True)


@pytest.mark.parametrize(
    ("node", "problem"), [("nowhere", "no node 'nowhere'; its questions: main, more, pin"), ("bill", "asks nothing")]
)
def test_what_can_t_be_asked_is_named(flow: CompiledFlow, node: str, problem: str) -> None:
    with pytest.raises(FlowError, match=problem):
        AskedAt.of(flow, node)
