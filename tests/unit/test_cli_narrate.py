"""A call told to people: Chinese, every turn, no number in full."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from gateway import events
from gateway.cli.narrate import Narrator

pytestmark = pytest.mark.unit


def told(*happened: events.Event) -> str:
    out = io.StringIO()
    narrator = Narrator(Console(file=out, width=80, highlight=False))
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
    text = told(events.CallEnded(call_id="c", at_ms=30_000.0, **facts))  # type: ignore[arg-type]
    assert "转接人工" in text
    assert "30.0 秒" in text
    assert "main → human" in text
    assert "/x/a.wav" in text
