"""What every node has, and what it may do when the flow comes to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Protocol

from gateway.dialogue.actions import Action, Say
from gateway.dialogue.expressions import Expression
from gateway.dialogue.fields import Identifier, Strict
from gateway.dialogue.state import State
from gateway.dialogue.template import Template

Place = tuple[str | int, ...]
"""Keys and indexes that lead from a node to something in it, for error messages."""


class Scene(Protocol):
    """The running dialogue, as a node sees it."""

    @property
    def state(self) -> State: ...

    def emit(self, action: Action) -> None: ...

    def say(self, prompt: Template, *, barge_in: str | None = None) -> Say:
        """Raises UnsayableError."""

    def evaluate(self, expression: Expression) -> Any:  # noqa: ANN401 -- an expression may be of any type
        """Raises EvaluationError."""

    def holds(self, condition: Expression) -> bool:
        """False also when the condition can't be evaluated."""

    def learned(self, record: Mapping[str, Any], name: str) -> None:
        """Save a look-up's record; under `caller` it adds to what is known of the caller."""

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


class Onward(Node):
    """A node that goes on to another one."""

    then: Identifier
    on_error: Identifier | None = None

    @property
    def failure(self) -> str | None:
        return self.on_error

    def targets(self) -> Iterator[tuple[Place, str]]:
        yield ("then",), self.then
        if self.on_error:
            yield ("on_error",), self.on_error
