"""The dialogue machine: an input in, actions out; no clock, no task, no audio.

It is total. Whatever is said, pressed or answered, in whatever state, it listens, asks the back end, hands over or
ends; what a flow can't say or evaluate leads to the node's `on_error`, and a flow that goes round in circles without
asking anything leads to a human.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any

from gateway.dialogue.actions import (
    Action,
    BargeIn,
    EnterNode,
    Hangup,
    Heard,
    Input,
    Keys,
    LookupFailed,
    LookupSucceeded,
    ModeChanged,
    NoInput,
    Outcome,
    Recorded,
    Served,
    TransferFailed,
    Understood,
)
from gateway.dialogue.answering import Answering
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.completeness import Completeness, completeness
from gateway.dialogue.expressions import EvaluationError
from gateway.dialogue.nodes.base import Node
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.ticket import Ticket
from gateway.dialogue.reading import Reader
from gateway.dialogue.routes import RETURN
from gateway.dialogue.sayable import UnsayableError
from gateway.dialogue.stage import Stage
from gateway.dialogue.state import STANDARD, State, Waiting, resumable
from gateway.dialogue.values import typed

MAX_HOPS = 60
"""Nodes in a row without asking the caller anything; then a human takes over."""
MAX_HOPS_TO_HUMAN = 10
"""If even the human isn't reached in so many more, the call is ended."""


class Dialogue:
    """One session of a flow.

    Args:
        flow: the compiled flow, shared with other calls.
        caller: what is known of the caller before the flow begins: `number` (text, empty when withheld).
        now: the time of day at the hotline, aware: for spoken dates, opening hours and deadlines.
        state: a `snapshot` of an earlier session of the same version of the flow, to go on from; `caller` is what was
            known then. It is copied.

    Raises:
        ValueError: `state` isn't `resumable`.
    """

    def __init__(
        self,
        flow: CompiledFlow,
        caller: Mapping[str, Any],
        now: Callable[[], datetime],
        state: State | None = None,
    ) -> None:
        if state is None:
            self.state = State(caller=dict(caller), node=flow.flow.entry)
            self.state.variables = {name: typed(one.type, one.value) for name, one in flow.variables.items()}
        elif resumable(state):
            self.state = deepcopy(state)
        else:
            raise ValueError("that session was not waiting for an answer: nothing can go on from it")
        self._resumes = state is not None
        self._flow = flow
        self._stage = Stage(flow, self.state, now)
        self._hops = 0

    @property
    def ended(self) -> bool:
        """The session is over, unless a transfer under way fails."""
        return self.state.ended or self.state.waiting is Waiting.TRANSFER

    def start(self) -> tuple[Action, ...]:
        """The first actions; to be called once."""
        self._run(self._go_on() if self._resumes else self._flow.flow.entry)
        return self._stage.take()

    def snapshot(self) -> State | None:
        """Where this session stands, for another to go on from, sharing nothing with it; None unless `resumable`."""
        return deepcopy(self.state) if resumable(self.state) else None

    def step(self, given: Input) -> tuple[Action, ...]:
        """What to do about an input. One that nobody waits for changes nothing."""
        following = self._react(given)
        if following is not None:
            self._run(following)
        return self._stage.take()

    def ponder(self, node: str, heard: Heard) -> None:
        """Match an answer to that question beforehand, so that `step` finds it matched: the only slow part of a step.

        May be called in any thread; changes nothing but what matchers remember.
        """
        self._flow.matcher(node).match(heard.text, heard.alternatives, heard.confidence)

    @property
    def keys_only(self) -> bool:
        """Whether questions are put for keys, since words can't be heard; may be set between steps."""
        return self._stage.keys_only

    @keys_only.setter
    def keys_only(self, wanted: bool) -> None:
        self._stage.keys_only = wanted

    def completeness(self, heard: Heard) -> Completeness:
        """Whether what was said so far is a whole answer to the present question. Changes nothing."""
        question = self._stage.node
        if not isinstance(question, Question) or self.state.waiting is not Waiting.ANSWER:
            return Completeness.UNSURE
        collect = question if isinstance(question, Collect) else None
        slot = self._flow.slots[collect.slot].type if collect else None
        most_digits = collect.max_digits if collect else 0
        return completeness(heard, Reader(self._stage, question), self.state.pending, slot, most_digits)

    def farewell(self) -> tuple[Action, ...]:
        """What the flow says when the call can't go on; nobody may cut it. Changes nothing."""
        if self._flow.flow.maintenance is not None:
            self._stage.say(self._flow.flow.maintenance, barge_in=BargeIn.OFF)
        return self._stage.take()

    def _go_on(self) -> str | None:
        """Put the question that the caller was lost at, as if they had asked to hear it again; its errors are forgiven.

        It is not entered anew: neither is it on the path twice, nor does it become skippable.
        """
        state, node, resumed = self.state, self._stage.node, self._flow.flow.resumed
        state.errors = 0
        if state.mode != STANDARD:
            self._stage.emit(ModeChanged(state.mode, "resumed"))
        self._stage.emit(EnterNode(state.node, node.kind))
        if not isinstance(node, Question):
            return self._failing(node)
        try:
            if resumed is not None:
                self._stage.say(resumed)
            if informed := state.replay[:-1] if state.pending is None else ():
                self._stage.emit(Served(informed[-1].node))
            Answering(self._stage, node).ask_again()
        except (UnsayableError, EvaluationError):
            return self._failing(node)
        return None

    def _react(self, given: Input) -> str | None:
        state, node = self.state, self._stage.node
        if isinstance(given, Heard | Keys | Recorded | NoInput):
            if state.waiting is Waiting.ANSWER and isinstance(node, Question):
                return self._answered(given, node)
            outcome = Outcome.NO_INPUT if isinstance(given, NoInput) else Outcome.NO_MATCH
            self._stage.emit(Understood(state.node, outcome))
            return None
        if isinstance(given, LookupSucceeded | LookupFailed):
            if state.waiting is Waiting.LOOKUP and isinstance(node, Lookup | Ticket):
                return self._looked_up(node, given)
        elif isinstance(given, TransferFailed) and state.waiting is Waiting.TRANSFER:
            return self._failing(node)
        if state.waiting is Waiting.ANSWER:
            self._stage.listen()
        return None

    def _looked_up(self, node: Lookup | Ticket, given: LookupSucceeded | LookupFailed) -> str | None:
        try:
            following = node.answered(self._stage, given)
        except EvaluationError:  # an answer of another type than the flow declares is no answer
            return self._failing(node)
        return following or self._failing(node)

    def _answered(self, given: Heard | Keys | Recorded | NoInput, question: Question) -> str | None:
        self._hops = 0
        try:
            return Answering(self._stage, question).answer(given)
        except (UnsayableError, EvaluationError):
            return self._failing(question)

    def _run(self, following: str | None) -> None:
        while following is not None and not self.state.ended:
            self._hops += 1
            if self._hops == MAX_HOPS:
                following = self._to_human()
            if self._hops > MAX_HOPS + MAX_HOPS_TO_HUMAN:
                self._stage.emit(Hangup("flow_loop"))
                self.state.ended = True
                return
            following = self._returned() if following == RETURN else self._enter(following)

    def _returned(self) -> str:
        """The sub-flow is over: where the `call` that entered it leads on."""
        state = self.state
        if not state.returns:
            return self._to_human()
        *opened, call = state.returns
        state.node, state.returns = call, tuple(opened)
        node = self._stage.node
        try:
            return node.onward(self._stage) if isinstance(node, Call) else self._to_human()
        except EvaluationError:
            return self._failing(node)

    def _enter(self, target: str) -> str | None:
        state = self.state
        name = self._flow.resolve(state.node, target)
        state.returns = self._still_open(name)
        state.node, state.waiting, state.pending = name, Waiting.NOTHING, None
        state.group, state.refused = 0, ()
        revisiting, state.revisiting = state.revisiting, False
        node = self._stage.node
        if not revisiting and (onward := node.passed_over(self._stage)) is not None:
            return onward
        state.path.append(name)
        self._stage.emit(EnterNode(name, node.kind))
        try:
            return node.enter(self._stage)
        except (UnsayableError, EvaluationError):
            return self._failing(node)

    def _still_open(self, name: str) -> tuple[str, ...]:
        """The calls that a way to `name` leaves open: none out in the main flow, which no sub-flow is returned from."""
        subflow, inside, _ = name.partition(".")
        returns = self.state.returns
        while returns:
            call = self._flow.node(returns[-1], STANDARD)
            if inside and isinstance(call, Call) and call.call == subflow:
                return returns
            returns = returns[:-1]
        return returns

    def _failing(self, node: Node) -> str:
        """Where a node leads that can't do what it is there for."""
        self.state.human_reason = "failure"
        return node.failure or self._stage.human

    def _to_human(self) -> str:
        self.state.human_reason = "failure"
        return self._stage.human
