"""`ticket`: open a work order at the back end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from gateway.dialogue.actions import Input, LookupSucceeded, TicketOpened
from gateway.dialogue.actions import Lookup as AskBackEnd
from gateway.dialogue.expressions import Expression
from gateway.dialogue.fields import Deadline, DurationMs, Expr, Identifier, Strict
from gateway.dialogue.nodes.base import Onward, Place, Scene
from gateway.dialogue.state import Waiting

CREATE = "ticket.create"
"""The look-up that opens it: number, category, summary, due (ISO 8601), and what `with` adds."""


class Order(Strict):
    """What is to be done, and by when."""

    category: Identifier
    summary: Expr
    """One line for whoever works on it."""
    deadline: Deadline
    """From now on, around the clock."""
    arguments: dict[Identifier, Expr] = Field(default_factory=dict, alias="with")
    """What else the back end is told; `number` is the caller's own unless it is here."""


class Ticket(Onward):
    """Opens it and saves the back end's answer as `save`, then goes to `then`; to `on_error` when it fails."""

    kind: ClassVar[str] = "ticket"
    ticket: Order
    save: Identifier
    timeout: DurationMs = 3000

    def enter(self, scene: Scene) -> str | None:
        order = self.ticket
        due = (scene.now + order.deadline).isoformat(timespec="seconds")
        summary = str(scene.evaluate(order.summary) or "")
        known = {"number": scene.state.caller.get("number"), "category": order.category, "summary": summary, "due": due}
        more = {name: scene.evaluate(expression) for name, expression in order.arguments.items()}
        scene.emit(AskBackEnd(CREATE, known | more, self.timeout))
        scene.state.opening = TicketOpened(scene.state.node, order.category, summary, due, None)
        scene.state.waiting = Waiting.LOOKUP
        return None

    def answered(self, scene: Scene, answer: Input) -> str | None:
        """Take the answer and go on; None when it failed."""
        opened, scene.state.opening = scene.state.opening, None
        if not isinstance(answer, LookupSucceeded):
            return None
        if opened is not None:  # told first: it is open, also when the rest of the answer can't be used
            number = answer.value.get("number")
            scene.state.back.clear()
            scene.emit(replace(opened, number=None if number is None else str(number)))
        scene.learned(answer.value, self.save)
        return self.onward(scene)

    def expressions(self) -> Iterator[tuple[Place, Expression]]:
        yield from super().expressions()
        yield ("ticket", "summary"), self.ticket.summary
        for name, expression in self.ticket.arguments.items():
            yield ("ticket", "with", name), expression
