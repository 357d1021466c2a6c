"""What happened in a call: a closed set of frozen facts, and the one codec that writes and reads them.

Audio is not an event. Every event names its call and the moment on the call's media clock, so that a transcript, a
recording and a report can be laid side by side. `CallEnded` repeats what the call came to, for whoever reads only the
last line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from gateway.findings import CallFindings, Flag, TurnFindings, Voice

Disposition = Literal["completed", "transferred", "abandoned", "failed"]
TurnKind = Literal["speech", "keys", "silence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer of the caller and what the hotline made of it."""

    index: int
    node: str
    kind: TurnKind
    text: str = ""
    """What was heard; empty for keys and silence."""
    keys: str = ""
    alternatives: tuple[str, ...] = ()
    confidence: float | None = None
    matched: str | None = None
    """Menu option, universal or slot that the answer was taken for; None when nothing matched."""
    score: float | None = None
    outcome: Literal["accept", "confirm", "no_match", "no_input"] = "no_match"
    start_ms: float
    """Where the answer begins in the recording, ms."""
    end_ms: float
    """Where it ends, ms."""
    heard_ms: float
    """Its length, ms."""
    silence_window_ms: float = 0.0
    """From the end of the answer until it was judged over: the endpointing wait, or the inter-digit wait."""
    recognise_ms: float = 0.0
    """Wall time spent recognising, ms."""
    turn_latency_ms: float | None = None
    """From the end of the answer to the first prompt sample sent, silence window included; None without an answer."""
    voice: Voice | None = None
    """How it sounded; None for keys and silence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """What every event tells."""

    call_id: str
    at_ms: float
    """Milliseconds on the call's media clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Happened):
    """A leg was answered and its session begins."""

    event: Literal["call_started"] = "call_started"
    caller_number: str
    called_number: str
    transport: str
    flow: str
    flow_version: str
    mode: str
    started_at: str
    """Wall clock, ISO 8601 with offset."""
    trunk: str = ""
    """The line it came in on, as the settings name it; empty where there are none."""
    resumes: str = ""
    """The `call_id` of the call whose line was lost, and which this one goes on with; empty for most calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingStarted(Happened):
    """From here on both sides are recorded."""

    event: Literal["recording_started"] = "recording_started"
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEntered(Happened):
    """The flow went on to a node."""

    event: Literal["node_entered"] = "node_entered"
    node: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptStarted(Happened):
    """The first sample of a prompt was sent."""

    event: Literal["prompt_started"] = "prompt_started"
    node: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptEnded(Happened):
    """The last sample of a prompt was sent, or it was cut: by the caller, or by us because we have to stop."""

    event: Literal["prompt_ended"] = "prompt_ended"
    node: str
    played_ms: float
    cut_by: Literal["speech", "keys", "shutdown"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStarted(Happened):
    """The caller began to speak; told once it is sure."""

    event: Literal["speech_started"] = "speech_started"
    onset_ms: float
    """When it began, pre-roll not counted, ms."""
    over_prompt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed(Happened):
    """One key of the telephone."""

    event: Literal["key_pressed"] = "key_pressed"
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UtteranceHeard(Happened):
    """The recogniser is done with an utterance; `text` is empty when it was noise."""

    event: Literal["utterance_heard"] = "utterance_heard"
    text: str
    confidence: float
    rejected: str | None
    """Why there is no text: the recogniser's reasons (`asr.engine.Transcript`), or `failed`."""
    start_ms: float
    end_ms: float
    recognise_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFinished(Happened):
    """An answer was understood (or not) and replied to."""

    event: Literal["turn_finished"] = "turn_finished"
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotFilled(Happened):
    """A value was learned from the caller."""

    event: Literal["slot_filled"] = "slot_filled"
    slot: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeChanged(Happened):
    """The session went on in another mode."""

    event: Literal["mode_changed"] = "mode_changed"
    mode: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupFinished(Happened):
    """The business back end answered, or didn't."""

    event: Literal["lookup_finished"] = "lookup_finished"
    name: str
    ok: bool
    elapsed_ms: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOpened(Happened):
    """A work order was opened at the back end."""

    event: Literal["ticket_opened"] = "ticket_opened"
    category: str
    summary: str
    due: str
    """ISO 8601 with offset."""
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRecorded(Happened):
    """The caller left a message, kept as a file of its own."""

    event: Literal["message_recorded"] = "message_recorded"
    node: str
    path: str
    start_ms: float
    """Where the speech begins in the call's recording, ms; the file begins up to 300 ms earlier."""
    end_ms: float
    """Where it ends, ms; the file ends up to 200 ms later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered(Happened):
    """The caller said how content they are."""

    event: Literal["survey_answered"] = "survey_answered"
    score: int
    """1 (very dissatisfied) to 5 (very satisfied)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRequested(Happened):
    """A human is asked for; `handed_over` is what they are told. `TransferFailed` follows when nobody comes."""

    event: Literal["transfer_requested"] = "transfer_requested"
    queue: str
    handed_over: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFailed(Happened):
    """No human could be reached: the flow goes on."""

    event: Literal["transfer_failed"] = "transfer_failed"
    queue: str
    reason: str
    """`declined`, `timeout`, a SIP status such as `486`, ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAnalyzed(Happened):
    """What was found in a turn's words and voice; told soon after the turn, and again once more is known of it."""

    event: Literal["turn_analyzed"] = "turn_analyzed"
    turn: int
    """Its `Turn.index`."""
    findings: TurnFindings


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRaised(Happened):
    """Somebody ought to look at this call; told again when it becomes more severe."""

    event: Literal["flag_raised"] = "flag_raised"
    flag: Flag


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Happened):
    """The last event of every call, but for what is found in it afterwards."""

    event: Literal["call_ended"] = "call_ended"
    disposition: Disposition
    reason: str
    duration_ms: float
    path: list[str]
    """Node ids in the order they were entered."""
    options: list[str]
    """Menu option ids in the order they were chosen."""
    slots: dict[str, str]
    turns: list[Turn]
    mode: str
    transfer: dict[str, Any] | None
    """Queue and what was handed over; None unless a human took the caller."""
    recording: str | None
    tickets: list[dict[str, Any]] = field(default_factory=list)
    """Work orders that were opened: category, summary, due, number."""
    messages: list[dict[str, Any]] = field(default_factory=list)
    """Messages that the caller left: node, path, start_ms, end_ms; the words are in the turn that begins there."""
    satisfaction: int | None = None
    """1 (very dissatisfied) to 5 (very satisfied); None when nobody asked or the caller didn't say."""
    line: dict[str, Any] | None = None
    """How the line was (codec, packets, loss, jitter), as its transport tells it; None without a network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnalyzed(Happened):
    """What was found in the whole call; follows `CallEnded`."""

    event: Literal["call_analyzed"] = "call_analyzed"
    findings: CallFindings


Event = (
    CallStarted
    | RecordingStarted
    | NodeEntered
    | PromptStarted
    | PromptEnded
    | SpeechStarted
    | KeyPressed
    | UtteranceHeard
    | TurnFinished
    | SlotFilled
    | ModeChanged
    | LookupFinished
    | TicketOpened
    | MessageRecorded
    | SurveyAnswered
    | TransferRequested
    | TransferFailed
    | TurnAnalyzed
    | FlagRaised
    | CallEnded
    | CallAnalyzed
)

Emit = Callable[[Event], None]
"""How a call tells what happened; must not block."""

_CODEC: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="event")])


def to_json(event: Event) -> str:
    """One line of JSON, Chinese left readable."""
    return _CODEC.dump_json(event).decode()


def from_json(line: str | bytes) -> Event:
    """Read one line back; raises pydantic.ValidationError (a ValueError) on anything else."""
    return _CODEC.validate_json(line)
