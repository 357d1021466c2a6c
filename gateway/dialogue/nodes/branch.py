"""`branch`: go where the first true condition leads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from gateway.dialogue.expressions import Expression
from gateway.dialogue.fields import Expr, Identifier, Strict
from gateway.dialogue.nodes.base import Node, Place, Scene


class Case(Strict):
    """One condition and where it leads. A condition that can't be evaluated (a field is missing) is false."""

    when: Expr
    go: Identifier


class Branch(Node):
    """Tries its cases in order; `otherwise` when none holds."""

    kind: ClassVar[str] = "branch"
    branch: Annotated[tuple[Case, ...], Field(min_length=1)]
    otherwise: Identifier

    def enter(self, scene: Scene) -> str | None:
        return next((case.go for case in self.branch if scene.holds(case.when)), self.otherwise)

    def targets(self) -> Iterator[tuple[Place, str]]:
        for index, case in enumerate(self.branch):
            yield ("branch", index, "go"), case.go
        yield ("otherwise",), self.otherwise

    def expressions(self) -> Iterator[tuple[Place, Expression]]:
        for index, case in enumerate(self.branch):
            yield ("branch", index, "when"), case.when
