"""What leaves: one JSON document of a call, and one of each live event that somebody may act on. Pure.

Their shape is told, field by field, by the JSON Schemas in `schemas/`, which `gateway.analytics.shapes` makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.analytics.characteristics import ROLES, characteristics, millis
from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.event_document import LEAVING, event_document, written_event
from gateway.analytics.scribe import Disclosure, Scribe, plain_text, plain_value
from gateway.analytics.shapes.call import CallDocument
from gateway.analytics.shapes.parts import (
    VERSION,
    Categories,
    Message,
    Participant,
)
from gateway.analytics.shown import Shown
from gateway.events import CallEnded, CallStarted, Disposition, Event
from gateway.findings import CallFindings

__all__ = ["CallFacts", "Disclosure", "DocumentWriter", "call_document", "event_document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What else is known of a call; a recording from elsewhere has none of it."""

    started_at: str | None = None
    """ISO 8601 with an offset, as the next."""
    ended_at: str | None = None
    called_number: str = ""
    transport: str = ""
    trunk: str = ""
    flow_version: str = ""
    resumes: str = ""
    disposition: Disposition | None = None
    reason: str | None = None
    recording: str | None = None
    """Its path, or another reference."""
    transfer: Mapping[str, Any] | None = None
    """`queue` and `handed_over`."""
    tickets: Sequence[Mapping[str, object]] = ()
    """category, summary, due, number."""
    messages: Sequence[Mapping[str, Any]] = ()
    """node, path, start_ms, end_ms."""
    satisfaction: int | None = None
    line: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, started: CallStarted, ended: CallEnded) -> CallFacts:
        """As a call's first and last event tell them."""
        began = datetime.fromisoformat(started.started_at)
        over = began + timedelta(milliseconds=ended.duration_ms)
        return cls(
            started_at=started.started_at,
            ended_at=over.isoformat(timespec="milliseconds"),
            called_number=started.called_number,
            transport=started.transport,
            trunk=started.trunk,
            flow_version=started.flow_version,
            resumes=started.resumes,
            disposition=ended.disposition,
            reason=ended.reason,
            recording=ended.recording,
            transfer=ended.transfer,
            tickets=ended.tickets,
            messages=ended.messages,
            satisfaction=ended.satisfaction,
            line=ended.line,
        )


class DocumentWriter:
    """Implements `gateway.analytics.live.Documents`: everything that can leave, in the form that may leave."""

    def __init__(self, disclosure: Disclosure | None = None) -> None:
        self._disclosure = disclosure or Disclosure()
        self._last: tuple[tuple[Segment, ...], Shown] | None = None
        """Several events follow from one turn: its conversation is redacted once."""

    def of_event(self, event: Event, conversation: Conversation) -> dict[str, Any] | None:
        """One live event; None for those that don't leave."""
        if not isinstance(event, LEAVING):
            return None
        if self._last is None or self._last[0] != conversation.segments:
            self._last = conversation.segments, Shown(conversation, self._disclosure)
        return written_event(event, self._last[1])

    def of_call(
        self, started: CallStarted, ended: CallEnded, conversation: Conversation, findings: CallFindings
    ) -> dict[str, Any]:
        """A whole call."""
        return call_document(conversation, findings, CallFacts.of(started, ended), self._disclosure)


def call_document(
    conversation: Conversation, findings: CallFindings, facts: CallFacts, disclosure: Disclosure | None = None
) -> dict[str, Any]:
    """All that is known of one call, as the schema `call` has it; redacted unless `disclosure` says otherwise."""
    shown = Shown(conversation, disclosure or Disclosure())
    scribe, told = shown.scribe, shown.conversation
    found = {turn.segment: turn for turn in findings.turns}
    roles = dict.fromkeys(ROLES[segment.participant] for segment in told.segments)
    document = CallDocument(
        version=VERSION,
        document_type="call",
        call_id=conversation.id,
        source=conversation.source,
        channel="VOICE",
        language_code="zh-CN",
        content_metadata=scribe.metadata,
        hotline=conversation.hotline,
        mode=conversation.mode,
        caller_number=scribe.caller(conversation.caller_number),
        path=list(conversation.path),
        options=list(conversation.options),
        slots={plain_text(name): plain_text(value) for name, value in told.slots.items()},
        transfer_asked=conversation.transfer_asked,
        **_facts(facts, scribe),
        participants=[Participant(participant_id=role, participant_role=role) for role in roles],
        transcript=[shown.item(segment, found.get(segment.index)) for segment in told.segments],
        categories=Categories(
            matched_categories=[flag.flag for flag in findings.flags],
            matched_details={flag.flag: scribe.category(flag) for flag in findings.flags},
        ),
        route=scribe.route(findings.route),
        mood=scribe.call_mood(findings.mood),
        summary=scribe.text(findings.summary),
        ticket=scribe.draft(findings.ticket) if findings.ticket else None,
        quality=[scribe.quality(card) for card in findings.quality],
        conversation_characteristics=characteristics(conversation, findings.turns),
    )
    return document.model_dump(mode="json", by_alias=True)


def _facts(facts: CallFacts, scribe: Scribe) -> dict[str, Any]:
    transfer = facts.transfer
    return {
        "started_at": facts.started_at,
        "ended_at": facts.ended_at,
        "called_number": plain_text(facts.called_number),
        "transport": facts.transport,
        "trunk": facts.trunk,
        "flow_version": facts.flow_version,
        "resumes": facts.resumes,
        "disposition": facts.disposition,
        "reason": facts.reason,
        "recording": facts.recording,
        "transfer": scribe.transfer(transfer.get("queue", ""), transfer.get("handed_over", {})) if transfer else None,
        "tickets": [scribe.opened(ticket) for ticket in facts.tickets],
        "messages": [_message(message) for message in facts.messages],
        "satisfaction": facts.satisfaction,
        "line": None if facts.line is None else plain_value(facts.line),
    }


def _message(message: Mapping[str, Any]) -> Message:
    begin = millis(message.get("start_ms", 0.0))
    return Message(
        node=message.get("node", ""),
        recording=message.get("path", ""),
        begin_offset_millis=begin,
        end_offset_millis=max(begin, millis(message.get("end_ms", 0.0))),
    )
