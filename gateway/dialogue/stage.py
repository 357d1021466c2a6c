"""The running dialogue as its nodes see it: state, what is known, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from gateway.dialogue.actions import Action, BargeIn, KeyEntry, Listen, ModeChanged, Say, Served, SlotFilled
from gateway.dialogue.choices import AGENT, Choice, hints_of
from gateway.dialogue.compiled import CALLER, CompiledFlow
from gateway.dialogue.expressions import EvaluationError, Expression
from gateway.dialogue.model import Mode
from gateway.dialogue.nodes.base import Node
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.slots import KINDS
from gateway.dialogue.state import STANDARD, State, Waiting
from gateway.dialogue.template import Template

_YES_NO_HINTS = ("对", "是的", "不对", "不是")
_LONGEST_PATIENCE_MS = 2500
_YES_NO_SPEECH_TIMEOUT_MS = 1000
"""At a confirmation: a yes is over sooner than a dictated number, but a correction may follow a no after a breath."""


class Stage:
    """Implements `nodes.base.Scene`; collects the actions of one step."""

    def __init__(self, flow: CompiledFlow, state: State, today: date) -> None:
        self.flow = flow
        self.today = today
        self._state = state
        self._out: list[Action] = []
        self._informed: list[Say] = []

    @property
    def state(self) -> State:
        return self._state

    @property
    def mode(self) -> Mode | None:
        """The overlay that is in force."""
        return self.flow.flow.modes.get(self.state.mode)

    @property
    def node(self) -> Node:
        """The present node as it is in the present mode."""
        return self.flow.node(self.state.node, self.state.mode)

    @property
    def human(self) -> str:
        """Where a caller reaches a human."""
        return self.flow.flow.universals[AGENT].go or self.flow.flow.entry

    def take(self) -> tuple[Action, ...]:
        """The step's actions; the next step begins empty."""
        actions = tuple(self._out)
        self._out.clear()
        self._informed.clear()
        return actions

    def emit(self, action: Action) -> None:
        self._out.append(action)

    def say(self, prompt: Template, *, barge_in: str | None = None, **names: Any) -> Say:  # noqa: ANN401
        pieces = prompt.render(self._names() | names, self.flow.recorded_texts)
        mode = self.mode
        said = Say(
            self.state.node,
            pieces,
            self._barge_in(barge_in),
            mode.pace if mode else 1.0,
            mode.gain_db if mode else 0.0,
        )
        self.emit(said)
        return said

    def evaluate(self, expression: Expression) -> Any:  # noqa: ANN401
        return expression.evaluate(self._names())

    def holds(self, condition: Expression) -> bool:
        try:
            return bool(self.evaluate(condition))
        except EvaluationError:
            return False

    def learned(self, record: Mapping[str, Any], name: str) -> None:
        if name == CALLER:
            self.state.caller.update(record)
        else:
            self.state.saved[name] = dict(record)
        for mode_name, mode in self.flow.flow.modes.items():
            allowed = self.state.mode == STANDARD and mode_name not in self.state.declined
            if allowed and mode.enter_when is not None and self.holds(mode.enter_when):
                self.switch(mode_name, "profile")

    def served(self, said: Say) -> None:
        self._informed.append(said)
        self.emit(Served(self.state.node))

    def switch(self, mode: str, reason: str) -> None:
        """Go on in another mode."""
        if mode == STANDARD:
            self.state.declined.add(self.state.mode)
        self.state.mode = mode
        self.emit(ModeChanged(mode, reason))

    def fill(self, slot: str, value: Any) -> None:  # noqa: ANN401
        """Give a slot its value."""
        self.state.slots[slot] = value
        self.emit(SlotFilled(slot, value))

    def ask(self) -> None:
        question = self.node
        if isinstance(question, Question):
            self.state.errors = 0
            self.state.pending = None
            said = self.say(question.prompt)
            self.state.replay = (*self._informed, said)
            self.listen()

    def ask_again(self) -> None:
        """Say the information and the question once more, or the confirmation that is open."""
        mode = self.mode
        pace, gain_db = (mode.pace, mode.gain_db) if mode else (1.0, 0.0)
        for said in self.state.replay:
            self.emit(replace(said, pace=pace, gain_db=gain_db))
        self.listen()

    def listen(self) -> None:
        """Wait for the answer to the present question."""
        question = self.node
        if not isinstance(question, Question):
            return
        settings = self.flow.settings(question)
        times = self.mode.times if self.mode else 1.0
        speech_timeout = settings.speech_timeout
        if self.state.pending:
            speech_timeout = min(speech_timeout, _YES_NO_SPEECH_TIMEOUT_MS)
        keyword = self._barge_in(None) is BargeIn.KEYWORD
        choices = self.flow.choices(self.state.node)
        self.state.waiting = Waiting.ANSWER
        self.emit(
            Listen(
                self.state.node,
                hints=self._hints(question),
                keywords=tuple(phrase for choice in choices.values() for phrase in choice.phrases) if keyword else (),
                keys=self._key_entry(question, round(settings.inter_digit_timeout * times)),
                timeout_ms=round(settings.timeout * times),
                speech_timeout_ms=_patience(speech_timeout, times),
                max_speech_ms=settings.max_speech,
            )
        )

    def _key_entry(self, question: Question, inter_digit_timeout_ms: int) -> KeyEntry:
        one_key = isinstance(question, Collect) and not KINDS[self.flow.flow.slots[question.slot]].many_keys
        if self.state.pending or one_key:
            return KeyEntry(inter_digit_timeout_ms=inter_digit_timeout_ms)
        return question.key_entry(inter_digit_timeout_ms)

    def _hints(self, question: Question) -> tuple[str, ...]:
        choices = self.flow.choices(self.state.node)
        yes_or_no = self.state.pending or any(choice.means for choice in choices.values())
        first = (*(_YES_NO_HINTS if yes_or_no else ()), *question.hints)
        if not isinstance(question, Menu):  # a dictated number shouldn't be drowned in commands
            return hints_of([replace(choice, phrases=choice.phrases[:1]) for choice in choices.values()], first)
        offered: list[Choice] = [choices[name] for name in question.offers if name in choices]
        return hints_of([*offered, *(choice for choice in choices.values() if choice not in offered)], first)

    def _barge_in(self, wanted: str | None) -> BargeIn:
        node, mode = self.node, self.mode
        settings = self.flow.settings(node) if isinstance(node, Question) else self.flow.flow.answers
        own = wanted or settings.barge_in
        return BargeIn(mode.barge_in if mode and mode.barge_in and own != BargeIn.OFF else own)

    def _names(self) -> dict[str, Any]:
        state = self.state
        known = {CALLER: state.caller, "slots": state.slots, "mode": state.mode, "today": self.today}
        return {name: {} for name in self.flow.record_names} | state.saved | known


def _patience(speech_timeout_ms: int, times: float) -> int:
    """The silence that ends an utterance, longer in a slow mode, but not so long that the line seems dead."""
    return max(speech_timeout_ms, min(round(speech_timeout_ms * times), _LONGEST_PATIENCE_MS))
