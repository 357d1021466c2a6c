"""A stored call put in order: every answer of the caller stands before what it led to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from gateway.dialogue.choices import REPEAT
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.state import STANDARD
from gateway.events import CallStarted, Event, ModeChanged, NodeEntered, SlotFilled, Turn, TurnFinished
from gateway.media.frames import FRAME_MS

KINDS = ("call_started", "node_entered", "prompt_ended", "slot_filled", "mode_changed", "turn_finished")
"""The events that are looked at."""
HUNG_UP = "caller_hung_up"
"""The `reason` of a call that the caller ended."""
YES, NO = "yes", "no"


def ended_before_its_flow(disposition: str, reason: str) -> bool:
    """Whether the caller, the line or a shutdown ended the call, and not its flow or the hands of a human."""
    return disposition == "failed" or reason == HUNG_UP or (disposition == "completed" and reason != "completed")


def resumes(events: Iterable[Event]) -> bool:
    """Whether the call goes on with one whose line was lost: it begins in the middle, at the node where that ended."""
    return any(isinstance(event, CallStarted) and event.resumes for event in events)


def in_order(events: Iterable[Event]) -> list[Event]:
    """The events of one call, each turn moved to the moment when its answer was taken.

    A turn is told when the reply begins to sound, after the nodes that the reply went through were entered; that of a
    message when its words are known, which may be after later turns.
    """
    told = list(events)
    messages = {event.node for event in told if isinstance(event, NodeEntered) and event.kind == Message.kind}
    turns = sorted((event for event in told if isinstance(event, TurnFinished)), key=lambda event: event.turn.index)
    others = deque(event for event in told if not isinstance(event, TurnFinished))
    ordered: list[Event] = []
    for event in turns:
        taken_ms = _taken_ms(event.turn, is_message=event.turn.kind == "speech" and event.turn.node in messages)
        while others and others[0].at_ms < taken_ms:
            ordered.append(others.popleft())
        ordered.append(event)
    return [*ordered, *others]


def _taken_ms(turn: Turn, *, is_message: bool) -> float:
    """Between the frame in which an answer was taken and the one before.

    Words are first recognised, at the earliest by the frame that begins as they end; a message is taken in the frame
    that it ends with.
    """
    frame_ms = turn.end_ms + turn.silence_window_ms - (FRAME_MS if is_message else 0)
    return frame_ms - FRAME_MS / 2


@dataclass(slots=True)
class Step:
    """One answer: where the call stood, and what it led to."""

    turn: Turn
    mode: str
    slots: dict[str, str]
    """Filled by then, as they were told."""
    path: tuple[str, ...]
    """Nodes entered since the answer before."""
    failures: int = 0
    """Answers that failed since the question was put."""
    confirming: Turn | None = None
    """The answer that is waiting for a yes."""
    entered: list[tuple[str, str]] = field(default_factory=list)
    """Nodes entered after it, until the next answer, each with its kind."""
    mode_after: str | None = None
    """The mode that it changed to, the question standing."""
    message: Turn | None = None
    """The message that the keys of this answer ended."""

    @property
    def choice(self) -> str | None:
        """What an accepted answer settled on, also by a yes to a confirmation; None when it settled nothing."""
        if self.turn.outcome != "accept":
            return None
        if self.confirming is not None and self.turn.matched in {YES, NO}:
            return self.confirming.matched if self.turn.matched == YES else None
        return self.turn.matched

    @property
    def failed(self) -> bool:
        """Whether it counts among the failures of its question."""
        turn = self.turn
        if self.confirming is None:
            return turn.outcome in {"no_input", "no_match"}
        return turn.outcome != "accept" or turn.matched == NO

    @property
    def awaits_keys(self) -> bool:
        """Whether it is a message that keys ended: they are its answer, and the next turn."""
        turn = self.turn
        return turn.kind == "speech" and turn.outcome == "accept" and turn.matched is None

    @property
    def leaves_open(self) -> Turn | None:
        """The answer that waits for a yes after this one."""
        turn = self.turn
        if turn.outcome == "confirm":
            return turn
        return self.confirming if turn.outcome != "accept" or turn.matched == REPEAT else None


def steps(ordered: Iterable[Event]) -> list[Step]:
    """The answers of a call, from its events `in_order`; a message and the keys that ended it are one."""
    found: list[Step] = []
    mode, slots, path = STANDARD, dict[str, str](), list[str]()
    for event in ordered:
        last = found[-1] if found else None
        match event:
            case NodeEntered():
                path.append(event.node)
                if last is not None:
                    last.entered.append((event.node, event.kind))
            case ModeChanged():
                mode = event.mode
                if last is not None and not last.entered:
                    last.mode_after = mode
            case SlotFilled():
                slots = slots | {event.slot: event.value}
            case TurnFinished() if last is not None and last.awaits_keys and event.turn.kind == "keys":
                found[-1] = replace(last, turn=event.turn, message=last.turn)
            case TurnFinished():
                step = Step(event.turn, mode, slots, tuple(path))
                if last is not None and not path and last.mode_after is None:  # the same question still stands
                    step.failures = 0 if last.choice not in {None, REPEAT} else last.failures + last.failed
                    step.confirming = last.leaves_open
                found.append(step)
                path = []
    return found
