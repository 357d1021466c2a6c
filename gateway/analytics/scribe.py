"""What was found, as the shapes of a document, with everything personal hidden on the way unless it is to be told."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from gateway import privacy
from gateway.analytics.characteristics import millis
from gateway.analytics.redaction import redact_text, redact_value
from gateway.analytics.redaction.masks import MASK, MASKS
from gateway.analytics.shapes.parts import (
    Alternative,
    Analysis,
    CallerNumber,
    CallMoodShape,
    CategoryDetails,
    CharacterOffsets,
    ContentMetadata,
    EntityShape,
    MoodShape,
    OpenedTicket,
    PointOfInterest,
    QualityRule,
    QualityShape,
    RouteShape,
    Sentiment,
    TicketShape,
    TransferShape,
    VoiceShape,
)
from gateway.findings import (
    CallMood,
    Entity,
    Evidence,
    Flag,
    Mood,
    Polarity,
    QualityCard,
    Route,
    TicketDraft,
    TurnFindings,
    VoiceMood,
)

SENTIMENTS: Mapping[Polarity, Sentiment] = {"positive": "POSITIVE", "neutral": "NEUTRAL", "negative": "NEGATIVE"}
PERSONAL = frozenset(MASKS) - {"number"}
"""Kinds of entities whose value is hidden, whatever it is."""
MAX_DEPTH = 50
HASH_DIGITS = 32
"""Of the hash of a number, so many are told: 128 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """What may leave."""

    redact: bool = True
    caller_number: Literal["masked", "hashed", "full"] = "masked"
    number_key: bytes = b""
    """Of the hash."""


class Scribe:
    """Writes the parts of one document.

    Args:
        texts: of the segments that evidence is about, their text and what of it may be told.
    """

    def __init__(self, disclosure: Disclosure, texts: Mapping[int, tuple[str, str]]) -> None:
        self._disclosure = disclosure
        self._texts = texts

    @property
    def metadata(self) -> ContentMetadata:
        """Whether anything was hidden."""
        return ContentMetadata(output="Redacted" if self._disclosure.redact else "Raw")

    # ------------------------------------------------------------------------------------------ plain things

    def text(self, text: str) -> str:
        """Words that somebody said or wrote."""
        return plain_text(redact_text(text) if self._disclosure.redact else text)

    def value(self, value: object) -> Any:  # noqa: ANN401 -- JSON
        """Anything that JSON can hold, hidden where it has to be; what JSON doesn't know, such as a date, as text."""
        plain = plain_value(value)
        return redact_value(plain) if self._disclosure.redact else plain

    def caller(self, number: str) -> CallerNumber:
        """Who called."""
        form = self._disclosure.caller_number
        if not number:
            return CallerNumber(form="withheld", value="")
        if form == "hashed":
            digest = hmac.new(self._disclosure.number_key, number.encode(errors="replace"), hashlib.sha256)
            return CallerNumber(form=form, value=digest.hexdigest()[:HASH_DIGITS])
        return CallerNumber(form=form, value=plain_text(number if form == "full" else masked(number)))

    # ------------------------------------------------------------------------------------------ what was found

    def points(self, evidence: tuple[Evidence, ...]) -> list[PointOfInterest]:
        """Where something shows."""
        return [self.point(one) for one in evidence]

    def point(self, evidence: Evidence) -> PointOfInterest:
        """Its words as they are in the transcript: a number that is hidden there is hidden here, also half of it."""
        said, told = self._texts.get(evidence.segment, ("", ""))
        begin, end = moved(said, told, evidence.start, evidence.end)
        begin_millis = millis(evidence.begin_ms)
        return PointOfInterest(
            begin_offset_millis=begin_millis,
            end_offset_millis=max(begin_millis, millis(evidence.end_ms)),
            transcript_id=str(evidence.segment),
            content=plain_text(told[begin:end]),
            character_offsets=CharacterOffsets(begin_offset_char=begin, end_offset_char=end),
        )

    def route(self, route: Route) -> RouteShape:
        """What the caller wants."""
        return RouteShape(
            name=route.route,
            probability=share(route.probability),
            skill_group=route.skill_group,
            alternatives=[Alternative(name=name, probability=share(chance)) for name, chance in route.others],
            points_of_interest=self.points(route.evidence),
        )

    def analysis(self, found: TurnFindings) -> Analysis:
        """Of one thing that the caller said."""
        return Analysis(
            route=self.route(found.route),
            mood=self._mood(found.mood),
            entities=[self._entity(one) for one in found.entities],
        )

    def _mood(self, mood: Mood) -> MoodShape:
        return MoodShape(
            sentiment=SENTIMENTS[mood.polarity],
            anger=mood.anger,
            words_sentiment=SENTIMENTS[mood.words.polarity],
            words_score=max(-1.0, min(1.0, figure(mood.words.score))),
            words_anger=mood.words.anger,
            voice=_voice(mood.voice) if mood.voice else None,
            points_of_interest=self.points(mood.evidence),
        )

    def _entity(self, entity: Entity) -> EntityShape:
        hidden = self._disclosure.redact and entity.kind in PERSONAL
        value = MASKS[entity.kind] if hidden else self.text(entity.value)
        return EntityShape(kind=entity.kind, value=value, point_of_interest=self.point(entity.evidence))

    def call_mood(self, mood: CallMood) -> CallMoodShape:
        """The caller's mood over the call."""
        return CallMoodShape(
            sentiment=SENTIMENTS[mood.polarity],
            anger=mood.anger,
            sentiment_at_end=SENTIMENTS[mood.at_end],
            trend=mood.trend,
            points_of_interest=self.points(mood.evidence),
        )

    def category(self, flag: Flag) -> CategoryDetails:
        """A flag."""
        return CategoryDetails(
            title=plain_text(flag.title),
            severity=flag.severity,
            first_offset_millis=millis(flag.at_ms),
            points_of_interest=self.points(flag.evidence),
        )

    def quality(self, card: QualityCard) -> QualityShape:
        """A scorecard."""
        return QualityShape(
            card=card.card,
            title=plain_text(card.title),
            score=max(0.0, min(100.0, figure(card.score))),
            failed=card.failed,
            rules=[
                QualityRule(
                    rule=hit.rule,
                    title=plain_text(hit.title),
                    points=figure(hit.points),
                    passed=hit.passed,
                    points_of_interest=self.points(hit.evidence),
                )
                for hit in card.hits
            ],
        )

    def draft(self, ticket: TicketDraft) -> TicketShape:
        """The work order as the machine would fill it in."""
        return TicketShape(
            category=ticket.category,
            team=ticket.team,
            summary=self.text(ticket.summary),
            facts=self.value(ticket.facts),
            priority=ticket.priority,
            answer_by=ticket.answer_by,
            solve_by=ticket.solve_by,
            visit_by=ticket.visit_by,
        )

    def opened(self, ticket: Mapping[str, object]) -> OpenedTicket:
        """A work order that the flow opened; what is missing is empty."""
        number = ticket.get("number")
        return OpenedTicket(
            category=plain_text(str(ticket.get("category") or "")),
            summary=self.text(str(ticket.get("summary") or "")),
            due=str(ticket.get("due") or ""),
            number=None if number is None else plain_text(str(number)),
        )

    def transfer(self, queue: str, handed_over: Mapping[str, Any]) -> TransferShape:
        """What a human is told."""
        return TransferShape(queue=queue, handed_over=self.value(handed_over))


def _voice(voice: VoiceMood) -> VoiceShape:
    return VoiceShape(
        arousal=share(voice.arousal),
        louder_db=figure(voice.louder_db),
        higher=figure(voice.higher),
        faster=figure(voice.faster),
        interrupts=voice.interrupts,
    )


def masked(number: str) -> str:
    """As `gateway.privacy.mask`; of what that leaves as it is (a SIP address), nothing but its length is told."""
    hidden = privacy.mask(number)
    return hidden if hidden != number else "*" * len(number)


def moved(said: str, told: str, start: int, end: int) -> tuple[int, int]:
    """Where characters `start` to `end` of `said` are in `told`, in which masks stand for what is hidden.

    What begins or ends within something hidden has its whole mask. Where the two can't be laid side by side, it is
    all of `told`.
    """
    begin, over = max(0, start), max(0, start, end)
    if said == told:
        return min(begin, len(told)), min(over, len(told))
    at, shown, found_begin, found_end = 0, 0, None, 0
    for piece, is_mask, length in _laid(said, told):
        if found_begin is None and begin < at + length:
            found_begin = shown if is_mask else shown + begin - at
        if at < over:
            found_end = shown + len(piece) if is_mask else shown + min(over - at, len(piece))
        at, shown = at + length, shown + len(piece)
    if at != len(said):
        return 0, len(told)
    return (len(told), len(told)) if found_begin is None else (found_begin, max(found_begin, found_end))


def _laid(said: str, told: str) -> Iterator[tuple[str, bool, int]]:
    """The pieces of `told`: whether each is a mask, and how many characters of `said` it stands for."""
    pieces = MASK.split(told)
    masks = MASK.findall(told)
    at = 0
    for place, piece in enumerate(pieces):
        is_last = place == len(pieces) - 1
        if place > 0:
            where = len(said) - len(piece) if is_last else said.find(piece, at + 1)
            if where <= at or not said.startswith(piece, where):
                return
            yield masks[place - 1], True, where - at
            at = where
        elif not said.startswith(piece):
            return
        if piece:
            yield piece, False, len(piece)
            at += len(piece)


def plain_text(text: str) -> str:
    """`text` without halves of surrogate pairs, which no UTF-8 can hold."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def figure(value: float) -> float:
    """To four decimals; 0 for what is no number."""
    return round(float(value), 4) if math.isfinite(value) else 0.0


def share(value: float) -> float:
    """Within 0 and 1."""
    return max(0.0, min(1.0, figure(value)))


def plain_value(value: object, depth: int = 0) -> Any:  # noqa: ANN401 -- JSON
    """What JSON can hold; nothing deeper than `MAX_DEPTH` levels."""
    if depth > MAX_DEPTH or value is None or isinstance(value, bool | int):
        return None if depth > MAX_DEPTH else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {plain_text(str(key)): plain_value(one, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(one, depth + 1) for one in value]
    return plain_text(str(value))
