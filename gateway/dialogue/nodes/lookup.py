"""`lookup`: ask the business back end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from gateway.dialogue.actions import Input, LookupSucceeded
from gateway.dialogue.actions import Lookup as AskBackEnd
from gateway.dialogue.expressions import Expression
from gateway.dialogue.fields import DurationMs, Expr, Identifier
from gateway.dialogue.nodes.base import Onward, Place, Scene
from gateway.dialogue.state import Waiting

LookupName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]


CHANGING = frozenset({"create", "change", "report", "update", "cancel"})
"""A look-up whose name ends in one of these changes something at the back end: nothing leads back to before it, where
the caller would do it twice.
"""


class Lookup(Onward):
    """Asks with the values of `with`, saves the answer as `save`, goes to `then`; to `on_error` when it fails."""

    kind: ClassVar[str] = "lookup"
    lookup: LookupName
    arguments: dict[Identifier, Expr] = Field(default_factory=dict, alias="with")
    save: Identifier
    """The name of what it answers, declared in `records`."""
    timeout: DurationMs = 3000

    def enter(self, scene: Scene) -> str | None:
        arguments = {name: scene.evaluate(expression) for name, expression in self.arguments.items()}
        scene.emit(AskBackEnd(self.lookup, arguments, self.timeout))
        scene.state.waiting = Waiting.LOOKUP
        return None

    def answered(self, scene: Scene, answer: Input) -> str | None:
        """Take the answer and go on; None when it failed."""
        if not isinstance(answer, LookupSucceeded):
            return None
        if self.lookup.rpartition(".")[2] in CHANGING:
            scene.state.back.clear()
        scene.learned(answer.value, self.save)
        return self.onward(scene)

    def expressions(self) -> Iterator[tuple[Place, Expression]]:
        yield from super().expressions()
        for name, expression in self.arguments.items():
            yield ("with", name), expression
