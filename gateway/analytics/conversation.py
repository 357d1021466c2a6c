"""A conversation as every analysis reads it, wherever it comes from: a running call, a stored one, or a recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from gateway.findings import Evidence, Participant, Voice

SegmentKind = Literal["speech", "keys", "silence"]


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word or character with its own times in the recording, ms."""

    start: int
    """Where it begins in the segment's text."""
    end: int
    begin_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What one side said without the other answering, pressed, or didn't say."""

    index: int
    """Its place in the conversation, from 0."""
    participant: Participant
    kind: SegmentKind = "speech"
    text: str = ""
    """The words; the keys of `keys`; empty for a silence that was waited out."""
    begin_ms: float
    end_ms: float
    words: tuple[TimedWord, ...] = ()
    """With their times, where the recogniser told them."""
    confidence: float | None = None
    """0 to 1; None for what was not recognised (prompts, keys)."""
    node: str = ""
    """The question that it answers, or the prompt's node; empty outside a flow."""
    outcome: Literal["", "accept", "confirm", "no_match", "no_input"] = ""
    """What the flow made of it; empty outside a flow."""
    matched: str | None = None
    """Option, universal or slot that it was taken for."""
    interrupts: bool = False
    """It began while the other side was speaking, and the other side stopped."""
    voice: Voice | None = None

    def evidence(self, start: int = 0, end: int | None = None) -> Evidence:
        """Characters `start` to `end` of it (all of it) as evidence, with their milliseconds."""
        end = len(self.text) if end is None else end
        begin_ms, end_ms = self.moment(start, end)
        return Evidence(
            segment=self.index, start=start, end=end, text=self.text[start:end], begin_ms=begin_ms, end_ms=end_ms
        )

    def moment(self, start: int, end: int) -> tuple[float, float]:
        """Where characters `start` to `end` are said, ms: by the words' times, else as if all took equally long."""
        within = [word for word in self.words if word.end > start and word.start < end]
        if within:
            return within[0].begin_ms, within[-1].end_ms
        per_character = (self.end_ms - self.begin_ms) / max(1, len(self.text))
        return self.begin_ms + start * per_character, self.begin_ms + end * per_character


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """One call so far, or one recording. Fields that only calls have keep their defaults for recordings."""

    id: str
    source: Literal["call", "recording"]
    segments: tuple[Segment, ...]
    ended: bool
    """False while it is going on: then nothing can be said of how it ended."""
    duration_ms: float
    """So far."""
    started_at: datetime | None = None
    """Aware."""
    hotline: str = ""
    """The flow's name."""
    mode: str = "standard"
    caller_number: str = ""
    earlier_contacts: tuple[datetime, ...] = ()
    """When the same number called before, aware, newest first, of the last 30 days; empty for withheld numbers."""
    path: tuple[str, ...] = ()
    """Node ids in the order they were entered."""
    options: tuple[str, ...] = ()
    """Menu options in the order they were chosen."""
    slots: dict[str, str] = field(default_factory=dict)
    disposition: str | None = None
    reason: str | None = None
    transfer_asked: bool = False
    """The flow tried to reach a human for them."""
    transferred: bool = False
    """A human took them."""
    tickets: tuple[dict[str, object], ...] = ()
    """Work orders that the flow opened: category, summary, due, number."""
    satisfaction: int | None = None
    """1 to 5."""

    @property
    def customer(self) -> tuple[Segment, ...]:
        """What the caller said in words, in order."""
        return tuple(
            one for one in self.segments if one.participant == "customer" and one.kind == "speech" and one.text
        )
