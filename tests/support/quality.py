"""Conversations written as lines, for rules of quality.yaml: who, what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.quality import Scorecards
from gateway.findings import Flag, Mood, Polarity, QualityCard, Route, TurnFindings, WordMood

WHO = {"客": "customer", "坐": "agent", "机": "system"}


def talk(*lines: str, source: str = "recording", gap_ms: float = 500.0, **facts: Any) -> Conversation:
    """`客：我要投诉` one after another, 200 ms a character and `gap_ms` between; `@12.5-14` after it sets seconds."""
    segments, now_ms = [], 0.0
    for index, line in enumerate(lines):
        said, _, when = line.partition("@")
        who, _, text = said.partition("：")
        begin_ms, end_ms = now_ms, now_ms + 200.0 * len(text)
        if when:
            begin_ms, end_ms = (float(part) * 1000 for part in when.split("-"))
        segments.append(segment(index, WHO[who], text, begin_ms, end_ms))
        now_ms = max(now_ms, end_ms) + gap_ms
    facts = {"ended": True, "duration_ms": max(0.0, now_ms - gap_ms), **facts}
    return Conversation(id="a", source=source, segments=tuple(segments), **facts)  # type: ignore[arg-type]


def segment(index: int, participant: str, text: str, begin_ms: float, end_ms: float, **facts: Any) -> Segment:
    return Segment(index=index, participant=participant, text=text, begin_ms=begin_ms, end_ms=end_ms, **facts)  # type: ignore[arg-type]


def turn(index: int, polarity: Polarity = "neutral", anger: int = 0, route: str = "other") -> TurnFindings:
    """What was found in the segment `index`."""
    words = WordMood(polarity=polarity, score=0.0, anger=anger)
    return TurnFindings(
        segment=index,
        route=Route(route=route, probability=0.9, skill_group="x"),
        mood=Mood(polarity=polarity, anger=anger, words=words),
    )


def cards(folder: Path, text: str) -> Scorecards:
    """The scorecards of a quality.yaml with this text."""
    (folder / "quality.yaml").write_text(text, encoding="utf-8")
    return Scorecards.load(folder)


def ask(
    folder: Path, condition: str, call: Conversation, turns: Sequence[TurnFindings] = (), flags: Sequence[Flag] = ()
) -> tuple[bool, list[str]]:
    """Whether a condition holds, and the words that show it."""
    rules = f"cards: {{c: {{title: 卡, rules: {{r: {{title: 条, points: -1, must: {condition}}}}}}}}}"
    (card,) = cards(folder, rules).score(call, turns, flags)
    (hit,) = card.hits
    return hit.passed, [piece.text for piece in hit.evidence]


def faults(card: QualityCard) -> set[str]:
    """The rules that were broken."""
    return {hit.rule for hit in card.hits if not hit.passed}
