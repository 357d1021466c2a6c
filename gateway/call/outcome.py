"""What a call came to, gathered while it runs and told in its last event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.dialogue.actions import Outcome, Transfer, Understood
from gateway.events import CallEnded, Turn, TurnKind
from gateway.findings import Voice
from gateway.speech.events import KeysEntered, Message, Utterance

MAX_TOLD = 200
"""Words, work orders and messages, of each, that a human is told; the latest."""


@dataclass(slots=True)
class Answer:
    """One answer of the caller between being heard and being replied to."""

    node: str
    kind: TurnKind
    start_ms: float
    end_ms: float
    ended_at_ms: float
    """When it was judged over."""
    text: str = ""
    keys: str = ""
    alternatives: tuple[str, ...] = ()
    confidence: float | None = None
    recognise_ms: float = 0.0
    voice: Voice | None = None
    understood: Understood | None = None
    words_follow: bool = False
    """It is a message: what was said is found out while the call goes on."""
    index: int | None = None
    """Its turn's, once it was replied to."""

    @classmethod
    def given(cls, node: str, heard: Utterance | Message | KeysEntered) -> Answer:
        """What the ears heard, as an answer to the question of `node`."""
        keys = heard.digits if isinstance(heard, KeysEntered) else ""
        kind: TurnKind = "keys" if isinstance(heard, KeysEntered) else "speech"
        return cls(node, kind, heard.start_ms, heard.end_ms, heard.ended_at_ms, keys=keys)

    def turn(self, index: int, replied_at_ms: float | None) -> Turn:
        """The answer as a finished turn; `replied_at_ms` is when the first prompt sample of the reply was sent."""
        understood = self.understood or Understood(self.node, Outcome.NO_MATCH)
        latency_ms = None if replied_at_ms is None or self.kind == "silence" else replied_at_ms - self.end_ms
        return Turn(
            index=index,
            node=self.node,
            kind=self.kind,
            text=self.text,
            keys=self.keys,
            alternatives=self.alternatives,
            confidence=self.confidence,
            matched=understood.matched,
            score=understood.score,
            outcome=understood.outcome.value,
            start_ms=self.start_ms,
            end_ms=self.end_ms,
            heard_ms=self.end_ms - self.start_ms,
            silence_window_ms=self.ended_at_ms - self.end_ms,
            recognise_ms=self.recognise_ms,
            turn_latency_ms=latency_ms,
            voice=self.voice,
        )


@dataclass(slots=True)
class CallRecord:
    """The running account of one call."""

    mode: str = "standard"
    path: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    slots: dict[str, str] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)
    transfer: dict[str, Any] | None = None
    """Queue and what was handed over, once a human has taken the caller."""
    tickets: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    satisfaction: int | None = None
    served: bool = False
    before: Mapping[str, list[Any]] = field(default_factory=dict)
    """What was `told` of the lost calls that this one goes on with."""

    def told(self) -> dict[str, list[Any]]:
        """What is told of this call, and of the lost ones before it: transcript, tickets, messages."""
        answers = ((turn.node, turn.text or turn.keys) for turn in self.turns)
        said = [{"node": node, "text": text} for node, text in answers if text]
        own = {"transcript": said, "tickets": self.tickets, "messages": self.messages}
        return {name: [*self.before.get(name, ()), *told][-MAX_TOLD:] for name, told in own.items()}

    def hand_over(self, transfer: Transfer) -> dict[str, Any]:
        """What a human gets with the caller: nothing that was said has to be asked again."""
        return {**transfer.handed_over, **self.told()}

    def ended(self, **facts: Any) -> CallEnded:  # noqa: ANN401 -- the event's own fields
        """The last event: what is kept here, and `facts`."""
        return CallEnded(
            **facts,
            path=list(self.path),
            options=list(self.options),
            slots=dict(self.slots),
            turns=list(self.turns),
            mode=self.mode,
            transfer=self.transfer,
            tickets=list(self.tickets),
            messages=list(self.messages),
            satisfaction=self.satisfaction,
        )
