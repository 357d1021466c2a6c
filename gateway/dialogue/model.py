"""A flow as a designer writes it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.dialogue.fields import Expr, Identifier, Key, Phrase, Prompt, Strict
from gateway.dialogue.nodes import AnyNode
from gateway.dialogue.nodes.menu import Phrases
from gateway.dialogue.nodes.question import Answers, Wordings
from gateway.dialogue.nodes.transfer import To
from gateway.dialogue.slots import SlotType


class Universal(Strict):
    """What a caller may say or press at any question. `repeat` and `back` work by themselves, others need a `go`."""

    label: Phrase | None = None
    phrases: Phrases
    key: Key | None = None
    go: Identifier | None = None


class EnterOn(Strict):
    """How a caller gets into a mode: by asking for it, or by failing this often at one question."""

    phrases: Phrases
    errors: Annotated[int, Field(ge=1, le=10)] | None = None


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
    offers: tuple[Identifier, ...] | None = None


class Mode(Strict):
    """An overlay on the whole flow, such as the elderly mode."""

    label: Phrase
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
    barge_in: Literal["off", "dtmf", "speech", "keyword"] | None = None
    on_error: Identifier | None = None
    """Where the first failure leads."""
    nodes: dict[Identifier, Override] = Field(default_factory=dict)


class Flow(Strict):
    """A whole hotline."""

    flow: Identifier
    title: Annotated[str, Field(min_length=1, max_length=60)]
    version: Annotated[str, Field(min_length=1, max_length=60)]
    entry: Identifier
    recorded_texts: tuple[Phrase, ...] = ()
    """Every text that a `{... | text}` may say, besides the options' labels."""
    slots: dict[Identifier, SlotType] = Field(default_factory=dict)
    answers: Answers
    universals: dict[Identifier, Universal]
    modes: dict[Identifier, Mode] = Field(default_factory=dict)
    nodes: Annotated[dict[Identifier, AnyNode], Field(min_length=1)]
