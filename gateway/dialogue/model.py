"""A flow as a designer writes it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PrivateAttr

from gateway.dialogue.fields import BargeIn, Expr, Identifier, Key, Label, Phrase, Prompt, Strict
from gateway.dialogue.hours import Hours
from gateway.dialogue.nodes import AnyNode
from gateway.dialogue.nodes.menu import Group, OptionIds, Phrases
from gateway.dialogue.nodes.question import Answers, Wordings
from gateway.dialogue.nodes.transfer import To
from gateway.dialogue.slots import SlotType
from gateway.dialogue.template import Template
from gateway.dialogue.values import ValueType


def _by_type(value: Any) -> Any:  # noqa: ANN401 -- a designer can write anything
    """`phone` is short for `{type: phone}`."""
    return {"type": value} if isinstance(value, str) else value


class Pick(Strict):
    """One of the things that a choice can be."""

    label: Label
    """How a prompt says it."""
    phrases: Phrases
    key: Key | None = None


class Slot(Strict):
    """What callers are asked for. A choice has options, nothing else has."""

    type: SlotType
    options: Annotated[dict[Identifier, Pick], Field(min_length=1)] | None = None


class Variable(Strict):
    """A value of the flow's own, known as vars.NAME; without a `value` it begins as none."""

    type: ValueType
    value: str | int | float | bool | None = None


Slots = dict[Identifier, Annotated[Slot, BeforeValidator(_by_type)]]
Variables = dict[Identifier, Annotated[Variable, BeforeValidator(_by_type)]]
Nodes = Annotated[dict[Identifier, AnyNode], Field(min_length=1)]


class Universal(Strict):
    """What a caller may say or press at any question.

    `repeat`, `back` and `more` work by themselves, others need a `go`.
    """

    label: Label | None = None
    phrases: Phrases
    key: Key | None = None
    go: Identifier | None = None


class EnterOn(Strict):
    """How a caller gets into a mode: by asking for it, or by failing this often at one question."""

    phrases: Phrases
    errors: Annotated[int, Field(ge=1, le=10)] | None = 2
    """None: never by failing."""


class LeaveOn(Strict):
    """How a caller gets out of a mode."""

    phrases: Phrases


class Override(Strict):
    """What a node says in a mode, instead of what it says otherwise."""

    play: Prompt | None = None
    menu: Prompt | None = None
    collect: Prompt | None = None
    hangup: Prompt | None = None
    transfer: To | None = None
    again: Wordings | None = None
    survey: Prompt | None = None
    message: Prompt | None = None
    offers: OptionIds | None = None
    groups: tuple[Group, ...] | None = None


Overrides = dict[Identifier, Override]


class Mode(Strict):
    """An overlay on the whole flow, such as the elderly mode."""

    label: Label
    enter_when: Expr | None = None
    enter_on: EnterOn
    leave_on: LeaveOn
    entered: Prompt
    """Said when it is entered by asking."""
    struggling: Prompt
    """Said when it is entered by errors."""
    left: Prompt
    pace: Annotated[float, Field(ge=0.5, le=1.5)] = 1.0
    gain_db: Annotated[float, Field(ge=-12, le=12)] = 0.0
    times: Annotated[float, Field(ge=0.5, le=4)] = 1.0
    """By how much every time-out is longer."""
    max_options: Annotated[int, Field(ge=1, le=9)] | None = None
    """The most options that one menu may offer."""
    barge_in: BargeIn | None = None
    on_error: Identifier | None = None
    """Where the first failure leads."""
    nodes: Overrides = Field(default_factory=dict)


class SubflowMode(Strict):
    """What the nodes of a sub-flow say in one of the flow's modes."""

    nodes: Overrides


class Subflow(Strict):
    """Nodes that several places of a flow, or several flows, use: entered by `call`, left by going to `return`."""

    entry: Identifier
    slots: Slots = Field(default_factory=dict)
    """Added to the flow's."""
    variables: Variables = Field(default_factory=dict)
    """Added to the flow's."""
    modes: dict[Identifier, SubflowMode] = Field(default_factory=dict)
    nodes: Nodes


class KeysOnly(Strict):
    """What is said while too many call at once for their words to be heard."""

    notice: Prompt
    """Said before each question; it reads no values, so it can always be said."""
    option: Prompt
    """Offers one option of a menu; knows `option`, its label, and `key`."""


class Flow(Strict):
    """A whole hotline."""

    flow: Identifier
    title: Annotated[str, Field(min_length=1, max_length=60)]
    version: Annotated[str, Field(min_length=1, max_length=60)]
    entry: Identifier
    recorded_texts: tuple[Phrase, ...] = ()
    """Every text that a `{... | text}` may say, besides the options' labels."""
    slots: Slots = Field(default_factory=dict)
    """What callers are asked for, known as slots.NAME."""
    variables: Variables = Field(default_factory=dict)
    records: dict[Identifier, dict[Identifier, ValueType]] = Field(default_factory=dict)
    """What look-ups answer: by the name under which they are saved, their fields."""
    hours: dict[Identifier, Hours] = Field(default_factory=dict)
    """Opening hours; hours.NAME is true while open."""
    maintenance: Prompt | None = None
    """Said to callers whose call a shutdown of the gateway cuts short; it reads no values, so it can always be said."""
    resumed: Prompt | None = None
    """Said to callers whose line was lost, who call again and go on where they were; it reads no values either."""
    keys_only: KeysOnly | None = None
    answers: Answers
    universals: dict[Identifier, Universal]
    modes: dict[Identifier, Mode] = Field(default_factory=dict)
    nodes: Nodes
    subflows: dict[Identifier, Subflow] = Field(default_factory=dict)

    _digest: str = PrivateAttr("")

    @property
    def any_moment(self) -> dict[tuple[str, ...], Template]:
        """What may have to be said at any moment of a call, by its place."""
        said: dict[tuple[str, ...], Template | None] = {
            ("maintenance",): self.maintenance,
            ("resumed",): self.resumed,
            ("keys_only", "notice"): self.keys_only.notice if self.keys_only else None,
        }
        return {place: prompt for place, prompt in said.items() if prompt is not None}

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of the files it was read from; empty when it wasn't."""
        return self._digest
