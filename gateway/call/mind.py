"""What decides in a call, as its session sees it."""

from __future__ import annotations

from typing import Protocol

from gateway.dialogue import actions
from gateway.dialogue.actions import Action
from gateway.dialogue.completeness import Completeness
from gateway.dialogue.state import State


class Mind(Protocol):
    """The dialogue machine, as the session sees it."""

    keys_only: bool
    """Questions are to be put for keys, since words can't be heard."""

    def start(self) -> tuple[Action, ...]: ...

    def step(self, given: actions.Input) -> tuple[Action, ...]: ...

    def ponder(self, node: str, heard: actions.Heard) -> None:
        """Do the slow part of understanding an answer to that question beforehand; in any thread, changing nothing."""

    def completeness(self, heard: actions.Heard) -> Completeness:
        """Whether what was said so far is a whole answer to the present question; changes nothing."""

    def snapshot(self) -> State | None:
        """Where it stands, for another call to go on from; None when none can."""

    def farewell(self) -> tuple[Action, ...]:
        """What to say when the call can't go on; changes nothing."""
