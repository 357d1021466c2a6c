"""A conversation with a flow in text: what the caller says in, what the hotline says out, on no time at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from gateway.call.lookups.provider import LookupProvider
from gateway.dialogue.actions import (
    Action,
    EnterNode,
    Hangup,
    Heard,
    Input,
    Keys,
    Listen,
    Lookup,
    LookupFailed,
    LookupSucceeded,
    ModeChanged,
    NoInput,
    Outcome,
    Piece,
    Say,
    SlotFilled,
    Text,
    Transfer,
    Understood,
    Value,
)
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.machine import Dialogue
from gateway.errors import LookupFailedError

NOW = datetime(2026, 11, 21, 10, 30, tzinfo=timezone(timedelta(hours=8)))
TODAY = NOW.date()
MAX_LOOKUPS = 50


@dataclass(frozen=True)
class Matched:
    """What `PhraseInText` makes of an utterance."""

    option: str | None
    score: float
    outcome: Outcome
    phrase: str | None


class PhraseInText:
    """A matcher that anyone can foresee: the longest phrase in the text wins; with `?` at its end it is to confirm."""

    def __init__(self, phrases: Mapping[str, Sequence[str]], accept_score: float, confirm_score: float) -> None:
        self.scores = (accept_score, confirm_score)
        self._phrases = [(phrase, option) for option, some in phrases.items() for phrase in some]

    def match(self, text: str, alternatives: Sequence[str] = (), confidence: float = 1.0) -> Matched:
        found = max(((len(phrase), option, phrase) for phrase, option in self._phrases if phrase in text), default=None)
        if found is None:
            return Matched(None, 0.0, Outcome.NO_MATCH, None)
        if text.endswith("?"):
            return Matched(found[1], 0.5, Outcome.CONFIRM, found[2])
        return Matched(found[1], 0.9, Outcome.ACCEPT, found[2])


def _told(piece: Piece) -> str:
    match piece:
        case Text():
            return piece.text
        case Value():
            return f"<{piece.kind} {piece.value}>"
    return "<tone>"


class Talk:
    """One call. Look-ups are answered by `back_end`, or fail when there is none."""

    def __init__(self, flow: CompiledFlow, number: str, back_end: LookupProvider | None = None) -> None:
        self.dialogue = Dialogue(flow, {"number": number}, lambda: NOW)
        self._back_end = back_end
        self.last: list[Action] = []
        self.all: list[Action] = []
        self._take(self.dialogue.start())

    def says(self, text: str, confidence: float = 1.0) -> str:
        """Returns what the hotline answers."""
        return self.gives(Heard(text, confidence))

    def keys(self, digits: str) -> str:
        return self.gives(Keys(digits))

    def silent(self) -> str:
        return self.gives(NoInput())

    def gives(self, given: Input) -> str:
        self.last = []
        self._take(self.dialogue.step(given))
        return self.heard

    def _take(self, actions: tuple[Action, ...]) -> None:
        for _ in range(MAX_LOOKUPS):
            self.last += actions
            self.all += actions
            asked = next((action for action in actions if isinstance(action, Lookup)), None)
            if asked is None:
                return
            actions = self.dialogue.step(self._answer(asked))
        raise AssertionError(f"more than {MAX_LOOKUPS} look-ups in a row")

    def _answer(self, asked: Lookup) -> Input:
        if self._back_end is None:
            return LookupFailed("no back end")
        try:
            return LookupSucceeded(asyncio.run(self._back_end.lookup(asked.name, asked.arguments)))
        except LookupFailedError as error:
            return LookupFailed(str(error))

    @property
    def heard(self) -> str:
        """What the hotline said since the last answer; values as `<kind value>`."""
        said = [piece for action in self.last if isinstance(action, Say) for piece in action.pieces]
        return "".join(map(_told, said))

    @property
    def understood(self) -> Understood:
        """How the last answer was taken."""
        (understood,) = [action for action in self.last if isinstance(action, Understood)]
        return understood

    @property
    def listen(self) -> Listen:
        """What is waited for now."""
        assert isinstance(self.last[-1], Listen)
        return self.last[-1]

    @property
    def says_list(self) -> list[Say]:
        return [action for action in self.last if isinstance(action, Say)]

    @property
    def nodes(self) -> list[str]:
        return [action.node for action in self.all if isinstance(action, EnterNode)]

    @property
    def options(self) -> list[str]:
        return [action.option for action in self.all if isinstance(action, Understood) and action.option]

    @property
    def slots(self) -> dict[str, object]:
        return {action.slot: action.value for action in self.all if isinstance(action, SlotFilled)}

    @property
    def modes(self) -> list[tuple[str, str]]:
        return [(action.mode, action.reason) for action in self.all if isinstance(action, ModeChanged)]

    @property
    def transfer(self) -> Transfer:
        assert isinstance(self.last[-1], Transfer)
        return self.last[-1]

    @property
    def hung_up(self) -> str | None:
        return self.last[-1].reason if isinstance(self.last[-1], Hangup) else None
