"""One stored call walked again by a flow as it is now: the dialogue is put where each answer was given, and given it.

Where the flow leads as the call went, the dialogue simply goes along. Wherever it doesn't, or a look-up lies between
(what the back end answered isn't stored), it is put at the next answer's node. A store doesn't hold all that a
dialogue knows, so what it is put into is near to what was:

- Mode, slots and the number of failures are as they were told; slots read back from their text by their type.
- A confirmation waits for what it waited for: the same choice, or the value that the flow now reads in the words.
- Of the caller and of look-ups' records only what was handed to a human is known. Other declared fields, and variables
  that nothing here has set, hold a sample of their type, so that prompts can be said; yes_no fields hold nothing.
- The time of day is the call's beginning, in this machine's time zone.
- Which group of a menu was offered, and a number just refused, are forgotten where the dialogue is put.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from gateway.desk.recall import Recalled
from gateway.desk.trace import Step, ended_before_its_flow
from gateway.dialogue.actions import (
    Action,
    EnterNode,
    Heard,
    Input,
    Keys,
    ModeChanged,
    NoInput,
    Outcome,
    Recorded,
    Say,
    SlotFilled,
    Understood,
)
from gateway.dialogue.choices import AGENT, BACK
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.expressions import EvaluationError
from gateway.dialogue.machine import Dialogue
from gateway.dialogue.nodes.base import Node
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.lookup import CHANGING, Lookup
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.ticket import Ticket
from gateway.dialogue.state import CALLER, STANDARD, Reading, Visit, Waiting
from gateway.events import Turn
from gateway.store import ToldCall


@dataclass(frozen=True, slots=True)
class Where:
    """What an answer leads to."""

    how: Literal["goes", "asks", "changes", "stays"]
    """To a node; to a confirmation; to another mode at the same question; nowhere."""
    what: str | None = None
    """The node (the first that isn't a `call`), what is to be confirmed, or the mode."""
    returns: tuple[str, ...] = field(default=(), compare=False)
    """The `call` nodes that lead to the node."""
    or_else: str | None = field(default=None, compare=False)
    """Where it leads if its question is skipped, which depends on what isn't stored."""


Unplaced = Literal["gone", "asks_nothing", "unknown", "resumed"]
"""Why an answer can't be compared: its node is gone, or is no question any more; or nobody knows where it led then (the
call was over before the reply) or what it confirmed; or its call goes on with a lost one, and what was said and learned
before is stored there."""


class Retracing:
    """One call. `led` takes its answers in order.

    Args:
        flow: as it is now.
        nodes: the flow's, by full name.
    """

    def __init__(self, flow: CompiledFlow, nodes: Mapping[str, Node], call: ToldCall) -> None:
        self._flow = flow
        self._nodes = nodes
        self._cut_off = ended_before_its_flow(call.disposition, call.reason)
        self._recalled = Recalled(flow, call)
        self._dialogue = self._recalled.dialogue()
        self._returns: tuple[str, ...] = ()
        self._at = ""
        self._back: list[Visit] = []
        self._along = False
        """The last answer led where it led then."""

    def led(self, step: Step, *, last: bool) -> tuple[Where, Where] | Unplaced:
        """Where an answer led then, and where it leads now. `last`: it is the call's last answer."""
        for name in step.path:
            self._enter(name)
        along, self._along = self._along, False
        unplaced = self._place(step, along=along)
        now = None if unplaced else self._now(self._dialogue.step(self._answer(step)))
        then = self._then(step, cut_off=last and self._cut_off)
        self._leave(step)
        if now is None or then is None:
            return unplaced or "unknown"
        self._along = then == now
        return then, now

    def _answer(self, step: Step) -> Input:
        return _given(step.turn, self._nodes[step.turn.node], step.message)

    def _place(self, step: Step, *, along: bool) -> Unplaced | None:
        """Bring the dialogue to where the answer was given."""
        state, name = self._dialogue.state, step.turn.node
        node = self._nodes.get(name)
        if not isinstance(node, Question):
            return "asks_nothing" if node else "gone"
        mode = step.mode if step.mode in self._flow.flow.modes else STANDARD
        own = node.slot if isinstance(node, Collect) else None
        told = {slot: value for slot, value in step.slots.items() if slot != own}
        state.slots.update(self._recalled.slots(told, state.slots))
        if along and (state.waiting, state.node, state.mode) == (Waiting.ANSWER, name, mode):
            return None
        self._put(self._dialogue, step, mode)
        if step.confirming is not None:
            state.pending = self._confirmed(step, step.confirming, mode)
            return None if state.pending else "unknown"
        return None

    def _put(self, dialogue: Dialogue, step: Step, mode: str) -> None:
        state = dialogue.state
        state.node, state.mode, state.waiting, state.ended = step.turn.node, mode, Waiting.ANSWER, False
        state.errors, state.pending, state.refused, state.group = step.failures, None, (), 0
        state.returns, state.back = self._returns, list(self._back)
        state.replay = (Say(state.node, ()),)  # said again on `repeat`, which forgives no failure

    def _confirmed(self, step: Step, asked: Turn, mode: str) -> Reading | None:
        """What an earlier answer left to be confirmed."""
        name, node = asked.matched or "", self._nodes[step.turn.node]
        score = asked.score or 0.0
        if name in self._flow.choices(step.turn.node):
            return Reading(name, score, sure=False)
        if not isinstance(node, Collect) or node.slot != name:
            return None
        again = self._recalled.dialogue()
        self._put(again, step, mode)
        actions = again.step(_given(asked, node))
        if again.state.pending and again.state.pending.matched == name:
            return again.state.pending
        filled = next((one for one in actions if isinstance(one, SlotFilled) and one.slot == name), None)
        return Reading(name, score, sure=False, is_value=True, value=filled.value) if filled else None

    # ------------------------------------------------------------------------------------------------- the call's path

    def _enter(self, name: str) -> None:
        """The call entered a node: which sub-flows are open, and with what."""
        if self._changed_something(name):
            self._back.clear()
        self._at = name
        self._returns = _opened(self._nodes, self._returns, name)
        node, state = self._nodes.get(name), self._dialogue.state
        names = {CALLER: state.caller, "slots": state.slots, "vars": state.variables, **state.saved}
        for variable, expression in node.arguments.items() if isinstance(node, Call) else ():
            if variable in self._flow.variables:
                with suppress(EvaluationError):
                    state.variables[variable] = expression.evaluate(names)

    def _changed_something(self, following: str) -> bool:
        """Whether the last node did so at the back end, and didn't fail: nothing leads back to before it."""
        node = self._nodes.get(self._at)
        if not isinstance(node, Lookup | Ticket):
            return False
        if isinstance(node, Lookup) and node.lookup.rpartition(".")[2] not in CHANGING:
            return False
        failure = node.failure or self._flow.flow.universals[AGENT].go or ""
        return following != self._flow.resolve(self._at, failure)

    def _leave(self, step: Step) -> None:
        """The questions that `back` leads to."""
        if not step.entered or step.choice in {None, AGENT}:
            return
        if step.choice == BACK:
            self._back = self._back[:-1]
        elif step.turn.node in self._nodes:
            self._back.append(Visit(step.turn.node, self._returns))

    # --------------------------------------------------------------------------------------------------------- effects

    def _then(self, step: Step, *, cut_off: bool) -> Where | None:
        """Where an answer led in the call; None when the call was over before the reply."""
        turn = step.turn
        if reached := self._reached(step.entered):
            return reached
        if cut_off and turn.kind != "silence" and turn.turn_latency_ms is None:
            return None
        if turn.outcome == "confirm":
            return Where("asks", turn.matched)
        return Where("changes", step.mode_after) if step.mode_after else Where("stays")

    def _now(self, actions: Iterable[Action]) -> Where:
        entered: list[tuple[str, str]] = []
        effect = Where("stays")
        for action in actions:
            match action:
                case EnterNode():
                    entered.append((action.node, action.kind))
                case Understood(outcome=Outcome.CONFIRM):
                    effect = Where("asks", action.matched)
                case ModeChanged() if effect.how == "stays":
                    effect = Where("changes", action.mode)
        return self._reached(entered) or effect

    def _reached(self, entered: Iterable[tuple[str, str]]) -> Where | None:
        returns = self._returns
        for name, kind in entered:
            returns = _opened(self._nodes, returns, name)
            if kind != Call.kind:
                return Where("goes", name, returns)
        return None


def _opened(nodes: Mapping[str, Node], returns: tuple[str, ...], name: str) -> tuple[str, ...]:
    """The `call` nodes whose sub-flows are open when a node is entered, it included; see `Dialogue`."""
    subflow, inside, _ = name.partition(".")
    while returns:
        call = nodes.get(returns[-1])
        if inside and isinstance(call, Call) and call.call == subflow:
            break
        returns = returns[:-1]
    return (*returns, name) if isinstance(nodes.get(name), Call) else returns


def _given(turn: Turn, node: Node, message: Turn | None = None) -> Input:
    """The answer as the dialogue takes it; `message` is what the answer's keys ended."""
    said = message or turn
    finishes = isinstance(node, Message) and turn.keys == node.finish_on_key
    if turn.kind == "keys" and not finishes:
        return Keys(turn.keys, after_message=message is not None)
    if said.kind == "speech" and isinstance(node, Message):
        return Recorded(said.heard_ms)
    if turn.kind != "speech" or not turn.text:
        return NoInput()
    return Heard(turn.text, 1.0 if turn.confidence is None else turn.confidence, turn.alternatives)
