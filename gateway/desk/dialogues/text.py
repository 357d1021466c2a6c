"""Test dialogues held in text: the real dialogue machine and the real matching, on no time at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gateway.call.lookups import LookupProvider
from gateway.desk.conversation import BackEnd, Conversation, Exchange
from gateway.desk.dialogues.backend import CaseLookups, Samples, profile_lookups
from gateway.desk.dialogues.examiner import Account, Difference, Examiner
from gateway.desk.dialogues.load import TestDialogue
from gateway.desk.dialogues.model import DEFAULT_CLOCK, Case, Step
from gateway.desk.telling import Line, told
from gateway.dialogue.actions import (
    BargeIn,
    EnterNode,
    Listen,
    Lookup,
    LookupFailed,
    LookupSucceeded,
    Record,
    Recorded,
    SurveyAnswered,
)
from gateway.dialogue.compiled import CompiledFlow
from gateway.errors import LookupFailedError


@dataclass(slots=True)
class Held:
    """A dialogue that was held, and what was not as expected."""

    dialogue: TestDialogue
    difference: Difference | None
    exchanges: list[Exchange] = field(default_factory=list)
    """Empty when it was held aloud."""
    repeats: int = 0
    """How often the caller had to repeat or confirm what the dialogue takes for understood."""
    skipped: str = ""
    """Why it couldn't be held."""
    tell: Callable[[], list[Line]] = list
    """The conversation, to be shown."""

    @property
    def passed(self) -> bool:
        return self.difference is None and not self.skipped


class TextStage:
    """Holds dialogues with one flow, one after another."""

    def __init__(self, flow: CompiledFlow, samples: Samples) -> None:
        self._flow = flow
        self._samples = samples
        self._profiles = profile_lookups(flow.flow)

    def hold(self, dialogue: TestDialogue) -> Held:
        """The dialogue from its first step to its end or its first difference."""
        case = dialogue.case
        clock = case.clock or DEFAULT_CLOCK
        lookups = CaseLookups(case, self._samples.fresh(lambda: clock), self._profiles)
        talk = Conversation(
            self._flow,
            {"number": number_of(case, self._samples)},
            lambda: clock,
            back_end(lookups),
            agents=lambda _queue: case.agents != "none",
        )
        examiner = Examiner(dialogue)
        reply = talk.start().text
        while step := examiner.next(reply, talk.node, talk.ending):
            reply = _act(talk, step, examiner)
        if talk.ending is None:
            talk.hangs_up()
        examiner.finish(account(talk, lookups))

        def lines() -> list[Line]:
            return [line for exchange in talk.exchanges for line in told(exchange, talk.match(exchange))]

        return Held(dialogue, examiner.difference, talk.exchanges, tell=lines)


def number_of(case: Case, samples: Samples) -> str:
    """Whose number calls: the dialogue's, else the first sample customer's; empty when it is withheld."""
    if case.caller is not None:
        return str(case.caller.get("number", ""))
    return next(iter(samples.numbers), "")


def back_end(provider: LookupProvider) -> BackEnd:
    """Ask a provider that answers from memory: one that waits for something fails."""

    def answer(asked: Lookup) -> LookupSucceeded | LookupFailed:
        work = provider.lookup(asked.name, asked.arguments)
        try:
            work.send(None)  # no event loop: it would cost more than the whole step
        except StopIteration as done:
            return LookupSucceeded(done.value)
        except LookupFailedError as error:
            return LookupFailed(str(error))
        work.close()
        return LookupFailed("业务系统没有马上回答")

    return answer


def account(talk: Conversation, lookups: CaseLookups) -> Account:
    """What a conversation that is over came to."""
    if talk.ending is None:
        raise RuntimeError("the call has not ended")
    happened = [event for exchange in talk.exchanges for event in exchange.happened]
    return Account(
        talk.ending,
        talk.mode,
        talk.slots,
        [event.node for event in happened if isinstance(event, EnterNode)],
        lookups.tickets,
        next((event.score for event in happened if isinstance(event, SurveyAnswered)), None),
    )


def _act(talk: Conversation, step: Step, examiner: Examiner) -> str:
    """Do what the step says; everything that was said then."""
    if step.says is not None:
        return talk.says(step.says, _confidence(step)).text
    if step.talks_over is not None:
        if (cannot := not_cut(talk, step.talks_over)) is not None:
            examiner.refuse("插话打断提示音", cannot)
            return ""
        return talk.says(step.talks_over, _confidence(step)).text
    if step.keys is not None:
        return talk.keys(step.keys).text
    if step.silent is not None:
        return _keep_silent(talk, step.silent, examiner)
    if step.records is not None:
        if not isinstance(talk.awaiting, Record):
            examiner.refuse("录下留言", f"节点 {talk.node} 不录留言")
            return ""
        return talk.gives(Recorded(step.records)).text
    return talk.hangs_up().text


def _keep_silent(talk: Conversation, times: int, examiner: Examiner) -> str:
    said = ""
    for done in range(times):
        if talk.ending is not None:
            examiner.cut_short(done, talk.ending)
            break
        said += talk.silent().text
    return said


def _confidence(step: Step) -> float:
    return 1.0 if step.confidence is None else step.confidence


def not_cut(talk: Conversation, text: str) -> str | None:
    """Why speech doesn't cut the prompt before the present question; None when it does."""
    prompts = [said for exchange in talk.exchanges for said in exchange.said]
    barge_in = prompts[-1].barge_in if prompts else BargeIn.SPEECH
    if barge_in in {BargeIn.OFF, BargeIn.DTMF}:
        return f"节点 {talk.node} 的提示音不能用说话打断（barge_in: {barge_in.value}）"
    keywords: Any = talk.awaiting.keywords if isinstance(talk.awaiting, Listen) else ()
    if barge_in is BargeIn.KEYWORD and not any(word in text for word in keywords):
        return f"节点 {talk.node} 的提示音只有说中选项才停（barge_in: keyword）"
    return None
