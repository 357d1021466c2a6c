"""What is told of a call becomes the conversation that the analyses read."""

from __future__ import annotations

import pytest

from gateway.analytics.building import ConversationBuilder
from gateway.events import (
    CallEnded,
    CallStarted,
    Event,
    ModeChanged,
    NodeEntered,
    PromptEnded,
    PromptStarted,
    SlotFilled,
    SurveyAnswered,
    TicketOpened,
    TransferRequested,
    Turn,
    TurnFinished,
)

pytestmark = pytest.mark.unit

STARTED = CallStarted(
    call_id="c1",
    at_ms=0.0,
    caller_number="13900001001",
    called_number="10086",
    transport="loopback",
    flow="mobile_hotline",
    flow_version="1+aa",
    mode="standard",
    started_at="2026-11-29T10:00:00+08:00",
)


def at(what: type, at_ms: float, /, **facts: object) -> Event:
    return what(call_id="c1", at_ms=at_ms, **facts)


def answer(index: int, text: str = "", *, start_ms: float, kind: str = "speech", keys: str = "") -> Event:
    turn = Turn(
        index=index,
        node="main",
        kind=kind,
        text=text,
        keys=keys,
        confidence=0.8,
        matched="balance",
        outcome="accept",
        start_ms=start_ms,
        end_ms=start_ms + 1000,
        heard_ms=1000,
    )
    return at(TurnFinished, start_ms + 1500, turn=turn)


def built(*events: Event) -> ConversationBuilder:
    builder = ConversationBuilder(STARTED)
    for event in events:
        builder.take(event)
    return builder


def prompt(
    begin_ms: float, end_ms: float, text: str = "请说您要办的事。", cut_by: str | None = None
) -> tuple[Event, Event]:
    return (
        at(PromptStarted, begin_ms, node="main", text=text),
        at(PromptEnded, end_ms, node="main", played_ms=end_ms - begin_ms, cut_by=cut_by),
    )


def test_both_sides_are_there_in_the_order_in_which_they_spoke() -> None:
    conversation = built(
        *prompt(0, 2000), answer(0, "查话费", start_ms=2500), *prompt(4000, 6000, "三十五元。")
    ).conversation
    assert [(one.participant, one.text, one.index) for one in conversation.segments] == [
        ("system", "请说您要办的事。", 0),
        ("customer", "查话费", 1),
        ("system", "三十五元。", 2),
    ]
    assert conversation.segments[1].matched == "balance"
    assert conversation.customer == (conversation.segments[1],)
    assert not conversation.ended
    assert conversation.duration_ms == 6000


def test_keys_and_silences_are_segments_but_no_words() -> None:
    conversation = built(
        answer(0, kind="keys", keys="1", start_ms=100), answer(1, kind="silence", start_ms=3000)
    ).conversation
    assert [(one.kind, one.text) for one in conversation.segments] == [("keys", "1"), ("silence", "")]
    assert conversation.customer == ()


@pytest.mark.parametrize(
    ("cut_by", "start_ms", "interrupts"),
    [("speech", 1900, True), ("speech", 2600, False), (None, 1900, False), ("keys", 1900, False)],
)
def test_who_makes_the_hotline_stop_interrupts(cut_by: str | None, start_ms: float, *, interrupts: bool) -> None:
    conversation = built(*prompt(0, 2000, cut_by=cut_by), answer(0, "不对", start_ms=start_ms)).conversation
    assert conversation.segments[1].interrupts is interrupts


def test_the_evidence_of_a_word_lies_where_it_is_said() -> None:
    segment = built(answer(0, "我要投诉你们", start_ms=6000)).conversation.segments[0]
    found = segment.evidence(2, 4)
    assert (found.text, found.segment) == ("投诉", 0)
    assert (found.begin_ms, found.end_ms) == pytest.approx((6333.3, 6666.7), abs=0.1)


def test_what_a_call_led_to_is_told_as_it_happens_and_settled_at_its_end() -> None:
    ticket = {"category": "complaint", "summary": "乱扣费", "due": "2026-12-01T10:00:00+08:00", "number": "7"}
    builder = built(
        at(NodeEntered, 10, node="main", kind="menu"),
        at(ModeChanged, 20, mode="elderly", reason="asked"),
        at(SlotFilled, 30, slot="callback", value="139"),
        at(TicketOpened, 40, **ticket),
        at(TransferRequested, 50, queue="general", handed_over={}),
        at(SurveyAnswered, 60, score=4),
    )
    so_far = builder.conversation
    assert (so_far.path, so_far.mode, so_far.slots) == (("main",), "elderly", {"callback": "139"})
    assert (so_far.tickets, so_far.transfer_asked, so_far.transferred) == ((ticket,), True, False)
    builder.take(
        at(
            CallEnded,
            9000,
            disposition="transferred",
            reason="queue:general",
            duration_ms=8000.0,
            path=["main", "human"],
            options=["agent"],
            slots={"callback": "138"},
            turns=[],
            mode="elderly",
            transfer={"queue": "general"},
            recording=None,
            satisfaction=5,
        )
    )
    ended = builder.conversation
    assert (ended.ended, ended.disposition, ended.duration_ms) == (True, "transferred", 8000.0)
    assert (ended.path, ended.slots, ended.transferred, ended.satisfaction) == (
        ("main", "human"),
        {"callback": "138"},
        True,
        5,
    )
