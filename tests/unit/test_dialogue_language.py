"""Expressions, prompts, values read aloud, and what can be chosen where."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.dialogue.actions import Text, Value
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.expressions import EvaluationError, Expression
from gateway.dialogue.hints import in_turn
from gateway.dialogue.load import load_flow
from gateway.dialogue.sayable import UnsayableError, sayable
from gateway.dialogue.template import Template
from tests.support.small_flow import SMALL, small_flow
from tests.support.talk import PhraseInText

pytestmark = pytest.mark.unit

NAMES = {
    "caller": {"age": 72, "items": "x", "home": {"city": "上海"}},
    "account": {"due": Decimal("35.60")},
    "slots": {},
    "mode": "standard",
}


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("caller.age >= 65", True),
        ("caller.age >= 65 and not slots.number", True),
        ("slots.number or caller.age", 72),
        ("caller.items", "x"),
        ("caller.home.city == '上海'", True),
        ("caller.home", {"city": "上海"}),
        ("caller.height", None),
        ("caller.height is None", True),
        ("'a' if mode == 'elderly' else 'b'", "b"),
        ("caller.age * 2 - 4 / 2", 142),
        ("account.due * 0.9 + 0.5", Decimal("32.54")),
        ("0.5 * account.due < 20", True),
        ("mode in 'standard, elderly'", True),
        ("slots", {}),
        ("-1 < 0 < caller.age", True),
    ],
)
def test_expressions_have_values(source: str, value: Any) -> None:
    assert Expression.parse(source).evaluate(NAMES) == value


@pytest.mark.parametrize(
    "source",
    [
        "caller.height >= 65",
        "nobody.age",
        "caller.age / 0",
        "caller.age + 'x'",
        "'a' * 999999999",
        "mode.upper.x",
        "mode.upper",
    ],
)
def test_an_expression_without_a_value_says_so(source: str) -> None:
    with pytest.raises(EvaluationError):
        Expression.parse(source).evaluate(NAMES)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "caller.age >=",
        "open('x')",
        "caller.__class__",
        "caller['age']",
        "[1, 2]",
        "lambda: 1",
        "a := 1",
        "x = 1",
        "f'{mode}'",
        "2 ** 99",
        "(" * 200,
        "1" * 301,
        "b'x'",
        "a; b",
        "\x00",
    ],
)
def test_what_is_no_expression_is_refused_when_it_is_read(source: str) -> None:
    with pytest.raises(ValueError, match=r"条件式|字段"):
        Expression.parse(source)


def test_a_prompt_becomes_pieces_with_the_pauses_between_values() -> None:
    template = Template.parse("您的{bill.name | text}还有{bill.due|amount}，{bill.number | digits}。")
    record = {"name": "金卡", "due": 35.6, "number": "0012"}
    assert template.render({"bill": record}, {"金卡"}) == (
        Text("您的"),
        Value("text", "金卡"),
        Text("还有"),
        Value("amount", Decimal("35.6")),
        Text("，"),
        Value("digits", "0012"),
        Text("。"),
    )
    assert template.texts == ("您的", "还有", "，", "。")
    with pytest.raises(UnsayableError, match="没有录过"):
        template.render({"bill": record}, ())
    with pytest.raises(UnsayableError):
        template.render({}, ())


@pytest.mark.parametrize(
    "source", ["", "。，", "a{b", "a}b", "{}", "{a | }", "{a | amount | digits}", "{a b | digits}", "x" * 1001]
)
def test_what_is_no_prompt_is_refused_when_it_is_read(source: str) -> None:
    with pytest.raises(ValueError, match=r"提示语|花括号|读法|怎么读|条件式"):
        Template.parse(source)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("amount", 35.6, Decimal("35.6")),
        ("amount", "12.30", Decimal("12.30")),
        ("amount", -5, Decimal(-5)),
        ("number", Decimal("1E+3"), Decimal(1000)),
        ("data", 1536, Decimal(1536)),
        ("digits", 60110001, "60110001"),
        ("digits", "0012", "0012"),
        ("date", "2026-11-30", date(2026, 11, 30)),
        ("date", datetime(2026, 11, 30, 8), date(2026, 11, 30)),  # noqa: DTZ001 -- a back end may send one
        ("month", "2026-11", date(2026, 11, 1)),
        ("month", (2026, 11), date(2026, 11, 1)),
        ("month", date(2026, 11, 21), date(2026, 11, 1)),
        ("text", "金卡", "金卡"),
    ],
)
def test_each_kind_has_one_type(kind: str, value: Any, said: Any) -> None:
    found = sayable(kind, value, {"金卡"})
    assert found == said
    assert type(found) is type(said)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("amount", None),
        ("amount", True),
        ("amount", "much"),
        ("amount", float("inf")),
        ("amount", 10**13),
        ("data", -1),
        ("digits", "12a"),
        ("digits", ""),
        ("digits", "²"),
        ("digits", 1.5),
        ("digits", "1" * 33),
        ("date", "tomorrow"),
        ("date", None),
        ("date", 5),
        ("month", "2026-13"),
        ("month", (2026, 13)),
        ("month", ()),
        ("text", "银卡"),
        ("text", 5),
    ],
)
def test_what_cannot_be_said_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(UnsayableError):
        sayable(kind, value, {"金卡"})


def test_an_option_named_like_a_universal_or_a_mode_extends_it(tmp_path: Path) -> None:
    text = SMALL.replace("      agent: {}", "      agent: {phrases: [找经理]}")
    choices = small_flow(tmp_path, text).choices("main")
    agent, elderly = choices["agent"], choices["elderly"]
    assert (agent.phrases, agent.key, agent.go, agent.is_option) == (("找经理", "人工", "客服"), "0", "human", True)
    assert (elderly.phrases, elderly.key, elderly.mode) == (("老年人", "慢一点"), "7", "elderly")
    assert elderly.label == "长辈服务"


def test_everywhere_one_can_say_the_universals_and_change_the_mode(tmp_path: Path) -> None:
    flow = small_flow(tmp_path)
    assert list(flow.choices("pin")) == ["agent", "repeat", "back", "bye", "elderly", "standard"]
    assert not any(choice.is_option for choice in flow.choices("pin").values())
    assert list(flow.choices("more"))[:3] == ["nothing", "bill", "pin"]


def test_hints_go_round_and_stop() -> None:
    class Some:
        def __init__(self, *phrases: str) -> None:
            self.phrases = phrases

    assert in_turn([Some("a", "b"), Some("c"), Some("a", "d")], ["z"]) == ("z", "a", "c", "b", "d")  # type: ignore[list-item]
    assert len(in_turn([Some(*map(str, range(1000)))], [])) == 400  # type: ignore[list-item]


def test_matchers_are_built_once_for_the_same_phrases(tmp_path: Path) -> None:
    built: list[tuple[str, ...]] = []

    def build(phrases: Any, accept_score: float, confirm_score: float) -> PhraseInText:
        built.append(tuple(phrases))
        return PhraseInText(phrases, accept_score, confirm_score)

    small_flow(tmp_path)
    flow = CompiledFlow(load_flow(tmp_path / "flow.yaml"), build)
    assert built == []
    flow.warm()
    count = len(built)
    assert count == 3  # main, more, and one for all the questions without options
    flow.warm()
    assert flow.matcher("pin") is flow.matcher("day")
    assert len(built) == count


def test_a_mode_changes_only_what_it_names(tmp_path: Path) -> None:
    flow = small_flow(tmp_path)
    plain, slow = flow.node("main", "standard"), flow.node("main", "elderly")
    assert plain.menu.source == "请说要办什么。"
    assert slow.menu.source == "长辈您好，请说。"
    assert slow.options == plain.options
    assert flow.node("pin", "elderly") is flow.node("pin", "standard")


def test_what_may_be_said_is_known_beforehand(tmp_path: Path) -> None:
    assert small_flow(tmp_path).recorded_texts >= {"金卡", "查账单", "长辈服务", "没有了"}


@pytest.mark.parametrize(
    ("source", "compared"),
    [
        ("caller.age >= 65", [("caller", "age", 65)]),
        ('"65" < caller.age', [("caller", "age", "65")]),
        ("1 < a.b < 2", [("a", "b", 2), ("a", "b", 1)]),
        ("a.b in c.d or a.b", []),
        ("a.b + 1 > 2", []),
    ],
)
def test_what_is_compared_with_a_constant_is_known(source: str, compared: list[tuple[str, str, object]]) -> None:
    assert list(Expression.parse(source).comparisons) == compared
