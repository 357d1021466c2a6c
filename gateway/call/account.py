"""Tells what happens in one call, event by event, and keeps what the call comes to for its last one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from asr.engine import Transcript
from gateway import events
from gateway.call.outcome import Answer, CallRecord
from gateway.dialogue import actions
from gateway.errors import RecordingError
from gateway.events import CallEnded, Disposition, Emit


class Account:
    """The account of one call.

    Args:
        call_id: names the call in every event.
        recording: the file that both sides are recorded to; what else is kept of the call's sound lies beside it.
        emit: where the events go.
        line: how the line was so far, asked at the end.
    """

    def __init__(
        self,
        call_id: str,
        recording: Path,
        emit: Emit,
        line: Callable[[], Mapping[str, Any] | None] = lambda: None,
    ) -> None:
        self.recording = recording
        self.now_ms = 0.0
        """The moment of what is told next."""
        self.record = CallRecord()
        self.loss: RecordingError | None = None
        """The first thing of the call that couldn't be kept."""
        self._call_id = call_id
        self._emit = emit
        self._line = line

    def tell(self, what: type[events.Happened], /, **facts: Any) -> None:  # noqa: ANN401 -- the event's own fields
        """Something happened now."""
        self._emit(cast(events.Event, what(call_id=self._call_id, at_ms=self.now_ms, **facts)))

    def note(self, fact: actions.EnterNode | actions.Fact) -> None:
        """Something that the dialogue says has happened."""
        record = self.record
        match fact:
            case actions.EnterNode():
                record.path.append(fact.node)
                self.tell(events.NodeEntered, node=fact.node, kind=fact.kind)
            case actions.Understood():
                if fact.option:
                    record.options.append(fact.option)
            case actions.SlotFilled():
                value = "" if fact.value is None else str(fact.value)  # emptied
                record.slots[fact.slot] = value
                self.tell(events.SlotFilled, slot=fact.slot, value=value)
            case actions.ModeChanged():
                record.mode = fact.mode
                self.tell(events.ModeChanged, mode=fact.mode, reason=fact.reason)
            case actions.Served():
                record.served = True
            case actions.TicketOpened():
                ticket = {"category": fact.category, "summary": fact.summary, "due": fact.due, "number": fact.number}
                record.tickets.append(ticket)
                self.tell(events.TicketOpened, **ticket)
            case actions.SurveyAnswered():
                record.satisfaction = fact.score
                self.tell(events.SurveyAnswered, score=fact.score)

    def message(self, answer: Answer, path: Path) -> None:
        """A message lies at `path`."""
        kept = {"node": answer.node, "path": str(path), "start_ms": answer.start_ms, "end_ms": answer.end_ms}
        self.record.messages.append(kept)
        self.tell(events.MessageRecorded, **kept)

    def heard(self, answer: Answer, words: Transcript, recognise_ms: float) -> None:
        """What the recogniser made of an answer; if it is a turn already, that is told now."""
        answer.text, answer.alternatives = words.text, words.alternatives
        answer.confidence, answer.recognise_ms = words.confidence, recognise_ms
        self.tell(
            events.UtteranceHeard,
            text=words.text,
            confidence=words.confidence,
            rejected=words.rejected,
            start_ms=answer.start_ms,
            end_ms=answer.end_ms,
            recognise_ms=recognise_ms,
        )
        self.words_done(answer)

    def replied(self, answer: Answer, replied_at_ms: float | None) -> None:
        """An answer is the call's next turn; that is told at once, unless its words follow."""
        answer.index = len(self.record.turns)
        self.record.turns.append(answer.turn(answer.index, replied_at_ms))
        if not answer.words_follow:
            self._tell_turn(answer, answer.index)

    def words_done(self, answer: Answer) -> None:
        """No more words of an answer will come; if it is a turn already, that is told now."""
        answer.words_follow = False
        if answer.index is not None:
            self._tell_turn(answer, answer.index)

    def _tell_turn(self, answer: Answer, index: int) -> None:
        turn = replace(
            self.record.turns[index],
            text=answer.text,
            alternatives=answer.alternatives,
            confidence=answer.confidence,
            recognise_ms=answer.recognise_ms,
            voice=answer.voice,
        )
        self.record.turns[index] = turn
        self.tell(events.TurnFinished, turn=turn)

    def end(self, disposition: Disposition, reason: str, duration_ms: float) -> CallEnded:
        """Tell the last event."""
        line = self._line()
        ended = self.record.ended(
            call_id=self._call_id,
            at_ms=self.now_ms,
            disposition=disposition,
            reason=reason,
            duration_ms=duration_ms,
            recording=str(self.recording),
            line=None if line is None else dict(line),
        )
        self._emit(ended)
        return ended
