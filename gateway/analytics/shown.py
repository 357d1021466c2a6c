"""A conversation as it may be told: redacted unless everything may leave."""

from __future__ import annotations

from gateway.analytics.characteristics import ROLES, millis
from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.redaction import Redacted, redact
from gateway.analytics.scribe import SENTIMENTS, Disclosure, Scribe, figure, plain_text, share
from gateway.analytics.shapes.parts import RedactionShape, Stretch, TranscriptItem
from gateway.events import Turn
from gateway.findings import TurnFindings


class Shown:
    """A conversation, and what of it may be told."""

    def __init__(self, conversation: Conversation, disclosure: Disclosure) -> None:
        redacted = redact(conversation) if disclosure.redact else Redacted(conversation, ())
        self.conversation = redacted.conversation
        self.silences = redacted.silences
        pairs = zip(conversation.segments, self.conversation.segments, strict=True)
        self.scribe = Scribe(disclosure, {said.index: (said.text, told.text) for said, told in pairs})

    def answer(self, turn: Turn) -> str:
        """What was said or pressed in a turn."""
        said = turn.keys if turn.kind == "keys" else turn.text
        known = [one for one in self.conversation.segments if one.participant == "customer"]
        same = [one for one in known if one.begin_ms == turn.start_ms and one.kind == turn.kind]
        return plain_text(same[-1].text) if same else self.scribe.text(said)

    def item(self, segment: Segment, found: TurnFindings | None) -> TranscriptItem:
        """One item of the transcript."""
        begin = millis(segment.begin_ms)
        loudness = [max(0.0, min(100.0, 100 + figure(segment.voice.loudness_dbfs)))] if segment.voice else []
        return TranscriptItem(
            id=str(segment.index),
            participant_id=ROLES[segment.participant],
            participant_role=ROLES[segment.participant],
            kind=segment.kind,
            content=plain_text(segment.text),
            begin_offset_millis=begin,
            end_offset_millis=max(begin, millis(segment.end_ms)),
            sentiment=SENTIMENTS[found.mood.polarity] if found else None,
            loudness_score=loudness,
            confidence=None if segment.confidence is None else share(segment.confidence),
            node=segment.node,
            outcome=segment.outcome,
            matched=segment.matched,
            interrupts=segment.interrupts,
            redaction=self._redaction(segment),
            analysis=self.scribe.analysis(found) if found else None,
        )

    def _redaction(self, segment: Segment) -> RedactionShape | None:
        within = [
            Stretch(begin_offset_millis=millis(one.begin_ms), end_offset_millis=millis(one.end_ms))
            for one in self.silences
            if one.participant == segment.participant
            and one.begin_ms < segment.end_ms
            and one.end_ms > segment.begin_ms
        ]
        return RedactionShape(redacted_timestamps=within) if within else None
