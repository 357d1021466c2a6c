"""What a call came to, gathered while it runs and told in its last event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.dialogue.actions import Outcome, Transfer, Understood
from gateway.events import CallEnded, Disposition, Turn, TurnKind


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
    understood: Understood | None = None

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
    served: bool = False

    def hand_over(self, transfer: Transfer) -> dict[str, Any]:
        """What a human gets with the caller: nothing that was said has to be asked again."""
        turns = (turn for turn in self.turns if turn.kind != "silence")
        said = [{"node": turn.node, "text": turn.text or turn.keys} for turn in turns]
        handed_over = {**transfer.handed_over, "transcript": said}
        self.transfer = {"queue": transfer.queue, "handed_over": handed_over}
        return handed_over

    def hung_up_by_caller(self) -> Disposition:
        """A caller who has what they came for completes the call by hanging up; anyone else abandons it."""
        return "completed" if self.served else "abandoned"

    def ended(
        self, call_id: str, now_ms: float, disposition: Disposition, reason: str, recording: str | None
    ) -> CallEnded:
        """The last event."""
        return CallEnded(
            call_id=call_id,
            at_ms=now_ms,
            disposition=disposition,
            reason=reason,
            duration_ms=now_ms,
            path=list(self.path),
            options=list(self.options),
            slots=dict(self.slots),
            turns=list(self.turns),
            mode=self.mode,
            transfer=self.transfer,
            recording=recording,
        )
