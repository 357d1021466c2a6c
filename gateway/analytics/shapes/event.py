"""The documents of live events."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.analytics.shapes.parts import (
    Analysis,
    CallerNumber,
    CategoryDetails,
    ContentMetadata,
    Millis,
    Moment,
    OpenedTicket,
    Shape,
    Share,
    TransferShape,
)


class EventBase(Shape):
    """What every live event tells."""

    version: Literal["1.0"]
    document_type: Literal["event"]
    call_id: str
    offset_millis: Millis
    """On the call's media clock."""
    content_metadata: ContentMetadata


class CallStartedDetail(Shape):
    """A call was answered."""

    hotline: str
    flow_version: str
    mode: str
    started_at: Moment
    caller_number: CallerNumber
    called_number: str
    transport: str
    trunk: str
    resumes: str


class CallStartedEvent(EventBase):
    """The first event of a call."""

    event_type: Literal["call_started"]
    detail: CallStartedDetail


class TurnDetail(Shape):
    """An answer of the caller, and what the flow made of it."""

    index: int
    node: str
    kind: Literal["speech", "keys", "silence"]
    content: str
    confidence: Share | None
    outcome: Literal["accept", "confirm", "no_match", "no_input"]
    matched: str | None
    begin_offset_millis: Millis
    end_offset_millis: Millis


class TurnFinishedEvent(EventBase):
    """An answer was replied to."""

    event_type: Literal["turn_finished"]
    detail: TurnDetail


class TurnAnalyzedDetail(Analysis):
    """What was found in a turn."""

    index: int
    """The turn's; told again once more is known of it, the last one counts."""


class TurnAnalyzedEvent(EventBase):
    """Follows soon after `turn_finished`."""

    event_type: Literal["turn_analyzed"]
    detail: TurnAnalyzedDetail


class FlagRaisedDetail(CategoryDetails):
    """A flag with its name."""

    category: str


class FlagRaisedEvent(EventBase):
    """Somebody ought to look at this call, while it is up; told again when the flag becomes more severe."""

    event_type: Literal["flag_raised"]
    detail: FlagRaisedDetail


class TransferRequestedEvent(EventBase):
    """A human is asked for."""

    event_type: Literal["transfer_requested"]
    detail: TransferShape


class TicketOpenedEvent(EventBase):
    """A work order was opened."""

    event_type: Literal["ticket_opened"]
    detail: OpenedTicket


class CallEndedDetail(Shape):
    """How a call ended; the `call` document follows once all of it is analysed."""

    disposition: Literal["completed", "transferred", "abandoned", "failed"]
    reason: str
    duration_millis: Millis
    mode: str
    path: list[str]
    satisfaction: Annotated[int, Field(ge=1, le=5)] | None


class CallEndedEvent(EventBase):
    """The last event of every call."""

    event_type: Literal["call_ended"]
    detail: CallEndedDetail


EventDocument = Annotated[
    CallStartedEvent
    | TurnFinishedEvent
    | TurnAnalyzedEvent
    | FlagRaisedEvent
    | TransferRequestedEvent
    | TicketOpenedEvent
    | CallEndedEvent,
    Field(discriminator="event_type"),
]
