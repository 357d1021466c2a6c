"""The document of a whole call."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from gateway.analytics.shapes.parts import (
    CallerNumber,
    CallMoodShape,
    Categories,
    Characteristics,
    ContentMetadata,
    Message,
    Moment,
    OpenedTicket,
    Participant,
    QualityShape,
    RouteShape,
    Shape,
    TicketShape,
    TranscriptItem,
    TransferShape,
)


class CallDocument(Shape):
    """Everything that is known of one call, once it has ended."""

    version: Literal["1.0"]
    document_type: Literal["call"]
    call_id: str
    source: Literal["call", "recording"]
    channel: Literal["VOICE"]
    language_code: Literal["zh-CN"]
    content_metadata: ContentMetadata
    hotline: str
    flow_version: str
    mode: str
    """`standard`, `elderly`, ... as it was at the end."""
    started_at: Moment | None
    ended_at: Moment | None
    caller_number: CallerNumber
    called_number: str
    transport: str
    trunk: str
    resumes: str
    """The call whose line was lost, and which this one goes on with; empty for most."""
    disposition: Literal["completed", "transferred", "abandoned", "failed"] | None
    reason: str | None
    path: list[str]
    """Nodes in the order they were entered."""
    options: list[str]
    """Menu options in the order they were chosen."""
    slots: dict[str, str]
    """What was learned from the caller."""
    transfer_asked: bool
    transfer: TransferShape | None
    """Null unless a human took the caller."""
    recording: str | None
    messages: list[Message]
    tickets: list[OpenedTicket]
    satisfaction: Annotated[int, Field(ge=1, le=5)] | None
    line: dict[str, JsonValue] | None
    """How the line was (codec, packets, loss, jitter), as its transport tells it."""
    participants: list[Participant]
    transcript: list[TranscriptItem]
    categories: Categories
    route: RouteShape
    mood: CallMoodShape
    summary: str
    """One line, in the caller's words."""
    ticket: TicketShape | None
    """Null when nothing is left to do."""
    quality: list[QualityShape]
    conversation_characteristics: Characteristics
