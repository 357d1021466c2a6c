"""What leaves while a call is up: one JSON document of each event that somebody may act on. Pure."""

from __future__ import annotations

from typing import Any

from gateway.analytics.characteristics import millis
from gateway.analytics.conversation import Conversation
from gateway.analytics.scribe import Disclosure, Scribe, plain_text, share
from gateway.analytics.shapes.event import (
    CallEndedDetail,
    CallEndedEvent,
    CallStartedDetail,
    CallStartedEvent,
    EventBase,
    FlagRaisedDetail,
    FlagRaisedEvent,
    TicketOpenedEvent,
    TransferRequestedEvent,
    TurnAnalyzedDetail,
    TurnAnalyzedEvent,
    TurnDetail,
    TurnFinishedEvent,
)
from gateway.analytics.shapes.parts import VERSION
from gateway.analytics.shown import Shown
from gateway.events import (
    CallEnded,
    CallStarted,
    Event,
    FlagRaised,
    TicketOpened,
    TransferRequested,
    Turn,
    TurnAnalyzed,
    TurnFinished,
)

Leaving = CallStarted | TurnFinished | TurnAnalyzed | FlagRaised | TransferRequested | TicketOpened | CallEnded
LEAVING = (CallStarted, TurnFinished, TurnAnalyzed, FlagRaised, TransferRequested, TicketOpened, CallEnded)
"""The events that leave: those that somebody may act on. All others stay in the store."""


def event_document(
    event: Event, conversation: Conversation | None = None, disclosure: Disclosure | None = None
) -> dict[str, Any] | None:
    """One live event, as the schema `event` has it; None for those that don't leave.

    Args:
        conversation: of its call, so far: what is hidden in a turn depends on what was asked, and on the turns before.
    """
    if not isinstance(event, LEAVING):
        return None
    if conversation is None:
        conversation = Conversation(id=event.call_id, source="call", segments=(), ended=False, duration_ms=event.at_ms)
    return written_event(event, Shown(conversation, disclosure or Disclosure()))


def written_event(event: Leaving, shown: Shown) -> dict[str, Any]:
    """The document of an event of the call that is `shown`."""
    told = _typed(event, shown)
    return told.model_dump(mode="json", by_alias=True)


def _typed(event: Leaving, shown: Shown) -> EventBase:
    scribe = shown.scribe
    base: dict[str, Any] = {
        "version": VERSION,
        "document_type": "event",
        "call_id": event.call_id,
        "offset_millis": millis(event.at_ms),
        "content_metadata": scribe.metadata,
        "event_type": event.event,
    }
    match event:
        case CallStarted():
            return CallStartedEvent(**base, detail=_started(event, scribe))
        case TurnFinished():
            return TurnFinishedEvent(**base, detail=_turn(event.turn, shown))
        case TurnAnalyzed():
            analysis = scribe.analysis(event.findings)
            return TurnAnalyzedEvent(**base, detail=TurnAnalyzedDetail(index=event.turn, **dict(analysis)))
        case FlagRaised():
            category = scribe.category(event.flag)
            return FlagRaisedEvent(**base, detail=FlagRaisedDetail(category=event.flag.flag, **dict(category)))
        case TransferRequested():
            return TransferRequestedEvent(**base, detail=scribe.transfer(event.queue, event.handed_over))
        case TicketOpened():
            opened = {"category": event.category, "summary": event.summary, "due": event.due, "number": event.number}
            return TicketOpenedEvent(**base, detail=scribe.opened(opened))
        case CallEnded():
            return CallEndedEvent(**base, detail=_ended(event))


def _started(event: CallStarted, scribe: Scribe) -> CallStartedDetail:
    return CallStartedDetail(
        hotline=event.flow,
        flow_version=event.flow_version,
        mode=event.mode,
        started_at=event.started_at,
        caller_number=scribe.caller(event.caller_number),
        called_number=plain_text(event.called_number),
        transport=event.transport,
        trunk=event.trunk,
        resumes=event.resumes,
    )


def _turn(turn: Turn, shown: Shown) -> TurnDetail:
    begin = millis(turn.start_ms)
    return TurnDetail(
        index=turn.index,
        node=turn.node,
        kind=turn.kind,
        content=shown.answer(turn),
        confidence=None if turn.confidence is None else share(turn.confidence),
        outcome=turn.outcome,
        matched=turn.matched,
        begin_offset_millis=begin,
        end_offset_millis=max(begin, millis(turn.end_ms)),
    )


def _ended(event: CallEnded) -> CallEndedDetail:
    return CallEndedDetail(
        disposition=event.disposition,
        reason=event.reason,
        duration_millis=millis(event.duration_ms),
        mode=event.mode,
        path=list(event.path),
        satisfaction=event.satisfaction,
    )
