"""`call`: enter a sub-flow, and go on here when it returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from gateway.dialogue.expressions import Expression
from gateway.dialogue.fields import Identifier
from gateway.dialogue.nodes.base import Fills, Onward, Place, Scene


class Call(Onward):
    """Sets the sub-flow's slots and variables by `with`, enters it, and goes to `then` when it reaches `return`."""

    kind: ClassVar[str] = "call"
    call: Identifier
    arguments: Fills = Field(default_factory=dict, alias="with")

    def enter(self, scene: Scene) -> str | None:
        scene.begin_subflow(self.call, self.arguments)
        scene.state.returns = (*scene.state.returns, scene.state.node)
        return scene.entry(self.call)

    def expressions(self) -> Iterator[tuple[Place, Expression]]:
        yield from super().expressions()
        for name, expression in self.arguments.items():
            yield ("with", name), expression
