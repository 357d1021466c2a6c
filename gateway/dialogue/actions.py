"""What goes into the dialogue machine and what comes out: the whole conversation between it and the call.

The machine is pure: the call feeds it an `Input` and carries out the `Action`s it answers with, in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from asr.engine import ClosedAnswer

# ---------------------------------------------------------------------------------------------------------- inputs


@dataclass(frozen=True, slots=True)
class Heard:
    """The caller said something and the recogniser made `text` of it (never empty)."""

    text: str
    confidence: float = 1.0
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Keys:
    """The caller pressed keys; `digits` without the finish key (so `#` alone is an empty string)."""

    digits: str
    finished_by: Literal["finish_key", "length", "timeout"] = "length"
    after_message: bool = False
    """They ended a message, which is kept."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The caller left a message, which is kept; answers a `Record`."""

    duration_ms: float


@dataclass(frozen=True, slots=True)
class NoInput:
    """The caller said nothing in time, or only noise."""


@dataclass(frozen=True, slots=True)
class LookupSucceeded:
    """A look-up came back with a record."""

    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LookupFailed:
    """A look-up failed; `reason` is for the record, not for the caller."""

    reason: str


@dataclass(frozen=True, slots=True)
class TransferFailed:
    """No human could be reached."""

    reason: str


Input = Heard | Keys | Recorded | NoInput | LookupSucceeded | LookupFailed | TransferFailed

# --------------------------------------------------------------------------------------------------------- actions


class BargeIn(StrEnum):
    """What may cut a prompt."""

    OFF = "off"
    DTMF = "dtmf"
    SPEECH = "speech"
    KEYWORD = "keyword"


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of prompt that is said as written; between values it may be punctuation alone, a pause."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """A piece of prompt that is read aloud by kind: amount, digits, number, date, day, month, data, text."""

    kind: str
    value: Any
    """By kind: amount yuan (Decimal), digits str, number Decimal, date `date`, day the same but said without its year,
    month the `date` of its first day, data MB (Decimal, not negative), text str (one of the flow's
    `CompiledFlow.recorded_texts`)."""


@dataclass(frozen=True, slots=True)
class Tone:
    """A tone inside a prompt: the sign to speak now."""

    hz: int = 1000
    duration_ms: int = 300


Piece = Text | Value | Tone


@dataclass(frozen=True, slots=True)
class EnterNode:
    """The flow went on to this node."""

    node: str
    kind: str


@dataclass(frozen=True, slots=True)
class Say:
    """Speak the pieces one after another; a following `Listen` begins when the last `Say` ends or is cut."""

    node: str
    pieces: tuple[Piece, ...]
    barge_in: BargeIn = BargeIn.SPEECH
    pace: float = 1.0
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """Which keys make an answer."""

    min_digits: int = 1
    max_digits: int = 1
    finish_on_key: str | None = None
    inter_digit_timeout_ms: int = 3000


@dataclass(frozen=True, slots=True)
class Listen:
    """Wait for the caller's answer. All times in ms, counted from the end of the prompt where not said otherwise."""

    node: str
    hints: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    """With `BargeIn.KEYWORD`: only an utterance with one of these cuts the prompt."""
    keys: KeyEntry = field(default_factory=KeyEntry)
    timeout_ms: int = 5000
    """Silence after the prompt that counts as no input."""
    speech_timeout_ms: int = 600
    """Silence after speech that ends the utterance."""
    complete_timeout_ms: int = 450
    """The same once what was heard is a whole answer."""
    incomplete_timeout_ms: int = 1400
    """The same while it is plainly none yet: a hesitation, half a number."""
    max_speech_ms: int = 15_000
    """The longest utterance; then it is cut and recognised as it is."""
    answer: ClosedAnswer | None = None
    """What is asked for, when that has a grammar."""
    engine: str | None = None
    """Who is to hear it, by its name in the settings; None: the hotline's own."""
    keys_only: bool = False
    """The caller was told that only keys count now."""


@dataclass(frozen=True, slots=True)
class Record:
    """Keep what the caller says now, as a message; begins when the last `Say` ends.

    Answered by `Recorded`; by `NoInput` when nothing is said; by `Keys` when another key than `finish_on_key` is
    pressed, and then what was said before it is kept all the same. A caller who hangs up has left a message too.
    """

    node: str
    finish_on_key: str = "#"
    timeout_ms: int = 8000
    """Silence after the prompt that counts as no input."""
    speech_timeout_ms: int = 4000
    """Silence after speech that ends the message."""
    max_speech_ms: int = 60_000
    """The longest message; then it is ended and kept."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """Ask the business back end; answered by `LookupSucceeded` or `LookupFailed`."""

    name: str
    arguments: Mapping[str, Any]
    timeout_ms: int = 3000


@dataclass(frozen=True, slots=True)
class Transfer:
    """Hand the caller to a human, with everything learned so far; ends the session unless it fails."""

    queue: str
    handed_over: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Hangup:
    """End the call from our side, after what is still to be said."""

    reason: str = "completed"


class Outcome(StrEnum):
    """What became of an answer."""

    ACCEPT = "accept"
    CONFIRM = "confirm"
    NO_MATCH = "no_match"
    NO_INPUT = "no_input"


@dataclass(frozen=True, slots=True)
class Understood:
    """A fact for the record: how the last answer was taken. Exactly one for every Heard, Keys, Recorded and NoInput."""

    node: str
    outcome: Outcome
    matched: str | None = None
    """Menu option id, universal id, slot id, `yes` / `no`; None when nothing matched."""
    score: float | None = None
    """0 to 1; 1.0 for keys."""
    option: str | None = None
    """Set when this answer chose a menu option (also by confirming it): the option's id."""


@dataclass(frozen=True, slots=True)
class SlotFilled:
    """A fact for the record: a slot, or a variable, got a value that was confirmed or needed no confirmation."""

    slot: str
    value: Any


@dataclass(frozen=True, slots=True)
class ModeChanged:
    """A fact for the record: the session went on in another mode."""

    mode: str
    reason: str


@dataclass(frozen=True, slots=True)
class Served:
    """A fact for the record: the caller has got what they called for; hanging up from here on is no abandonment."""

    node: str


@dataclass(frozen=True, slots=True)
class TicketOpened:
    """A fact for the record: the back end has opened a work order."""

    node: str
    category: str
    summary: str
    due: str
    """ISO 8601, with offset: when it must be done."""
    number: str | None
    """The back end's number of it, when it told one."""


@dataclass(frozen=True, slots=True)
class SurveyAnswered:
    """A fact for the record: how content the caller is."""

    node: str
    score: int
    """1 (very dissatisfied) to 5 (very satisfied)."""


Fact = Understood | SlotFilled | ModeChanged | Served | TicketOpened | SurveyAnswered
Action = EnterNode | Say | Listen | Record | Lookup | Transfer | Hangup | Fact
