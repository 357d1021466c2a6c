"""What documents are made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic.alias_generators import to_pascal

VERSION: Literal["1.0"] = "1.0"
Role = Literal["CUSTOMER", "AGENT", "SYSTEM"]
"""The caller, a human of the hotline, or the machine."""
Sentiment = Literal["POSITIVE", "NEUTRAL", "NEGATIVE"]
Anger = Annotated[int, Field(ge=0, le=3)]
Millis = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Moment = str
"""ISO 8601 with an offset."""


class Shape(BaseModel):
    """An object of a document."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_pascal, populate_by_name=True, use_attribute_docstrings=True
    )


class Stretch(Shape):
    """From when to when."""

    begin_offset_millis: Millis
    end_offset_millis: Millis


class Pause(Stretch):
    """A stretch with its length."""

    duration_millis: Millis


class CharacterOffsets(Shape):
    """Which characters of an item's `Content`, counted in Unicode code points."""

    begin_offset_char: Annotated[int, Field(ge=0)]
    end_offset_char: Annotated[int, Field(ge=0)]


class PointOfInterest(Stretch):
    """Where something shows."""

    transcript_id: str
    """`Id` of the item of `Transcript`."""
    content: str
    """Its words; empty for a silence."""
    character_offsets: CharacterOffsets


class Alternative(Shape):
    """Another route that is likely."""

    name: str
    probability: Share


class RouteShape(Shape):
    """What the caller wants."""

    name: str
    """A category of routes.yaml; `other` when none is sure."""
    probability: Share
    skill_group: str
    """Whose work that is."""
    alternatives: list[Alternative]
    points_of_interest: list[PointOfInterest]


class VoiceShape(Shape):
    """The voice against the caller's own beginning of the call."""

    arousal: Share
    louder_db: float
    higher: float
    """Pitch as a share of what it was, minus 1; likewise `Faster` for the pace."""
    faster: float
    interrupts: bool


class MoodShape(Shape):
    """The mood of one thing that the caller said."""

    sentiment: Sentiment
    anger: Anger
    """0 none, 1 annoyed, 2 angry, 3 rage."""
    words_sentiment: Sentiment
    """By the words alone."""
    words_score: Annotated[float, Field(ge=-1, le=1)]
    words_anger: Anger
    voice: VoiceShape | None
    points_of_interest: list[PointOfInterest]


class EntityShape(Shape):
    """Something named: a number, an amount, a day, a place."""

    kind: str
    value: str
    """In its plain form; stars where it is personal and hidden."""
    point_of_interest: PointOfInterest


class Analysis(Shape):
    """What was found in one thing that the caller said."""

    route: RouteShape
    mood: MoodShape
    entities: list[EntityShape]


class RedactionShape(Shape):
    """What is hidden of an item."""

    redacted_timestamps: list[Stretch]


class TranscriptItem(Stretch):
    """What one side said, pressed, or didn't say."""

    id: str
    participant_id: Role
    participant_role: Role
    kind: Literal["speech", "keys", "silence"]
    content: str
    sentiment: Sentiment | None
    """Null for all but the caller's words, as `Analysis`."""
    loudness_score: list[Annotated[float, Field(ge=0, le=100)]]
    """One value for the whole item: 100 + dBFS, so 100 is the loudest that a line carries; empty when unknown."""
    confidence: Share | None
    """Of the recognition."""
    node: str
    """The question that it answers, or whose prompt it is."""
    outcome: Literal["", "accept", "confirm", "no_match", "no_input"]
    matched: str | None
    """Option, universal or slot that it was taken for."""
    interrupts: bool
    redaction: RedactionShape | None
    analysis: Analysis | None


class CategoryDetails(Shape):
    """A flag of the call."""

    title: str
    severity: Literal["low", "medium", "high", "critical"]
    first_offset_millis: Millis
    points_of_interest: list[PointOfInterest]


class Categories(Shape):
    """The flags of the call: what somebody ought to look at."""

    matched_categories: list[str]
    matched_details: dict[str, CategoryDetails]


class ScorePeriod(Stretch):
    """A quarter of the call."""

    score: Annotated[float, Field(ge=-5, le=5)] | None
    """Null when nothing was said in it."""


class QuarterScores(Shape):
    """By participant."""

    QUARTER: Annotated[dict[Role, list[ScorePeriod]], Field(alias="QUARTER")]


class SentimentShape(Shape):
    """-5 (very negative) to 5 (very positive), by the words."""

    overall_sentiment: dict[Role, float]
    sentiment_by_period: QuarterScores


class Interruptions(Shape):
    """Who spoke over the other side, which then stopped."""

    interruptions_by_interrupter: dict[Role, list[Pause]]
    total_count: int
    total_time_millis: Millis


class NonTalkTime(Shape):
    """Pauses of 3 s and more in which nobody said anything."""

    instances: list[Pause]
    total_time_millis: Millis


class Speed(Shape):
    """Chinese has no words to count."""

    average_characters_per_minute: float


class TalkSpeed(Shape):
    """By participant; pauses within what was said count only where the voice wasn't measured."""

    details_by_participant: dict[Role, Speed]


class Talked(Shape):
    """How long."""

    total_time_millis: Millis


class TalkTime(Shape):
    """How long each side spoke."""

    details_by_participant: dict[Role, Talked]
    total_time_millis: Millis


class Characteristics(Shape):
    """The conversation in figures."""

    total_conversation_duration_millis: Millis
    sentiment: SentimentShape
    interruptions: Interruptions
    non_talk_time: NonTalkTime
    talk_speed: TalkSpeed
    talk_time: TalkTime


class CallMoodShape(Shape):
    """The caller's mood over the call."""

    sentiment: Sentiment
    anger: Anger
    """The highest of any turn."""
    sentiment_at_end: Sentiment
    trend: Literal["better", "steady", "worse"]
    points_of_interest: list[PointOfInterest]


class CallerNumber(Shape):
    """Who called."""

    form: Literal["masked", "hashed", "full", "withheld"]
    value: str
    """Empty when withheld. A hash is the same for every call from a number, as long as its key is."""


class Participant(Shape):
    """A side of the call."""

    participant_id: Role
    participant_role: Role


class ContentMetadata(Shape):
    """Whether personal numbers are hidden."""

    output: Literal["Redacted", "Raw"]


class OpenedTicket(Shape):
    """A work order that the flow opened."""

    category: str
    summary: str
    due: Moment
    number: str | None


class Message(Shape):
    """A message that the caller left; its words are the transcript item that begins there."""

    node: str
    recording: str
    begin_offset_millis: Millis
    end_offset_millis: Millis


class TransferShape(Shape):
    """A human took the caller."""

    queue: str
    handed_over: dict[str, JsonValue]


class TicketShape(Shape):
    """The work order as the machine would fill it in."""

    category: str
    team: str
    summary: str
    facts: dict[str, str]
    priority: Literal["normal", "high", "urgent"]
    answer_by: Moment
    solve_by: Moment
    visit_by: Moment


class QualityRule(Shape):
    """One rule of a scorecard."""

    rule: str
    title: str
    points: float
    passed: bool
    points_of_interest: list[PointOfInterest]


class QualityShape(Shape):
    """A scorecard filled in."""

    card: str
    title: str
    score: Annotated[float, Field(ge=0, le=100)]
    failed: bool
    """A rule that may never be broken was broken."""
    rules: list[QualityRule]
