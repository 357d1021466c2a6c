"""What the player (static/player.js) draws of a call, as plain JSON: texts cut where flags and quality hits begin and
end, marks on the sound. Pure; texts stay texts, the browser never reads them as anything else."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from gateway.analytics.conversation import Segment
from gateway.console.call.view import Shown
from gateway.console.calls.labels import mood
from gateway.findings import Evidence, Mood, QualityHit

MAX_TEXT = 5000
"""Characters of one segment that are shown; nobody says more in one breath."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Characters of a segment that raised something."""

    start: int
    end: int
    number: int
    """Of the flag in `Shown.flags`; -1 for a quality hit."""
    title: str


def player_data(shown: Shown) -> dict[str, Any]:
    """Everything, for `player.js`."""
    spans: dict[int, list[_Span]] = {}
    for segment, span in _spans(shown):
        spans.setdefault(segment, []).append(span)
    ordered = sorted(shown.segments, key=lambda one: one.begin_ms)
    who = {one.index: one.participant for one in shown.segments}
    return {
        "id": shown.id,
        "ended": shown.ended,
        "sound": shown.ended and shown.has_recording,
        "duration": round(shown.duration_ms),
        "segments": [_segment(shown, one, spans.get(one.index, ())) for one in ordered],
        "flags": [
            {
                "title": flag.title,
                "severity": flag.severity,
                "at": round(flag.at_ms),
                "spans": _stretches(flag.evidence, who),
            }
            for flag in shown.flags
        ],
        "hits": [{"title": _told(hit), "spans": _stretches(hit.evidence, who)} for hit in _hits(shown) if hit.evidence],
        "silences": [
            {"who": one.participant, "begin": round(one.begin_ms), "end": round(one.end_ms)} for one in shown.silences
        ],
    }


def _segment(shown: Shown, segment: Segment, spans: Sequence[_Span]) -> dict[str, Any]:
    found = shown.turns.get(segment.index)
    return {
        "i": segment.index,
        "who": segment.participant,
        "kind": segment.kind,
        "begin": round(segment.begin_ms),
        "end": round(segment.end_ms),
        "parts": pieces(segment.text[:MAX_TEXT], spans),
        "polarity": found.mood.polarity if found else "",
        "mood": mood(found.mood.polarity, found.mood.anger) if found and _is_moved(found.mood) else "",
        "unsure": segment.outcome == "no_match",
        "interrupts": segment.interrupts,
    }


def _is_moved(found: Mood) -> bool:
    return found.polarity != "neutral" or found.anger > 0


def pieces(text: str, spans: Sequence[_Span]) -> list[dict[str, Any]]:
    """A text in pieces: `text`, the numbers of the `flags` that it raised, and a `title` that says what it is."""
    edges = sorted({0, len(text), *(min(max(0, at), len(text)) for one in spans for at in (one.start, one.end))})
    found = []
    for start, end in pairwise(edges):
        over = [one for one in spans if one.start < end and one.end > start]
        piece: dict[str, Any] = {"text": plain(text[start:end])}
        if over:
            piece["flags"] = sorted({one.number for one in over if one.number >= 0})
            piece["title"] = "；".join(dict.fromkeys(one.title for one in over))
        found.append(piece)
    return found


def plain(text: str) -> str:
    """Without what can't be sent (halves of characters), or turns what follows round (control characters, overrides of
    the direction of writing)."""
    if text.isprintable():
        return text
    return "".join("�" if _is_odd(letter) else letter for letter in text)


def _is_odd(letter: str) -> bool:
    return letter not in "\n\t" and (
        unicodedata.category(letter) in {"Cc", "Cs"} or "\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069"
    )


def _spans(shown: Shown) -> Iterator[tuple[int, _Span]]:
    for number, flag in enumerate(shown.flags):
        for one in flag.evidence:
            if one.text:
                yield one.segment, _Span(one.start, one.end, number, flag.title)
    for hit in _hits(shown):
        for one in hit.evidence:
            if one.text:
                yield one.segment, _Span(one.start, one.end, -1, _told(hit))


def _hits(shown: Shown) -> Iterator[QualityHit]:
    """Those that cost or brought points."""
    for card in shown.findings.quality if shown.findings else ():
        yield from (hit for hit in card.hits if not hit.passed or hit.points)


def _told(hit: QualityHit) -> str:
    return f"质检：{hit.title}（{hit.points:+g} 分）" if hit.points else f"质检：{hit.title}"


def _stretches(evidence: Sequence[Evidence], who: dict[int, Any]) -> list[dict[str, Any]]:
    return [
        {"who": who.get(one.segment, ""), "begin": round(one.begin_ms), "end": round(one.end_ms)} for one in evidence
    ]
