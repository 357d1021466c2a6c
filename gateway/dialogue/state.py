"""Where a dialogue stands: plain data, all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateway.dialogue.actions import Say, TicketOpened

STANDARD = "standard"
"""The name of having no mode."""
CALLER = "caller"
"""The name of what is known of the caller."""


class Waiting(StrEnum):
    """What the dialogue needs before it can go on."""

    NOTHING = "nothing"
    ANSWER = "answer"
    LOOKUP = "lookup"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer was taken for: one of the question's choices, or a value for its slot.

    `value` is the slot's value, and of a choice that gives none None.
    """

    matched: str
    """Choice id or slot id."""
    score: float
    sure: bool
    """False: to be confirmed first."""
    phrase: str | None = None
    """The flow's phrase that it was like."""
    is_value: bool = False
    value: Any = None


@dataclass(frozen=True, slots=True)
class Visit:
    """A question that was answered, and the way in to it."""

    node: str
    returns: tuple[str, ...] = ()


@dataclass(slots=True)
class State:
    """One session's state; `Dialogue` alone changes it."""

    caller: dict[str, Any]
    node: str
    mode: str = STANDARD
    slots: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    saved: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    errors: int = 0
    """Failed answers (no input, no match, a refused confirmation) to the present question."""
    back: list[Visit] = field(default_factory=list)
    """Questions answered before this one, the latest last."""
    revisiting: bool = False
    """The caller is going back: the question is put again, though it could be skipped."""
    returns: tuple[str, ...] = ()
    """The `call` nodes whose sub-flows are open, the present one's last."""
    group: int = 0
    """Which of a menu's groups is offered."""
    refused: tuple[Any, ...] = ()
    """The values that the caller has said are wrong, the latest last."""
    opening: TicketOpened | None = None
    """The work order that the back end is asked to open."""
    score: int | None = None
    """What the caller answered to the survey."""
    pending: Reading | None = None
    """What a yes would settle."""
    options: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    waiting: Waiting = Waiting.NOTHING
    declined: set[str] = field(default_factory=set)
    """Modes that the caller left by asking: not entered again but by asking."""
    replay: tuple[Say, ...] = ()
    """What `repeat` says: the information just given, and the question."""
    human_reason: str = "flow"
    """Why the caller goes to a human: asked, errors, failure, or simply the flow."""
    ended: bool = False

    @property
    def barred(self) -> tuple[Any, ...]:
        """Refused values but for the one that is read back now."""
        return tuple(value for value in self.refused if not self.pending or value != self.pending.value)


def resumable(state: State) -> bool:
    """Whether another session can go on from here: the caller is being asked something.

    What a look-up, a work order or a human was asked for when it broke off would come to nothing, or come twice.
    """
    return state.waiting is Waiting.ANSWER and not state.ended
