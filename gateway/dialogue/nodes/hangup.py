"""`hangup`: say goodbye and end the call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from gateway.dialogue.actions import Hangup as EndCall
from gateway.dialogue.fields import Identifier, Prompt
from gateway.dialogue.nodes.base import Node, Place, Scene
from gateway.dialogue.template import Template


class Hangup(Node):
    """Says its prompt and ends the call."""

    kind: ClassVar[str] = "hangup"
    hangup: Prompt
    reason: Identifier = "completed"

    def enter(self, scene: Scene) -> str | None:
        scene.say(self.hangup, barge_in="off")
        scene.emit(EndCall(self.reason))
        scene.state.ended = True
        return None

    def prompts(self) -> Iterator[tuple[Place, Template]]:
        yield ("hangup",), self.hangup
