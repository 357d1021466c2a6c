"""`transfer`: hand the caller to a human."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from gateway.dialogue.actions import Transfer as HandOver
from gateway.dialogue.fields import Identifier, Prompt, Strict
from gateway.dialogue.nodes.base import Node, Place, Scene
from gateway.dialogue.state import State, Waiting
from gateway.dialogue.template import Template


class To(Strict):
    """Which queue, and what the caller hears before."""

    queue: Identifier
    say: Prompt | None = None


class Transfer(Node):
    """Hands over everything learned so far, so that nothing is asked again; `unavailable` when nobody answers."""

    kind: ClassVar[str] = "transfer"
    transfer: To
    unavailable: Identifier

    @property
    def failure(self) -> str | None:
        return self.unavailable

    def enter(self, scene: Scene) -> str | None:
        if self.transfer.say is not None:
            scene.say(self.transfer.say)
        scene.emit(HandOver(self.transfer.queue, handed_over(scene.state)))
        scene.state.waiting = Waiting.TRANSFER
        return None

    def targets(self) -> Iterator[tuple[Place, str]]:
        yield ("unavailable",), self.unavailable

    def prompts(self) -> Iterator[tuple[Place, Template]]:
        if self.transfer.say is not None:
            yield ("transfer", "say"), self.transfer.say


def handed_over(state: State) -> dict[str, Any]:
    """What the human is told: why, who, what was chosen and learned. Only JSON's own types."""
    return {
        "reason": state.human_reason,
        "mode": state.mode,
        "caller": _plain(state.caller),
        "options": list(state.options),
        "slots": _plain(state.slots),
        "variables": _plain(state.variables),
        "records": _plain(state.saved),
        "path": list(state.path),
    }


def _plain(value: Any) -> Any:  # noqa: ANN401 -- whatever the back end said
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal | date):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else str(value)
