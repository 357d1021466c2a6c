"""What a machine finds in a conversation: frozen values, each with the words and the milliseconds that led to it.

Names are near those of Amazon Contact Lens where it has one (participant, sentiment as `polarity`, categories with
points of interest as `Evidence`). Nothing here computes anything: `gateway.analytics` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Participant = Literal["customer", "agent", "system"]
"""Who speaks: the caller, a human of the hotline, or the machine."""
Polarity = Literal["positive", "neutral", "negative"]
Severity = Literal["low", "medium", "high", "critical"]
Trend = Literal["better", "steady", "worse"]

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")
ENTITY_KINDS = (
    "phone",
    "id_card",
    "bank_card",
    "verification_code",
    "amount",
    "date",
    "data_volume",
    "product",
    "place",
    "address",
    "number",
)
OTHER = "other"
"""The route of what belongs to no other, and of what nobody can be sure about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """How an utterance sounded, whatever its words."""

    loudness_dbfs: float
    """Of its speech, pauses left out; RMS."""
    pitch_hz: float | None
    """The median of its voiced frames; None when too few were voiced."""
    pitch_high_hz: float | None
    """Their 90th percentile."""
    speech_ms: float
    """How much of it is speech: what the pace is reckoned on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Where in a conversation something shows: characters `start` to `end` of a segment's text."""

    segment: int
    """Index of the segment in the conversation."""
    start: int
    end: int
    text: str
    """Those characters; empty when the evidence is no words (a silence)."""
    begin_ms: float
    """Where they begin in the recording, ms; reckoned from their place in the segment unless words had times."""
    end_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """What a caller wants."""

    route: str
    """A name of routes.yaml; `OTHER` when no other is sure."""
    probability: float
    """Of `route`, calibrated, 0 to 1."""
    skill_group: str
    """Whose work that is."""
    others: tuple[tuple[str, float], ...] = ()
    """The next likely ones with their probabilities, at most three."""
    evidence: tuple[Evidence, ...] = ()
    """The words that decided it, the weightiest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WordMood:
    """The mood in the words alone."""

    polarity: Polarity
    score: float
    """-1 (very negative) to 1 (very positive)."""
    anger: int
    """0 (none) to 3 (rage)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceMood:
    """The mood in the voice alone, against the caller's own beginning of the call."""

    arousal: float
    """0 (as at the beginning) to 1 (far louder, higher, faster)."""
    louder_db: float
    higher: float
    """Pitch as a share of what it was at the beginning, minus 1."""
    faster: float
    """Pace as a share of what it was at the beginning, minus 1."""
    interrupts: bool
    """They spoke over the other side and didn't stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mood:
    """The mood of one turn."""

    polarity: Polarity
    anger: int
    words: WordMood
    voice: VoiceMood | None = None
    """None where there is no sound, or not enough of it to compare with."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMood:
    """The mood of the caller over a conversation."""

    polarity: Polarity
    anger: int
    """The highest of any turn."""
    at_end: Polarity
    trend: Trend
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something that somebody ought to look at."""

    flag: str
    """A name of flags.yaml."""
    title: str
    """What supervisors read."""
    severity: Severity
    at_ms: float
    """When it showed first, on the call's media clock."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Something named: a number, an amount, a day, a place."""

    kind: str
    """One of `ENTITY_KINDS`."""
    value: str
    """In its plain form: digits, `35.60`, `2026-11-29`, the product's name."""
    evidence: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketDraft:
    """A work order as the machine fills it in."""

    category: str
    """A route."""
    team: str
    """The route's skill group."""
    summary: str
    """One line, in the caller's words."""
    facts: dict[str, str]
    """Title -> value, for whoever works on it."""
    priority: Literal["normal", "high", "urgent"]
    answer_by: str
    """ISO 8601 with offset, as the next two."""
    solve_by: str
    visit_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityHit:
    """One rule of a scorecard and how it went."""

    rule: str
    title: str
    points: float
    """Added to the card's score: negative for a fault."""
    passed: bool
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityCard:
    """A scorecard filled in."""

    card: str
    title: str
    score: float
    """0 to 100."""
    failed: bool
    """A rule that may never be broken was broken."""
    hits: tuple[QualityHit, ...]
    """Of all its rules that apply to this conversation, in the card's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFindings:
    """What was found in one thing that the caller said."""

    segment: int
    route: Route
    mood: Mood
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFindings:
    """What was found in a whole conversation, or in what there is of it."""

    route: Route
    mood: CallMood
    flags: tuple[Flag, ...]
    """Each at most once, in the order in which they showed."""
    turns: tuple[TurnFindings, ...]
    """Of the caller's segments."""
    quality: tuple[QualityCard, ...] = ()
    ticket: TicketDraft | None = None
    """None when nothing is left to do."""
    summary: str = ""
    """One line, in the caller's words."""
