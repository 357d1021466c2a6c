"""What a hotline's dialogues exercised of its flow, and what nobody tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from gateway.desk.conversation import Exchange
from gateway.desk.dialogues.goals import (
    ANYWHERE,
    ASKED,
    BY_ERRORS,
    BY_PROFILE,
    DENIED,
    GIVEN_UP,
    LEFT,
    LOOKUP_FAILED,
    NO_INPUT,
    NO_MATCH,
    NOBODY,
    UNSAYABLE,
    Goal,
    Kind,
    goals,
    group_goal,
)
from gateway.dialogue.actions import (
    Action,
    EnterNode,
    Input,
    Listen,
    LookupFailed,
    ModeChanged,
    Outcome,
    Record,
    Say,
    SlotFilled,
    Text,
    TransferFailed,
    Understood,
)
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.play import Play
from gateway.dialogue.sayable import Picked
from gateway.dialogue.state import STANDARD

_MODE_REASONS = {"profile": BY_PROFILE, "asked": ASKED, "errors": BY_ERRORS}
_FAILURES = {Outcome.NO_INPUT: NO_INPUT, Outcome.NO_MATCH: NO_MATCH}
REQUIRED = (Kind.NODE, Kind.OPTION)
"""What `--require-full` asks for."""


class Coverage:
    """Counts, over any number of dialogues, how often each goal of a flow was reached."""

    def __init__(self, flow: CompiledFlow) -> None:
        self.goals = goals(flow.flow)
        self.reached: Counter[Goal] = Counter()
        self._flow = flow

    def add(self, exchanges: Iterable[Exchange]) -> None:
        """Take in one dialogue."""
        track = _Track(self._flow)
        for exchange in exchanges:
            for event in exchange.happened:
                self.reached.update(goal for goal in track.reached(event) if goal in self.goals)

    def missed(self, kind: Kind) -> list[Goal]:
        """What of a kind nobody reached, in the flow's order."""
        return [goal for goal in self.goals if goal.kind is kind and not self.reached[goal]]

    def share(self, kind: Kind) -> tuple[int, int]:
        """How many of a kind were reached, and how many there are."""
        total = sum(goal.kind is kind for goal in self.goals)
        return total - len(self.missed(kind)), total

    @property
    def full(self) -> bool:
        """Every node and every option was reached."""
        return not any(self.missed(kind) for kind in REQUIRED)


class _Track:
    """Follows one call: where it is, in which mode, which failure is open, and what hasn't been said yet."""

    def __init__(self, flow: CompiledFlow) -> None:
        self._flow = flow
        self._node = flow.flow.entry
        self._mode = STANDARD
        self._failing: str | None = None
        self._unsaid: str | None = None
        """The `play` that was entered last, until it is heard."""

    def reached(self, event: Action | Input) -> Iterator[Goal]:
        match event:
            case EnterNode(node=node, kind=kind):
                if self._failing is not None:
                    yield Goal(Kind.ERROR, self._failing, GIVEN_UP)
                if self._unsaid is not None:
                    yield Goal(Kind.ERROR, self._unsaid, UNSAYABLE)
                self._node, self._failing = node, None
                self._unsaid = node if kind == Play.kind else None
                yield Goal(Kind.NODE, node)
                yield Goal(Kind.OVERLAY, f"{node}（{self._mode}）")
            case Say():
                self._unsaid = None
                yield Goal(Kind.OVERLAY, f"{event.node}（{self._mode}）")
                yield from self._groups(event)
            case Listen() | Record():
                self._failing = None
            case Understood():
                yield from self._understood(event)
            case SlotFilled(value=Picked() as value):
                yield Goal(Kind.OPTION, self._node, value)
            case ModeChanged():
                yield from self._mode_changed(event)
            case LookupFailed():
                yield Goal(Kind.ERROR, self._node, LOOKUP_FAILED)
            case TransferFailed():
                yield Goal(Kind.ERROR, self._node, NOBODY)

    def _understood(self, event: Understood) -> Iterator[Goal]:
        if event.option is not None:
            yield Goal(Kind.OPTION, event.node, event.option)
        denied = event.outcome is Outcome.ACCEPT and event.matched == "no" and event.option is None
        if failure := DENIED if denied else _FAILURES.get(event.outcome):
            yield Goal(Kind.ERROR, event.node, failure)
        if event.outcome is Outcome.ACCEPT and event.matched in self._flow.flow.universals:
            yield Goal(Kind.OPTION, ANYWHERE, event.matched)
        self._failing = None if event.outcome is Outcome.ACCEPT and not denied else event.node

    def _mode_changed(self, event: ModeChanged) -> Iterator[Goal]:
        if event.mode == STANDARD:
            yield Goal(Kind.OPTION, f"modes.{self._mode}", LEFT)
        else:
            kind = Kind.ERROR if event.reason == "errors" else Kind.OPTION
            yield Goal(kind, f"modes.{event.mode}", _MODE_REASONS.get(event.reason, event.reason))
        self._mode = event.mode

    def _groups(self, said: Say) -> Iterator[Goal]:
        node = self._flow.node(said.node, self._mode)
        if isinstance(node, Menu):
            words = tuple(piece.text for piece in said.pieces if isinstance(piece, Text))
            for index, group in enumerate(node.groups):
                if group.say.texts == words:
                    yield group_goal(said.node, self._mode, index)
