"""A call told to people: Chinese, every turn, no number in full."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from gateway import events
from gateway.cli.narrate import Narrator
from gateway.findings import CallFindings, CallMood, Route

pytestmark = pytest.mark.unit


def told(*happened: events.Event, rules: Path | None = None) -> str:
    out = io.StringIO()
    narrator = Narrator(Console(file=out, width=80, highlight=False), rules)
    for event in happened:
        narrator(event)
    return out.getvalue()


def turn(**changes: object) -> events.Turn:
    facts = {"index": 0, "node": "main", "kind": "speech", "text": "查话费", "start_ms": 61_500.0, "end_ms": 62_300.0}
    facts |= {"heard_ms": 800.0, "matched": "balance", "score": 0.934, "outcome": "accept"}
    facts |= {"silence_window_ms": 600.0, "recognise_ms": 210.0, "turn_latency_ms": 840.0}
    return events.Turn(**facts | changes)  # type: ignore[arg-type]


def test_a_turn_is_told_with_its_match_and_its_times() -> None:
    text = told(events.TurnFinished(call_id="c", at_ms=0, turn=turn()))
    assert "01:01.5" in text
    assert "“查话费”" in text
    assert "balance 0.93" in text
    assert "识别 210 毫秒" in text
    assert "应答 840 毫秒（其中静音等待 600）" in text


def test_numbers_are_masked_wherever_they_come_up() -> None:
    packet = {"caller": {"number": "13900001002"}, "transcript": [{"node": "main", "text": "我是13900001002"}]}
    text = told(
        events.TurnFinished(call_id="c", at_ms=0, turn=turn(kind="keys", text="", keys="13900001002")),
        events.TransferRequested(call_id="c", at_ms=0, queue="general", handed_over=packet),
    )
    assert "139****1002" in text
    assert "13900001002" not in text


TICKET = {"category": "complaint", "summary": "多扣了钱，回电13900001002", "due": "2026-11-24T09:00:00+08:00"}


def test_what_a_call_led_to_is_told() -> None:
    text = told(
        events.TicketOpened(call_id="c", at_ms=0, number="60112735", **TICKET),
        events.MessageRecorded(
            call_id="c", at_ms=0, node="leave", path="/x/c-message-1.wav", start_ms=2000, end_ms=14_300
        ),
        events.SurveyAnswered(call_id="c", at_ms=0, score=4),
    )
    assert "工单 60112735（complaint）：多扣了钱，回电139****1002，期限 2026-11-24T09:00:00+08:00" in text
    assert "留言 12.3 秒：/x/c-message-1.wav" in text
    assert "满意度 4 分" in text


def test_a_human_is_told_of_tickets_and_messages() -> None:
    packet = {"tickets": [{"number": None, **TICKET}], "messages": [{"path": "/x/c-message-1.wav"}], "transcript": []}
    text = told(events.TransferRequested(call_id="c", at_ms=0, queue="general", handed_over=packet))
    assert "工单 （无单号）（complaint）：多扣了钱" in text
    assert "留言 1 段" in text


def test_a_transfer_that_failed_is_told_with_its_reason() -> None:
    text = told(events.TransferFailed(call_id="c", at_ms=0, queue="general", reason="486"))
    assert "没有人接（486）" in text


def test_what_a_caller_says_is_no_markup() -> None:
    assert "[red]x[/red]" in told(events.TurnFinished(call_id="c", at_ms=0, turn=turn(text="[red]x[/red]")))


def test_the_end_is_told_with_path_and_recording() -> None:
    facts = {
        "disposition": "transferred",
        "reason": "queue:general",
        "duration_ms": 30_000.0,
        "path": ["main", "human"],
    }
    facts |= {"options": [], "slots": {}, "turns": [], "mode": "elderly", "transfer": None, "recording": "/x/a.wav"}
    facts |= {"messages": [{"path": "/x/a-message-1.wav"}], "tickets": [{"number": "60112735"}], "satisfaction": 5}
    facts |= {
        "line": {
            "codec": "PCMA",
            "packets_received": 1490,
            "lost": 10,
            "loss_percent": 0.67,
            "jitter_ms": 3.5,
            "ssrc": 7,
        }
    }
    text = told(events.CallEnded(call_id="c", at_ms=30_000.0, **facts))  # type: ignore[arg-type]
    assert "转接人工" in text
    assert "30.0 秒" in text
    assert "main → human" in text
    assert "/x/a.wav" in text
    assert "工单 60112735" in text
    assert "留言 /x/a-message-1.wav" in text
    assert "满意度 5 分" in text
    assert "线路 编码 PCMA，收到包 1490，丢包 10，丢包率％ 0.67，抖动毫秒 3.5" in text
    assert "线路" not in told(events.CallEnded(call_id="c", at_ms=1.0, **facts | {"line": None}))  # type: ignore[arg-type]


def test_what_a_caller_wants_is_called_as_the_operators_rules_have_it(tmp_path: Path) -> None:
    found = CallFindings(
        route=Route(route="invoice", probability=0.9, skill_group="billing"),
        mood=CallMood(polarity="neutral", anger=0, at_end="neutral", trend="steady"),
        flags=(),
        turns=(),
    )
    event = events.CallAnalyzed(call_id="c", at_ms=0, findings=found)
    (tmp_path / "tickets.yaml").write_text("routes: {invoice: {title: 单据, team: 组}}\n", encoding="utf-8")

    assert "诉求 单据（0.90）" in told(event, rules=tmp_path)
    assert "诉求 发票（0.90）" in told(event)
