"""Calls with a flag and a recording, written into an open store as gateways write them; what is said in them is a
parameter, so that tests can put anything there."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf

from gateway.events import (
    CallAnalyzed,
    CallEnded,
    CallStarted,
    Event,
    FlagRaised,
    NodeEntered,
    PromptEnded,
    PromptStarted,
    RecordingStarted,
    Turn,
    TurnFinished,
)
from gateway.findings import CallFindings, CallMood, Evidence, Flag, Mood, Route, Severity, TurnFindings, WordMood
from gateway.store import Store, StoreWriter
from gateway.store.record import record_next

RATE_HZ = 16_000
LENGTH_MS = 8000.0
SAID_MS = 2500.0, 7000.0
NUMBER = "13900001004"
WORDS = f"我的电话是{NUMBER}，再不退钱我就去工信部投诉"
THREAT = "工信部"


@dataclass(frozen=True, kw_only=True)
class FlaggedCall:
    """One call: the hotline greets, the caller says `words`, of which `threat` raises the flag."""

    id: str = "call-1"
    number: str = NUMBER
    at: str = "2026-11-29T10:00:00+08:00"
    hotline: str = "mobile_hotline"
    queue: str = ""
    greeting: str = "您好，欢迎致电。"
    words: str = WORDS
    threat: str = THREAT
    node: str = "main"
    flag: str = "regulator"
    title: str = "提到监管部门、媒体或法律途径"
    severity: Severity = "high"
    ended: bool = True
    recording: str = ""
    """Where the row says that it is; empty: where it is."""
    messages: tuple[dict[str, Any], ...] = ()
    others: tuple[Flag, ...] = field(default_factory=tuple)

    def evidence(self) -> Evidence:
        """The threat's place in the words."""
        begin_ms, end_ms = SAID_MS
        start = max(0, self.words.find(self.threat))
        end = start + len(self.threat)
        each = (end_ms - begin_ms) / max(1, len(self.words))
        place = {"begin_ms": begin_ms + start * each, "end_ms": begin_ms + end * each}
        return Evidence(segment=1, start=start, end=end, text=self.words[start:end], **place)

    def flags(self) -> tuple[Flag, ...]:
        """As they are raised."""
        evidence = self.evidence()
        first = Flag(
            flag=self.flag, title=self.title, severity=self.severity, at_ms=evidence.begin_ms, evidence=(evidence,)
        )
        return (first, *self.others)


def record(folder: Path, name: str) -> Path:
    """A recording of LENGTH_MS: a tone of the caller's while they speak, one of the hotline's before."""
    seconds = np.arange(int(RATE_HZ * LENGTH_MS / 1000)) / RATE_HZ
    speaks = (seconds >= SAID_MS[0] / 1000) & (seconds < SAID_MS[1] / 1000)
    caller = np.where(speaks, 0.4 * np.sin(2 * np.pi * 300 * seconds), 0.0)
    hotline = np.where(seconds < 2, 0.2 * np.sin(2 * np.pi * 440 * seconds), 0.0)
    folder.mkdir(parents=True, exist_ok=True)
    sf.write(folder / name, np.column_stack((caller, hotline)), RATE_HZ, subtype="PCM_16")
    return folder / name


def add_call(store: Store, call: FlaggedCall) -> FlaggedCall:
    """Write it into the store, with its recording unless the row is to point elsewhere."""
    recording = call.recording or str(record(store.recordings, f"{call.id}.wav"))
    writer = StoreWriter(store)
    try:
        for event in _events(call, recording):
            writer.emit(event)
        assert writer.flush(30)
    finally:
        writer.close()
    assert writer.error is None
    if call.ended:  # what is found afterwards comes by another way
        with store.writing() as session:
            record_next(session, CallAnalyzed(call_id=call.id, at_ms=LENGTH_MS, findings=_found(call)))
    return call


def _events(call: FlaggedCall, recording: str) -> list[Event]:
    turn = Turn(
        index=0, node=call.node, kind="speech", text=call.words, confidence=0.9, outcome="accept", matched="complaint",
        start_ms=SAID_MS[0], end_ms=SAID_MS[1], heard_ms=SAID_MS[1] - SAID_MS[0],
    )  # fmt: skip
    started = CallStarted(
        call_id=call.id, at_ms=0.0, caller_number=call.number, called_number="10086", transport="loopback",
        flow=call.hotline, flow_version="1+aa", mode="standard", started_at=call.at,
    )  # fmt: skip
    told: list[Event] = [
        started,
        RecordingStarted(call_id=call.id, at_ms=0.0, path=recording),
        NodeEntered(call_id=call.id, at_ms=0.0, node=call.node, kind="menu"),
        PromptStarted(call_id=call.id, at_ms=20.0, node=call.node, text=call.greeting),
        PromptEnded(call_id=call.id, at_ms=2000.0, node=call.node, played_ms=1980.0),
        TurnFinished(call_id=call.id, at_ms=SAID_MS[1], turn=turn),
        *(FlagRaised(call_id=call.id, at_ms=SAID_MS[1], flag=flag) for flag in call.flags()),
    ]
    if call.ended:
        told.append(_end(call, turn, recording))
    return told


def _end(call: FlaggedCall, turn: Turn, recording: str) -> CallEnded:
    handed_over = {"reason": "asked", "caller": {"number": call.number}, "transcript": [{"text": call.words}]}
    return CallEnded(
        call_id=call.id,
        at_ms=LENGTH_MS,
        disposition="transferred" if call.queue else "completed",
        reason="caller_hung_up",
        duration_ms=LENGTH_MS,
        path=[call.node],
        options=[],
        slots={"matter": call.words},
        turns=[turn],
        mode="standard",
        transfer={"queue": call.queue, "handed_over": handed_over} if call.queue else None,
        recording=recording,
        messages=list(call.messages),
    )


def _found(call: FlaggedCall) -> CallFindings:
    route = Route(route="billing_dispute", probability=0.9, skill_group="billing_dispute")
    words = WordMood(polarity="negative", score=-0.8, anger=2)
    mood = Mood(polarity="negative", anger=2, words=words)
    whole = CallMood(polarity="negative", anger=2, at_end="negative", trend="steady")
    turns = (TurnFindings(segment=1, route=route, mood=mood),)
    return CallFindings(route=route, mood=whole, flags=call.flags(), turns=turns, summary=call.words)
