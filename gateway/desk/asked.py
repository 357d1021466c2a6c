"""One question of a flow as a call puts it, without the call: what the recogniser is told, and what an answer means.

The dialogue itself is put before the question, told the answer, and its reaction read: nothing is judged here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from asr.bench.measure import Judged
from asr.engine import ClosedAnswer, Transcript
from gateway.dialogue.actions import Action, Heard, Listen, Outcome, Say, SlotFilled, Understood
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.machine import Dialogue
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.routes import stops
from gateway.dialogue.state import STANDARD, Reading, State, Waiting
from gateway.dialogue.values import typed
from gateway.errors import FlowError

_NOW = dt.datetime(2026, 6, 15, 10, 0, tzinfo=dt.UTC)
"""A fixed Monday morning: relative dates shall mean the same in every run."""


@dataclass(frozen=True, slots=True)
class AskedAt:
    """A question that has just been put, in the standard mode, to a caller of whom nothing is known."""

    flow: CompiledFlow
    node: str
    hints: tuple[str, ...]
    answer: ClosedAnswer | None
    prompt: Say
    confirming: str | None = None
    """The option that the caller is asked to confirm, by yes or no."""

    @classmethod
    def of(cls, flow: CompiledFlow, node: str, confirming: str | None = None) -> AskedAt:
        """Put the question `node`, or have its option `confirming` confirmed.

        Raises:
            FlowError: no such node, no question, or one that can't be put out of the blue.
        """
        flow_id = flow.flow.flow
        known = {stop.name: stop.node for stop in stops(flow.flow)}
        if node not in known:
            questions = ", ".join(name for name, one in known.items() if isinstance(one, Question))
            raise FlowError([f"the flow '{flow_id}' has no node '{node}'; its questions: {questions}"])
        if not isinstance(known[node], Question):
            raise FlowError([f"the node '{node}' of the flow '{flow_id}' asks nothing"])
        actions = _put(flow, node, confirming).start()
        listens = next((action for action in actions if isinstance(action, Listen) and action.node == node), None)
        if listens is None:
            raise FlowError(
                [f"the question '{node}' of the flow '{flow_id}' can't be put without what a call learns before it"]
            )
        prompt = [action for action in actions if isinstance(action, Say) and action.node == node][-1]
        return cls(flow, node, listens.hints, listens.answer, prompt, confirming)

    @property
    def options(self) -> tuple[str, ...]:
        """What can be chosen; empty where a value is asked for, of which there are too many to name."""
        if self.confirming:
            return "yes", "no"
        return () if isinstance(self.flow.node(self.node, STANDARD), Collect) else tuple(self.flow.choices(self.node))

    def dialogue(self) -> Dialogue:
        """A dialogue that waits for the answer: for a caller who answers more than once."""
        return _put(self.flow, self.node, self.confirming)

    def judge(self, heard: Transcript) -> Judged:
        """What the dialogue makes of an answer: the choice it takes it for, or the value, as text, of the slot."""
        if not heard.text:
            return Judged(None, accepted=False)
        dialogue = self.dialogue()
        actions = dialogue.step(Heard(heard.text, heard.confidence, heard.alternatives))
        understood = next(action for action in actions if isinstance(action, Understood))
        if understood.outcome is Outcome.NO_MATCH:
            return Judged(None, accepted=False)
        value = _value(understood.matched, actions, dialogue)
        return Judged(value or understood.matched, accepted=understood.outcome is Outcome.ACCEPT)


def _put(flow: CompiledFlow, node: str, confirming: str | None) -> Dialogue:
    """A dialogue that waits for the question's answer."""
    pending = Reading(confirming, 0.5, sure=False) if confirming else None
    variables = {name: typed(one.type, one.value) for name, one in flow.variables.items()}
    state = State(caller={"number": ""}, node=node, variables=variables, waiting=Waiting.ANSWER, pending=pending)
    return Dialogue(flow, {}, lambda: _NOW, state)


def _value(matched: str | None, actions: tuple[Action, ...], dialogue: Dialogue) -> str | None:
    """The slot's value, filled or to be confirmed."""
    pending = dialogue.state.pending
    if pending and pending.is_value:
        return str(pending.value)
    filled = (action for action in actions if isinstance(action, SlotFilled) and action.slot == matched)
    return next((str(action.value) for action in filled), None)
