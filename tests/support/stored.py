"""Calls written into a store as if they had happened: nodes entered, answers given, in the order a call tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gateway.events import (
    CallEnded,
    CallStarted,
    Event,
    ModeChanged,
    NodeEntered,
    PromptEnded,
    SlotFilled,
    Turn,
    TurnFinished,
)
from gateway.store import Store, StoreWriter

CALLER = "13900001001"


class StoredCall:
    """One call, told step by step; every method returns the call, so that steps can be chained."""

    def __init__(
        self, call_id: str, *, at: str = "2026-11-21T10:00:00+08:00", version: str = "1+aa", resumes: str = ""
    ) -> None:
        self.call_id = call_id
        self.events: list[Event] = []
        self._turns: list[Turn] = []
        self._path: list[str] = []
        self._late: list[Turn] = []
        self._now_ms = 0.0
        self._mode = "standard"
        self._tell(
            CallStarted,
            caller_number=CALLER,
            called_number="10086",
            transport="loopback",
            flow="small",
            flow_version=version,
            mode="standard",
            started_at=at,
            resumes=resumes,
        )

    def enters(self, *nodes: str) -> StoredCall:
        """`NODE`, or `NODE:KIND` for what isn't a menu."""
        for node in nodes:
            name, _, kind = node.partition(":")
            self._path.append(name)
            self._tell(NodeEntered, node=name, kind=kind or "menu")
        return self

    def cuts(self, node: str, by: str = "speech") -> StoredCall:
        self._now_ms += 500
        self._tell(PromptEnded, node=node, played_ms=500.0, cut_by=by)
        return self

    def fills(self, slot: str, value: str) -> StoredCall:
        self._tell(SlotFilled, slot=slot, value=value)
        return self

    def changes_mode(self, mode: str) -> StoredCall:
        self._mode = mode
        self._tell(ModeChanged, mode=mode, reason="asked")
        return self

    def says(self, text: str, node: str = "main", *then: str, **turn: Any) -> StoredCall:
        """Something is said at `node`, and leads to the nodes `then`; not matched unless `matched` is given."""
        turn = {"kind": "speech", "text": text, "confidence": 0.9, "turn_latency_ms": 900.0, **turn}
        return self._answers(node, then, **turn)

    def keys(self, keys: str, node: str = "main", *then: str, **turn: Any) -> StoredCall:
        return self._answers(node, then, kind="keys", keys=keys, turn_latency_ms=900.0, **turn)

    def leaves(self, node: str, *then: str, key: str = "", **turn: Any) -> StoredCall:
        """A message is left at `node`; see `records`."""
        return self.records(node, lambda: self._follow(then), key, **turn)

    def silent(self, node: str = "main", *then: str) -> StoredCall:
        return self._answers(node, then, kind="silence", outcome="no_input")

    def _answers(self, node: str, then: Iterable[str], **turn: Any) -> StoredCall:
        return self.answers(node, lambda: self._follow(then), **turn)

    def answers(self, node: str, follow: Callable[[], None], **turn: Any) -> StoredCall:
        """As a call does it: what follows is told when the answer is taken, the turn when the reply sounds."""
        self._now_ms += 2000
        window_ms = 0.0 if turn["kind"] == "silence" else 700.0
        told = self._turn(node, window_ms, **turn)
        self._now_ms += window_ms
        return self._replied(told, follow)

    def records(self, node: str, follow: Callable[[], None], key: str = "", **turn: Any) -> StoredCall:
        """As a call takes a message: in the frame that ends it. Its turn is told after the next one, or by `hears`.

        `key`: what ended it, unless it is the finish key, and how that was understood is in `turn`, else it is silence.
        """
        self._now_ms += 9000
        how = {"matched": None, "outcome": "accept"} if key else {"matched": "message", **turn}
        message = self._turn(node, 3020.0, kind="speech", text="我家的宽带坏了", **how)
        self._now_ms += 3000
        if key:
            told = self._turn(node, 0.0, kind="keys", keys=key, turn_latency_ms=20.0, **turn)
            self._replied(told, follow)
        else:
            follow()
        self._late.append(message)
        return self

    def hears(self) -> StoredCall:
        """The words of what was recorded are there."""
        late, self._late = self._late, []
        for told in late:
            self._tell(TurnFinished, turn=told)
        return self

    def _turn(self, node: str, window_ms: float, **turn: Any) -> Turn:
        """The call's next one; it ends now."""
        turn = {"outcome": "accept" if turn.get("matched") else "no_match", **turn}
        end_ms = self._now_ms
        times = {"start_ms": end_ms - 500, "end_ms": end_ms, "heard_ms": 500, "silence_window_ms": window_ms}
        self._turns.append(Turn(index=len(self._turns), node=node, **times, **turn))
        return self._turns[-1]

    def _replied(self, told: Turn, follow: Callable[[], None]) -> StoredCall:
        follow()
        self._now_ms += 20
        self._tell(TurnFinished, turn=told)
        return self.hears()

    def _follow(self, then: Iterable[str]) -> None:
        for step in then:
            if step.startswith("mode="):
                self.changes_mode(step.removeprefix("mode="))
            elif "=" in step:
                self.fills(*step.split("=", 1))
            else:
                self.enters(step)

    def ends(self, disposition: str = "abandoned", reason: str = "caller_hung_up", **ended: Any) -> StoredCall:
        self.hears()
        facts = {"options": [], "slots": {}, "transfer": None, "recording": None} | ended
        self._tell(
            CallEnded,
            disposition=disposition,
            reason=reason,
            duration_ms=self._now_ms,
            path=self._path,
            turns=self._turns,
            mode=self._mode,
            **facts,
        )
        return self

    def _tell(self, what: type[Any], /, **facts: Any) -> None:
        self.events.append(what(call_id=self.call_id, at_ms=self._now_ms, **facts))


def store_calls(directory: Path, calls: Iterable[StoredCall]) -> None:
    """Write them into the store in `directory`."""
    with Store.open(directory) as store:
        writer = StoreWriter(store)
        for call in calls:
            for event in call.events:
                writer.emit(event)
            assert writer.flush(30)
        writer.close()
        assert writer.error is None
