"""A conversation with a flow in text: what the caller does goes in, what the hotline does comes out.

No audio, no clock, no task: look-ups are answered at once, and waiting takes no time. Keys are assembled as a call's
ears do it, so that a finish key, a full number and keys pressed ahead of a question count as they would on the line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from gateway.call.messages import SERVED_MS
from gateway.dialogue.actions import (
    Action,
    Hangup,
    Heard,
    Input,
    KeyEntry,
    Keys,
    Listen,
    Lookup,
    LookupFailed,
    LookupSucceeded,
    NoInput,
    Record,
    Recorded,
    Say,
    Served,
    Transfer,
    TransferFailed,
    Understood,
)
from gateway.dialogue.compiled import CompiledFlow, Matched, Matcher, phrase_matcher
from gateway.dialogue.grammar.matcher import Match
from gateway.dialogue.machine import Dialogue
from gateway.events import Disposition
from gateway.prompts.render import spoken_text
from gateway.speech.keys import KeyCollector

BackEnd = Callable[[Lookup], LookupSucceeded | LookupFailed]
"""Answers look-ups."""
Now = Callable[[], dt.datetime]
"""The moment of the call, with its time zone."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a call came to."""

    disposition: Disposition
    reason: str
    queue: str | None = None
    """Where the caller was handed over."""


@dataclass(slots=True)
class Exchange:
    """One act of the caller, and everything that happened until the hotline waits for the next."""

    given: Input | None
    """None: the caller has only called, or hung up."""
    node: str
    """Where the caller was."""
    mode: str
    """The mode they were in."""
    happened: list[Action | Input] = field(default_factory=list)
    """The flow's actions and, after each look-up or failed transfer, what came back."""

    @property
    def said(self) -> list[Say]:
        """The prompts, in order."""
        return [action for action in self.happened if isinstance(action, Say)]

    @property
    def text(self) -> str:
        """Everything that was said, numbers as they are spoken."""
        return "".join(spoken_text(said.pieces) for said in self.said)

    @property
    def understood(self) -> list[Understood]:
        """How the act was taken: nothing for a start, more than one for keys that answered several questions."""
        return [action for action in self.happened if isinstance(action, Understood)]


class Conversation:
    """One call. Begin it with `start`; then the caller acts until `ending` is there.

    Args:
        flow: the compiled flow.
        caller: what is known of the caller before the flow begins: `number` (empty when withheld).
        now: the day and time of the call.
        back_end: answers its look-ups.
        agents: whether a human answers, by queue.
    """

    def __init__(
        self,
        flow: CompiledFlow,
        caller: Mapping[str, Any],
        now: Now,
        back_end: BackEnd,
        agents: Callable[[str], bool] = lambda _queue: True,
    ) -> None:
        self.exchanges: list[Exchange] = []
        self.awaiting: Listen | Record | None = None
        """What the hotline waits for."""
        self.ending: Ending | None = None
        self._flow = flow
        self._dialogue = Dialogue(flow, caller, now)
        self._back_end = back_end
        self._agents = agents
        self._keys = KeyCollector()
        self._now_ms = 0.0
        self._served = False

    @property
    def node(self) -> str:
        """Where the caller is."""
        return self._dialogue.state.node

    @property
    def mode(self) -> str:
        return self._dialogue.state.mode

    @property
    def slots(self) -> Mapping[str, Any]:
        return self._dialogue.state.slots

    def start(self) -> Exchange:
        """The call is answered."""
        exchange = self._open(None)
        self._take(self._dialogue.start())
        return exchange

    def says(self, text: str, confidence: float = 1.0) -> Exchange:
        """The caller speaks; where a message is recorded, that is what they leave."""
        if isinstance(self.awaiting, Record):
            return self.gives(Recorded(len(text) * _MS_PER_CHARACTER))
        return self.gives(Heard(text, confidence))

    def keys(self, pressed: str) -> Exchange:
        """The caller presses keys, one after another; what one question doesn't need is the next one's answer."""
        for key in pressed:
            self._keys.press(key, self._now_ms)
        exchange: Exchange | None = None
        while self.ending is None and (entered := self._entered()) is not None:
            if exchange is None:
                exchange = self._open(entered)
            self._take(self._dialogue.step(entered))
        return exchange or self._open(None)

    def silent(self) -> Exchange:
        """The caller says nothing until the time is up."""
        return self.gives(NoInput())

    def gives(self, given: Input) -> Exchange:
        """Any input as the flow takes it."""
        exchange = self._open(given)
        if isinstance(given, Recorded) and given.duration_ms >= SERVED_MS:
            self._served = True
        self._take(self._dialogue.step(given))
        return exchange

    def hangs_up(self) -> Exchange:
        """The caller is gone."""
        exchange = self._open(None)
        if self.ending is None:
            self.ending = Ending("completed" if self._served else "abandoned", "caller_hung_up")
        return exchange

    def match(self, exchange: Exchange) -> Matched | None:
        """How what was said lay among the question's phrases; None when nothing was said to a question."""
        given = exchange.given
        if not isinstance(given, Heard) or not exchange.understood:
            return None
        return self._flow.matcher(exchange.understood[0].node).match(given.text, given.alternatives, given.confidence)

    def _open(self, given: Input | None) -> Exchange:
        exchange = Exchange(given, self.node, self.mode)
        self.exchanges.append(exchange)
        return exchange

    def _entered(self) -> Keys | NoInput | None:
        """The keys that wait, as an answer to what is asked."""
        asked = self.awaiting
        entry = KeyEntry(finish_on_key=asked.finish_on_key) if isinstance(asked, Record) else asked and asked.keys
        if not entry or not (self._keys.waiting or self._keys.entering):
            return None
        entered = self._keys.collect(entry, self._now_ms)
        if entered is None:
            self._now_ms += entry.inter_digit_timeout_ms
            entered = self._keys.collect(entry, self._now_ms)
        if entered is None:
            return None
        if isinstance(asked, Record) and entered.finished_by == "finish_key":
            return NoInput()  # the message was ended before it began
        return Keys(entered.digits, entered.finished_by)

    def _take(self, actions: Sequence[Action]) -> None:
        exchange = self.exchanges[-1]
        while True:
            exchange.happened += actions
            self._served = self._served or any(isinstance(action, Served) for action in actions)
            answer = self._answer(actions)
            if answer is None:
                return
            exchange.happened.append(answer)
            actions = self._dialogue.step(answer)

    def _answer(self, actions: Sequence[Action]) -> Input | None:
        """What the world answers to the actions; None when it is the caller's turn, or nobody's any more."""
        for action in actions:
            match action:
                case Listen() | Record():
                    self.awaiting = action
                case Lookup():
                    return self._back_end(action)
                case Transfer() if self._agents(action.queue):
                    self.ending = Ending("transferred", f"queue:{action.queue}", action.queue)
                case Transfer():
                    return TransferFailed("nobody answers")
                case Hangup():
                    completed = action.reason == "completed"
                    self.ending = Ending("completed" if completed else "abandoned", action.reason)
        return None


_REMEMBERED = 20_000
_MS_PER_CHARACTER = 250
"""Of Mandarin at an easy pace."""


class Remembering:
    """A matcher that works out each utterance once: callers, and test dialogues, say the same things often."""

    def __init__(self, matcher: Matcher) -> None:
        self._match = lru_cache(maxsize=_REMEMBERED)(matcher.match)

    def match(self, text: str, alternatives: Sequence[str] = (), confidence: float = 1.0) -> Matched:
        """As the matcher does."""
        return self._match(text, tuple(alternatives), confidence)


def remembering(phrases: Mapping[str, Sequence[str]], accept_score: float, confirm_score: float) -> Matcher:
    """The matcher of calls, remembering."""
    return Remembering(phrase_matcher(phrases, accept_score, confirm_score))


def ranking(match: Matched | None) -> tuple[tuple[str, float], ...]:
    """The likeliest options and their scores, the first one first."""
    return match.ranking if isinstance(match, Match) else ()
