"""What becomes of an answer: confirmed, settled, or asked for again."""

from __future__ import annotations

from gateway.dialogue.actions import Heard, Keys, NoInput, Outcome, Recorded, SurveyAnswered, Understood
from gateway.dialogue.choices import AGENT, BACK, MORE, REPEAT, Choice
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.question import Answers, Asked, Question
from gateway.dialogue.nodes.survey import Survey
from gateway.dialogue.reading import Reader, is_denied
from gateway.dialogue.stage import Stage
from gateway.dialogue.state import STANDARD, Reading, Visit
from gateway.dialogue.template import Template

MAX_BACK = 50


class Answering:
    """Takes answers to the present question. `answer` returns the next node, or None when the question stands."""

    def __init__(self, stage: Stage, question: Question) -> None:
        self._stage = stage
        self._state = stage.state
        self._question = question
        self._settings: Answers = stage.flow.settings(question)
        self._choices = stage.flow.choices(stage.state.node)

    def answer(self, given: Heard | Keys | Recorded | NoInput) -> str | None:
        """Raises UnsayableError or EvaluationError when the flow can't say or set what it wants to."""
        if isinstance(given, NoInput):
            self._understood(Outcome.NO_INPUT)
            return self._failed(self._settings.no_input)
        if isinstance(self._question, Message) and isinstance(given, Recorded | Heard):
            self._understood(Outcome.ACCEPT, self._question.kind)
            return self._leave_by(self._question)
        if isinstance(given, Recorded):  # a message where none was asked for is an answer without words
            self._understood(Outcome.NO_MATCH)
            return self._failed(self._settings.no_match)
        reader, pending = Reader(self._stage, self._question), self._state.pending
        reading = reader.confirmation(given, pending) if pending else reader.read(given)
        if reading is None and isinstance(self._question, Message) and isinstance(given, Keys) and given.after_message:
            self._understood(Outcome.ACCEPT, self._question.kind)  # any key ends a message; this one wants nothing else
            return self._leave_by(self._question)
        if reading is None:
            self._understood(Outcome.NO_MATCH)
            return self._failed(self._settings.no_match)
        if isinstance(reading, Reading):
            if pending and isinstance(given, Heard) and is_denied(given.text):
                self._refuse(pending)
            return self._take(reading)
        if reading and pending:
            self._understood(Outcome.ACCEPT, "yes", 1.0, self._option(pending))
            return self._settle(pending)
        self._understood(Outcome.ACCEPT, "no", 1.0)
        if pending:
            self._refuse(pending)
        self._state.pending = None
        return self._failed((self._settings.denied,))

    def ask_again(self) -> None:
        """Ask for the answer once more: for the confirmation that is open, else the question, and the information that
        was given with it. Raises as `answer` does.
        """
        if self._state.pending:
            self._ask_to_confirm(self._state.pending)
        elif self._state.replay:
            self._stage.ask_again()
        else:
            self._stage.ask()

    # ----------------------------------------------------------------------------------------------------- settling

    def _take(self, reading: Reading) -> str | None:
        pending = self._state.pending
        said_again = pending is not None and (pending.matched, pending.value) == (reading.matched, reading.value)
        # who was misheard says it again instead of a no, and a refused value gives way to another: that is no yes
        if reading.sure or (said_again and not self._state.refused):
            self._understood(Outcome.ACCEPT, reading.matched, reading.score, self._option(reading))
            return self._settle(reading)
        self._understood(Outcome.CONFIRM, reading.matched, reading.score)
        if pending and (human := self._one_more_error()):
            return human
        self._state.pending = reading
        self._ask_to_confirm(reading)
        return None

    def _refuse(self, pending: Reading) -> None:
        """A refused value is kept: what sounds like it is something else the next time, if it can be, or only the part
        of it that is wrong.
        """
        if pending.is_value:
            self._state.refused = (*self._state.barred, pending.value)

    def _ask_to_confirm(self, reading: Reading) -> None:
        if reading.is_value:
            self._stage.say(self._settings.confirm_prompt, value=reading.value)
        else:
            settings = self._settings if isinstance(self._question, Menu) else self._stage.flow.flow.answers
            self._stage.say(settings.confirm_prompt, option=self._choices[reading.matched].label)
        self._stage.listen()

    def _option(self, reading: Reading) -> str | None:
        return reading.matched if not reading.is_value and self._choices[reading.matched].is_option else None

    def _settle(self, reading: Reading) -> str | None:
        interrupted, self._state.pending = self._state.pending, None
        self._state.human_reason = "flow"
        about_it = not reading.is_value and reading.matched in {REPEAT, BACK}
        if interrupted and interrupted != reading and about_it:
            self._back_to_confirming(interrupted, reading)
            return None
        if isinstance(self._question, Collect) and reading.is_value:
            self._stage.fill(reading.matched, reading.value)
            return self._leave_by(self._question)
        choice = self._choices[reading.matched]
        if isinstance(self._question, Survey) and isinstance(choice.value, int):
            self._state.score = choice.value
            self._stage.emit(SurveyAnswered(self._state.node, choice.value))
            return self._leave_by(self._question)
        if choice.is_option:
            self._state.options.append(choice.name)
        self._stage.fill_all(choice.fills)
        return self._follow(choice)

    def _back_to_confirming(self, pending: Reading, reading: Reading) -> None:
        """`repeat` and `back` said to a confirmation are about the confirmation."""
        if reading.matched == REPEAT:
            self._state.pending = pending
            self.ask_again()
        else:
            self._stage.ask()

    def _offer_more(self) -> None:
        self._state.group += 1
        self._stage.ask()

    def _follow(self, choice: Choice) -> str | None:
        if choice.mode:
            self._change_mode(choice.mode, "asked")
            if not choice.go:
                self._stage.ask()
                return None
        if choice.name == AGENT:
            self._state.human_reason = "asked"
            return choice.go
        if choice.go:
            return self._leave_for(choice.go)
        if choice.name == BACK and self._state.back:
            return self._go_back()
        if choice.name == MORE:
            self._offer_more()
        elif choice.name == REPEAT:
            self.ask_again()
        else:
            self._stage.ask()
        return None

    def _leave_by(self, question: Asked) -> str:
        return self._leave_for(question.onward(self._stage))

    def _leave_for(self, target: str) -> str:
        visit = Visit(self._state.node, self._state.returns)
        self._state.back = [*self._state.back, visit][-MAX_BACK:]
        return target

    def _go_back(self) -> str:
        visit = self._state.back.pop()
        self._open_again(visit.returns)
        self._state.revisiting = True
        return visit.node

    def _open_again(self, calls: tuple[str, ...]) -> None:
        """The sub-flows of these `call` nodes, each with what it was entered with."""
        for depth, name in enumerate(calls, 1):
            call = self._stage.flow.node(name, STANDARD)
            if isinstance(call, Call) and calls[:depth] != self._state.returns[:depth]:
                self._stage.begin_subflow(call.call, call.arguments)
        self._state.returns = calls

    def _change_mode(self, mode: str, reason: str) -> None:
        if mode == self._state.mode:
            return
        left = self._stage.mode
        self._stage.switch(mode, reason)
        entered = self._stage.mode
        if mode == STANDARD and left is not None:
            self._stage.say(left.left)
        elif entered is not None:
            self._stage.say(entered.entered if reason == "asked" else entered.struggling)

    # ------------------------------------------------------------------------------------------------------ failing

    def _failed(self, before: tuple[Template, ...]) -> str | None:
        if human := self._one_more_error():
            return human
        state = self._state
        if struggling := self._mode_for_struggling():
            self._change_mode(struggling, "errors")
            self._stage.ask()
            return None
        if not state.pending and self._stage.put_by_keys(self._question):
            self._stage.listen()
            return None
        self._stage.say(_wording(before, state.errors))
        if state.pending:
            self._stage.say(_wording(self._settings.confirm_again, state.errors))
        else:
            self._stage.say(_wording(self._question.again or (self._stage.prompt(self._question),), state.errors))
        self._stage.listen()
        return None

    def _one_more_error(self) -> str | None:
        """Where it leads, if it was one too many."""
        state, mode = self._state, self._stage.mode
        state.errors += 1
        helped = mode.on_error if mode else None
        if not helped and state.errors < self._settings.max_retries:
            return None
        question = self._question
        if not (isinstance(question, Asked) and question.failure == question.then):  # who skips a survey hasn't failed
            state.human_reason = "errors"
        return question.failure or helped or self._stage.human

    def _mode_for_struggling(self) -> str | None:
        if self._state.mode != STANDARD:
            return None
        modes = self._stage.flow.flow.modes.items()
        limits = {name: mode.enter_on.errors for name, mode in modes if name not in self._state.declined}
        return next((name for name, errors in limits.items() if errors and self._state.errors >= errors), None)

    def _understood(
        self, outcome: Outcome, matched: str | None = None, score: float | None = None, option: str | None = None
    ) -> None:
        self._stage.emit(Understood(self._state.node, outcome, matched, score, option))


def _wording(wordings: tuple[Template, ...], errors: int) -> Template:
    return wordings[min(errors, len(wordings)) - 1]
