"""`play`: say something and go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from gateway.dialogue.fields import BargeIn, Prompt
from gateway.dialogue.nodes.base import Onward, Place, Scene
from gateway.dialogue.template import Template


class Play(Onward):
    """Says its prompt, then goes to `then`; to `on_error` when a value in it can't be said."""

    kind: ClassVar[str] = "play"
    play: Prompt
    barge_in: BargeIn | None = None
    done: bool = False
    """With this the caller has got what they called for."""

    def enter(self, scene: Scene) -> str | None:
        said = scene.say(self.play, barge_in=self.barge_in)
        if self.done:
            scene.served(said)
        return self.onward(scene)

    def prompts(self) -> Iterator[tuple[Place, Template]]:
        yield ("play",), self.play
