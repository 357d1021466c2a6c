"""From what is told of a call to the conversation that the analyses read, event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from gateway.analytics.conversation import Conversation, Segment
from gateway.events import (
    CallEnded,
    CallStarted,
    Event,
    ModeChanged,
    NodeEntered,
    PromptEnded,
    PromptStarted,
    SlotFilled,
    SurveyAnswered,
    TicketOpened,
    TransferRequested,
    Turn,
    TurnFinished,
)

ONSET_WITHIN_MS = 400.0
"""An answer interrupts the prompt that it cut: it began at most so long after the prompt ended. Its onset is told of
speech that began a little earlier or later than the prompt's last sample, by the time barge-in takes."""


class ConversationBuilder:
    """The conversation of one call so far. Segments keep their index: a message's words come late, at the end."""

    def __init__(self, started: CallStarted, earlier_contacts: Sequence[datetime] = ()) -> None:
        self._now = Conversation(
            id=started.call_id,
            source="call",
            segments=(),
            ended=False,
            duration_ms=0.0,
            started_at=datetime.fromisoformat(started.started_at),
            hotline=started.flow,
            mode=started.mode,
            caller_number=started.caller_number,
            earlier_contacts=tuple(earlier_contacts),
        )
        self._segments: list[Segment] = []
        self._speaking: PromptStarted | None = None
        self._cut_at_ms: float | None = None
        """Where speech cut the last prompt."""

    @property
    def conversation(self) -> Conversation:
        """As far as it has been told."""
        return replace(self._now, segments=tuple(self._segments))

    def take(self, event: Event) -> Segment | None:
        """Something happened; returns what the caller did, if that is what it tells of."""
        now = self._now = replace(self._now, duration_ms=max(self._now.duration_ms, event.at_ms))
        match event:
            case PromptStarted():
                self._speaking = event
            case PromptEnded():
                self._spoken(event)
            case TurnFinished():
                return self._answered(event.turn)
            case NodeEntered():
                self._now = replace(now, path=(*now.path, event.node))
            case ModeChanged():
                self._now = replace(now, mode=event.mode)
            case SlotFilled():
                self._now = replace(now, slots={**now.slots, event.slot: event.value})
            case TransferRequested():
                self._now = replace(now, transfer_asked=True)
            case TicketOpened():
                ticket: dict[str, object] = {
                    "category": event.category,
                    "summary": event.summary,
                    "due": event.due,
                    "number": event.number,
                }
                self._now = replace(now, tickets=(*now.tickets, ticket))
            case SurveyAnswered():
                self._now = replace(now, satisfaction=event.score)
            case CallEnded():
                self._ended(event)
        return None

    def _spoken(self, ended: PromptEnded) -> None:
        """The hotline's side. Prompts follow each other without a pause: one that was not told to end has ended."""
        started, self._speaking = self._speaking, None
        self._cut_at_ms = ended.at_ms if ended.cut_by == "speech" else None
        if started is not None:
            self._segments.append(
                Segment(
                    index=len(self._segments),
                    participant="system",
                    text=started.text,
                    begin_ms=started.at_ms,
                    end_ms=max(started.at_ms, ended.at_ms),
                    node=started.node,
                )
            )

    def _answered(self, turn: Turn) -> Segment:
        cut_at_ms = self._cut_at_ms
        segment = Segment(
            index=len(self._segments),
            participant="customer",
            kind=turn.kind,
            text=turn.keys if turn.kind == "keys" else turn.text,
            begin_ms=turn.start_ms,
            end_ms=turn.end_ms,
            confidence=turn.confidence,
            node=turn.node,
            outcome=turn.outcome,
            matched=turn.matched,
            interrupts=turn.kind == "speech" and cut_at_ms is not None and turn.start_ms < cut_at_ms + ONSET_WITHIN_MS,
            voice=turn.voice,
        )
        self._cut_at_ms = None
        self._segments.append(segment)
        return segment

    def _ended(self, event: CallEnded) -> None:
        self._now = replace(
            self._now,
            ended=True,
            duration_ms=event.duration_ms,
            mode=event.mode,
            path=tuple(event.path),
            options=tuple(event.options),
            slots=dict(event.slots),
            disposition=event.disposition,
            reason=event.reason,
            transferred=event.transfer is not None,
            tickets=tuple(dict(ticket) for ticket in event.tickets),
            satisfaction=event.satisfaction,
        )
