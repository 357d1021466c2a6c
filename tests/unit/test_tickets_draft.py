"""A work order is filled in from what was said, by the rules that a supervisor can read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.tickets.draft import draft, summary
from gateway.analytics.tickets.rules import TicketRules
from gateway.errors import RulesError
from gateway.findings import CallMood, Entity, Evidence, Flag, Mood, Route, TurnFindings, WordMood

pytestmark = pytest.mark.unit

OPENED = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
CALM = CallMood(polarity="neutral", anger=0, at_end="neutral", trend="steady")
RULES = TicketRules.load()


def route(name: str, probability: float = 0.9) -> Route:
    return Route(route=name, probability=probability, skill_group="x")


def said(*texts: str) -> Conversation:
    segments = tuple(
        Segment(index=i, participant="customer", text=text, begin_ms=i * 2000.0, end_ms=i * 2000.0 + 1000)
        for i, text in enumerate(texts)
    )
    return Conversation(
        id="c1",
        source="call",
        segments=segments,
        ended=True,
        duration_ms=9000.0,
        started_at=OPENED,
        caller_number="13900001001",
        disposition="abandoned",
    )


def turn(index: int, name: str, anger: int = 0, *entities: Entity) -> TurnFindings:
    polarity = "negative" if anger else "neutral"
    mood = Mood(polarity=polarity, anger=anger, words=WordMood(polarity=polarity, score=0.0, anger=anger))
    return TurnFindings(segment=index, route=route(name), mood=mood, entities=entities)


def flag(name: str) -> Flag:
    return Flag(flag=name, title=name, severity="high", at_ms=0.0)


FAULT = said("喂你好", "我家宽带又断了三天了没人来", "对")
FAULT_TURNS = {0: turn(0, "other"), 1: turn(1, "broadband_fault", 1), 2: turn(2, "other")}


def test_an_open_matter_becomes_a_ticket_with_its_team_and_its_deadlines() -> None:
    made = draft(FAULT, FAULT_TURNS, route("broadband_fault"), CALM, (), RULES, OPENED)
    assert made is not None
    assert (made.category, made.team, made.priority) == ("broadband_fault", "宽带维修组", "normal")
    assert made.summary == "我家宽带又断了三天了没人来"
    assert made.answer_by == "2026-11-29T13:00:00+00:00"
    assert made.solve_by == "2026-11-30T09:00:00+00:00"
    assert made.visit_by == "2026-12-01T09:00:00+00:00"
    assert made.facts["联系电话"] == "13900001001"


@pytest.mark.parametrize(
    "conversation",
    [
        replace(FAULT, transferred=True),
        replace(FAULT, disposition="completed"),
        replace(FAULT, ended=False),
    ],
)
def test_who_was_served_or_is_still_talking_needs_none(conversation: Conversation) -> None:
    assert draft(conversation, FAULT_TURNS, route("broadband_fault"), CALM, (), RULES, OPENED) is None


def test_a_question_that_was_given_up_needs_none() -> None:
    assert draft(said("查话费"), {0: turn(0, "billing_query")}, route("billing_query"), CALM, (), RULES, OPENED) is None


def test_a_threat_opens_an_urgent_one_even_for_who_was_served() -> None:
    calm = replace(said("我要去工信部告你们"), disposition="completed")
    made = draft(calm, {0: turn(0, "other", 2)}, route("other"), CALM, (flag("regulator"),), RULES, OPENED)
    assert made is not None
    assert made.priority == "urgent"


def test_the_flows_own_ticket_is_completed_whatever_the_call_came_to() -> None:
    opened = replace(FAULT, disposition="completed", tickets=({"number": "60112735"},))
    angry = replace(CALM, anger=2)
    made = draft(opened, FAULT_TURNS, route("broadband_fault"), angry, (), RULES, OPENED)
    assert made is not None
    assert made.priority == "high"


def test_facts_are_named_in_chinese_each_value_once() -> None:
    evidence = Evidence(segment=0, start=0, end=1, text="一", begin_ms=0, end_ms=1)
    amount = Entity(kind="amount", value="35.60", evidence=evidence)
    phone = Entity(kind="phone", value="13800138000", evidence=evidence)
    turns = {0: turn(0, "billing_dispute", 1, amount, amount, phone)}
    made = draft(said("多扣我三十五块六"), turns, route("billing_dispute"), CALM, (), RULES, OPENED)
    assert made is not None
    assert made.facts == {"联系电话": "13800138000", "金额": "35.60"}


def test_a_long_story_is_one_line() -> None:
    long = said("我家宽带坏了" * 30)
    line = summary(long, {0: turn(0, "broadband_fault")}, route("broadband_fault"))
    assert len(line) == 60
    assert line.endswith("…")


def test_nothing_said_has_an_empty_summary() -> None:
    assert summary(said(), {}, route("other")) == ""


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("routes: {other: {title: 其他, team: 组}}\nopen_for: [bilings]\n", ":2:12:", "bilings"),
        ("routes: {other: {title: 其他, team: 组}}\nfacts:\n  钱: money\n", ":3:6:", "money"),
        ("routes: {other: {title: 其他, team: 组, deadlines: {answer_h: 0}}}\n", ":1:", "`answer_h` 要大于 0"),
        ("routes: {other: {title: 其他}}\n", ":1:", "team"),
        ("priority: []\n", ":1:", "routes"),
        ("", ":1:1:", "文件是空的"),
        ("- 1\n", ":1:", ""),
    ],
)
def test_a_mistake_in_the_rules_is_told_at_its_place(tmp_path: Path, text: str, place: str, what: str) -> None:
    (tmp_path / "tickets.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RulesError) as refused:
        TicketRules.load(tmp_path)
    assert f"tickets.yaml{place}" in str(refused.value)
    assert what in str(refused.value)


def test_the_operators_folder_replaces_the_file_and_has_to_be_there(tmp_path: Path) -> None:
    assert TicketRules.load(tmp_path) == RULES
    (tmp_path / "tickets.yaml").write_text("routes: {other: {title: 其他, team: 组}}\n", encoding="utf-8")
    assert TicketRules.load(tmp_path).category("billing_query").team == "组"
    with pytest.raises(RulesError, match="没有这个文件夹"):
        TicketRules.load(tmp_path / "nowhere")
