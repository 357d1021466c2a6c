"""What every node has, and what it may do when the flow comes to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import Field

from gateway.dialogue.actions import Action, Say
from gateway.dialogue.expressions import Expression
from gateway.dialogue.fields import Expr, Identifier, Strict
from gateway.dialogue.state import State
from gateway.dialogue.template import Template

Place = tuple[str | int, ...]
"""Keys and indexes that lead from a node to something in it, for error messages."""


class Scene(Protocol):
    """The running dialogue, as a node sees it."""

    @property
    def state(self) -> State: ...

    @property
    def now(self) -> datetime:
        """The time of day at the hotline, aware."""

    def emit(self, action: Action) -> None: ...

    def say(self, prompt: Template, *, barge_in: str | None = None) -> Say:
        """Raises UnsayableError."""

    def evaluate(self, expression: Expression) -> Any:  # noqa: ANN401 -- an expression may be of any type
        """Raises EvaluationError."""

    def holds(self, condition: Expression) -> bool:
        """False also when the condition can't be evaluated."""

    def fill(self, name: str, value: Any) -> None:  # noqa: ANN401 -- of the slot's or variable's type
        """Give a slot or a variable its value. Raises EvaluationError when it isn't of its type."""

    def fill_all(self, fills: Mapping[str, Expression]) -> None:
        """Evaluate and fill one after another. Raises EvaluationError."""

    def begin_subflow(self, subflow: str, arguments: Mapping[str, Expression]) -> None:
        """Give a sub-flow's own variables their first values, then what it is entered with. Raises EvaluationError."""

    def entry(self, subflow: str) -> str:
        """The name of a sub-flow's first node."""

    def learned(self, record: Mapping[str, Any], name: str) -> None:
        """Save a look-up's record; under `caller` it adds to what is known of the caller.

        Raises EvaluationError when a field isn't of the type that the flow declares.
        """

    def served(self, said: Say) -> None:
        """Note that the caller has now heard what they called for; `repeat` says it again."""

    def ask(self) -> None:
        """Put the present node's question and wait for the answer."""


class Node(Strict):
    """One step of a flow. `enter` does it and returns the next node's id, or None when the dialogue waits or ends."""

    kind: ClassVar[str]

    def enter(self, scene: Scene) -> str | None:
        raise NotImplementedError

    def passed_over(self, scene: Scene) -> str | None:  # noqa: ARG002 -- for nodes that have a reason
        """The next node when there is nothing to do here; None to enter."""
        return None

    @property
    def failure(self) -> str | None:
        """Where a failure leads; None: to a human."""
        return None

    def targets(self) -> Iterator[tuple[Place, str]]:
        """Every node that this one can lead to, with its place in this one."""
        yield from ()

    def prompts(self) -> Iterator[tuple[Place, Template]]:
        """Everything it can say."""
        yield from ()

    def expressions(self) -> Iterator[tuple[Place, Expression]]:
        """Everything it evaluates, outside of prompts."""
        yield from ()


Fills = dict[Identifier, Expr]
"""Slots and variables, and what they are given."""


class Onward(Node):
    """A node that goes on to another one."""

    then: Identifier
    on_error: Identifier | None = None
    fills: Fills = Field(default_factory=dict, alias="set")
    """Slots and variables to fill when it is done."""

    def onward(self, scene: Scene) -> str:
        """It is done: fill what it sets, and go on. Raises EvaluationError."""
        scene.fill_all(self.fills)
        return self.then

    @property
    def failure(self) -> str | None:
        return self.on_error

    def targets(self) -> Iterator[tuple[Place, str]]:
        yield ("then",), self.then
        if self.on_error:
            yield ("on_error",), self.on_error

    def expressions(self) -> Iterator[tuple[Place, Expression]]:
        for name, expression in self.fills.items():
            yield ("set", name), expression
