"""The running dialogue as its nodes see it: state, what is known, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from asr.engine import ClosedAnswer
from gateway.dialogue.actions import (
    Action,
    BargeIn,
    KeyEntry,
    Listen,
    ModeChanged,
    Piece,
    Record,
    Say,
    Served,
    SlotFilled,
    Tone,
)
from gateway.dialogue.choices import AGENT, Choice
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.expressions import EvaluationError, Expression
from gateway.dialogue.hints import hints_at
from gateway.dialogue.model import Mode
from gateway.dialogue.nodes.base import Node
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.menu import Group, Menu
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.sayable import Picked
from gateway.dialogue.slots import CLOSED, KINDS
from gateway.dialogue.state import CALLER, STANDARD, State, Waiting
from gateway.dialogue.template import Template
from gateway.dialogue.values import WrongTypeError, typed

_LONGEST_PATIENCE_MS = 2500
_UNFINISHED_MS, _UNFINISHED_NUMBER_MS = 800, 3000
"""Who has said 嗯 or 那个 gets so much more time; a number that is being dictated may pause for so long: at the 95th
percentile, callers pause 2.5 s in mid-turn."""
_YES_NO_SPEECH_TIMEOUT_MS = 1000
"""At a confirmation: a yes is over sooner than a dictated number, but a correction may follow a no after a breath."""


class Stage:
    """Implements `nodes.base.Scene`; collects the actions of one step."""

    def __init__(self, flow: CompiledFlow, state: State, now: Callable[[], datetime]) -> None:
        self.flow = flow
        self._now = now
        self._state = state
        self.keys_only = False
        """Ask for keys: words can't be heard now."""
        self._out: list[Action] = []
        self._informed: list[Say] = []

    @property
    def state(self) -> State:
        return self._state

    @property
    def now(self) -> datetime:
        return self._now()

    @property
    def today(self) -> date:
        """The day of the call, for spoken dates."""
        return self.now.date()

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
        return self._say(prompt.render(self._names() | names, self.flow.recorded_texts), self._barge_in(barge_in))

    def _say(self, pieces: tuple[Piece, ...], barge_in: BargeIn) -> Say:
        said = Say(self.state.node, pieces, barge_in, *self._pace_and_gain_db)
        self.emit(said)
        return said

    @property
    def _pace_and_gain_db(self) -> tuple[float, float]:
        mode = self.mode
        return (mode.pace, mode.gain_db) if mode else (1.0, 0.0)

    def evaluate(self, expression: Expression) -> Any:  # noqa: ANN401
        return expression.evaluate(self._names())

    def holds(self, condition: Expression) -> bool:
        try:
            return bool(self.evaluate(condition))
        except EvaluationError:
            return False

    def learned(self, record: Mapping[str, Any], name: str) -> None:
        checked = self._checked(record, name)
        if name == CALLER:
            known = self.state.caller
            if "number" not in self.flow.flow.records.get(CALLER, {}):
                checked.pop("number", None)  # the line's own, however the back end echoes it
            known.update(checked)
        else:
            self.state.saved[name] = checked
        for mode_name, mode in self.flow.flow.modes.items():
            allowed = self.state.mode == STANDARD and mode_name not in self.state.declined
            if allowed and mode.enter_when is not None and self.holds(mode.enter_when):
                self.switch(mode_name, "profile")

    def _checked(self, record: Mapping[str, Any], name: str) -> dict[str, Any]:
        """The record with its declared fields in their types; what isn't declared stays as it is, and unread."""
        fields = self.flow.flow.records.get(name, {})
        try:
            return dict(record) | {
                field: typed(kind, record[field]) for field, kind in fields.items() if field in record
            }
        except WrongTypeError as error:
            raise EvaluationError(f"{name}: {error}") from error

    def served(self, said: Say) -> None:
        self._informed.append(said)
        self.emit(Served(self.state.node))

    def switch(self, mode: str, reason: str) -> None:
        """Go on in another mode."""
        if mode == STANDARD:
            self.state.declined.add(self.state.mode)
        self.state.mode = mode
        self.state.group = 0  # a mode has groups of its own
        self.emit(ModeChanged(mode, reason))

    def fill(self, name: str, value: Any) -> None:  # noqa: ANN401
        try:
            if variable := self.flow.variables.get(name):
                before, value = self.state.variables.get(name), typed(variable.type, value)
                self.state.variables[name] = value
                if value != before:
                    self.emit(SlotFilled(name, value))
                return
            slot = self.flow.slots[name]
            if slot.options is None:
                value = typed(slot.type, value)
            elif value is not None:
                value = Picked(value, slot.options[value].label)
        except (WrongTypeError, KeyError, TypeError) as error:
            raise EvaluationError(f"{name}: {error}") from error
        self.state.slots[name] = value
        self.emit(SlotFilled(name, value))

    def fill_all(self, fills: Mapping[str, Expression]) -> None:
        for name, expression in fills.items():
            self.fill(name, self.evaluate(expression))

    def begin_subflow(self, subflow: str, arguments: Mapping[str, Expression]) -> None:
        given = {name: self.evaluate(expression) for name, expression in arguments.items()}
        own = {name: variable.value for name, variable in self.flow.flow.subflows[subflow].variables.items()}
        for name, value in (own | given).items():
            self.fill(name, value)

    def entry(self, subflow: str) -> str:
        return self.flow.entry(subflow)

    def ask(self) -> None:
        question = self.node
        if isinstance(question, Question):
            self.state.errors = 0
            self.state.pending = None
            said = self._put(question)
            self.state.replay = (*self._informed, *said)
            self.listen()

    def _put(self, question: Question) -> tuple[Say, ...]:
        return self.put_by_keys(question) or (self.say(self.prompt(question)),)

    def put_by_keys(self, question: Question) -> tuple[Say, ...]:
        """Put the question for keys; nothing when that isn't wanted now, or the flow doesn't say how."""
        wording = self.flow.flow.keys_only
        if not self.keys_only or wording is None:
            return ()
        said = [self.say(wording.notice, barge_in=BargeIn.DTMF)]
        if isinstance(question, Menu):
            said += [
                self.say(wording.option, barge_in=BargeIn.DTMF, option=choice.label, key=choice.key)
                for choice in self._keyed(question)
            ]
        else:
            said.append(self.say(self.prompt(question), barge_in=BargeIn.DTMF))
        return tuple(said)

    def _keyed(self, menu: Menu) -> list[Choice]:
        """What the menu offers now and a human, as far as they have a key that can be said."""
        group = self.group(menu)
        named = group.offers if group else menu.offers or tuple(menu.options)
        choices = self.flow.choices(self.state.node)
        wanted = dict.fromkeys([*named, AGENT])
        return [choices[name] for name in wanted if name in choices and (choices[name].key or "").isdigit()]

    def prompt(self, question: Question) -> Template:
        """What the question says now: of a menu with groups, the present one."""
        group = self.group(question)
        return group.say if group else question.prompt

    def group(self, question: Question) -> Group | None:
        """The options that a menu with groups offers now."""
        groups = question.groups if isinstance(question, Menu) else ()
        return groups[self.state.group % len(groups)] if groups else None

    def ask_again(self) -> None:
        """Say the information and the question once more, or the confirmation that is open."""
        pace, gain_db = self._pace_and_gain_db
        for said in self.state.replay:
            self.emit(replace(said, pace=pace, gain_db=gain_db))
        self.listen()

    def listen(self) -> None:
        """Wait for the answer to the present question."""
        question = self.node
        if not isinstance(question, Question):
            return
        self.state.waiting = Waiting.ANSWER
        if isinstance(question, Message):
            self._record(question)
            return
        settings = self.flow.settings(question)
        times = self.mode.times if self.mode else 1.0
        speech_timeout = settings.speech_timeout
        if self.state.pending:
            speech_timeout = min(speech_timeout, _YES_NO_SPEECH_TIMEOUT_MS)
        answer = self._closed(question)
        by_number = answer is not None and answer.kind in ("digits", "phone", "id_card")
        unfinished_ms = settings.incomplete_timeout or max(
            speech_timeout + _UNFINISHED_MS, _UNFINISHED_NUMBER_MS if by_number and not self.state.pending else 0
        )
        keyword = self._barge_in(None) is BargeIn.KEYWORD
        choices = self.flow.choices(self.state.node)
        self.emit(
            Listen(
                self.state.node,
                hints=self._hints(question),
                keywords=tuple(phrase for choice in choices.values() for phrase in choice.phrases) if keyword else (),
                keys=self._key_entry(question, round(settings.inter_digit_timeout * times)),
                timeout_ms=round(settings.timeout * times),
                speech_timeout_ms=_patience(speech_timeout, times),
                complete_timeout_ms=_patience(min(speech_timeout, settings.complete_timeout), times),
                incomplete_timeout_ms=max(_patience(speech_timeout, times), unfinished_ms),
                max_speech_ms=settings.max_speech,
                answer=answer,
                engine=settings.engine,
                keys_only=self.keys_only and self.flow.flow.keys_only is not None,
            )
        )

    def _closed(self, question: Question) -> ClosedAnswer | None:
        """What kind of answer the recogniser is to expect; None for words."""
        pending, told = self.state.pending, self.state.barred
        kind = CLOSED.get(self.flow.slots[question.slot].type) if isinstance(question, Collect) else None
        if kind is None or not isinstance(question, Collect) or (pending and not pending.is_value):
            return ClosedAnswer("yes_no") if pending else None
        if pending:
            told = (*told, pending.value)
        return ClosedAnswer(
            "yes_no" if pending else kind,
            question.min_digits,
            question.max_digits,
            corrects=kind if told else None,
            read_back=tuple(value for value in told if isinstance(value, str)),
        )

    def _record(self, question: Message) -> None:
        times = self.mode.times if self.mode else 1.0
        self._say((Tone(),), BargeIn.OFF)
        self.emit(
            Record(
                self.state.node,
                question.finish_on_key,
                timeout_ms=round(question.timeout * times),
                speech_timeout_ms=question.speech_timeout,
                max_speech_ms=question.max_speech,
            )
        )

    def _key_entry(self, question: Question, inter_digit_timeout_ms: int) -> KeyEntry:
        one_key = isinstance(question, Collect) and not KINDS[self.flow.slots[question.slot].type].many_keys
        if self.state.pending or one_key:
            return KeyEntry(inter_digit_timeout_ms=inter_digit_timeout_ms)
        return question.key_entry(inter_digit_timeout_ms)

    def _hints(self, question: Question) -> tuple[str, ...]:
        group = self.group(question)
        own = question.offers if isinstance(question, Menu) else ()
        return hints_at(
            question,
            self.flow.choices(self.state.node),
            offered=group.offers if group else own,
            mode=self.state.mode,
            confirming=self.state.pending is not None,
        )

    def _barge_in(self, wanted: str | None) -> BargeIn:
        node, mode = self.node, self.mode
        settings = self.flow.settings(node) if isinstance(node, Question) else self.flow.flow.answers
        own = wanted or settings.barge_in
        return BargeIn(mode.barge_in if mode and mode.barge_in and own != BargeIn.OFF else own)

    def _names(self) -> dict[str, Any]:
        state = self.state
        now = self.now
        known = {
            CALLER: state.caller,
            "slots": state.slots,
            "vars": state.variables,
            "survey": {"score": state.score},
            "hours": {name: hours.is_open(now) for name, hours in self.flow.flow.hours.items()},
            "mode": state.mode,
            "today": now.date(),
        }
        return {name: {} for name in self.flow.flow.records} | state.saved | known


def _patience(speech_timeout_ms: int, times: float) -> int:
    """The silence that ends an utterance, longer in a slow mode, but not so long that the line seems dead."""
    return max(speech_timeout_ms, min(round(speech_timeout_ms * times), _LONGEST_PATIENCE_MS))
