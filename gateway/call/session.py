"""One call from answer to end, 20 ms at a time: ears -> mind -> mouth, and an account of everything that happened.

The session owns no clock, no task and no socket. Its shell (`runner`) ticks it with what came in on the leg, sends the
frame it returns, and finishes the work it starts (recognition, look-ups). So a two-minute call is a test of
milliseconds, in fixed order.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from asr.engine import Transcript
from gateway import events
from gateway.call.outcome import Answer, CallRecord
from gateway.call.work import FAILED, CallWork, transcript_of
from gateway.dialogue import actions
from gateway.dialogue.actions import Action
from gateway.errors import LookupFailedError
from gateway.events import CallEnded, Disposition, Emit
from gateway.media.frames import SILENCE, Frame
from gateway.prompts.player import Player
from gateway.speech import events as ears
from gateway.speech.listener import Listener
from gateway.tasks import Pending
from gateway.transport.leg import HotlineState, LegInput

log = logging.getLogger(__name__)

MAX_NOISES = 2
"""Noises (speech to the detector, nothing to the recogniser) that a question forgives before they count as no input."""


class Mind(Protocol):
    """The dialogue machine, as the session sees it."""

    def start(self) -> tuple[Action, ...]: ...

    def step(self, given: actions.Input) -> tuple[Action, ...]: ...


class CallSession:
    """One run of a flow for one call.

    `tick` is the only way in. It never blocks and never raises for anything the caller does; `ended` is set when the
    call is over.
    """

    def __init__(
        self, call_id: str, mind: Mind, listener: Listener, player: Player, work: CallWork, emit: Emit
    ) -> None:
        self._call_id = call_id
        self._mind = mind
        self._ears = listener
        self._mouth = player
        self._work = work
        self._emit = emit
        self._now_ms = 0.0
        self._record = CallRecord()
        self._question: actions.Listen | None = None
        self._answer: Answer | None = None
        self._hearing: Pending[Transcript] | None = None
        self._looking_up: tuple[actions.Lookup, Pending[Mapping[str, Any]]] | None = None
        self._last_words: actions.Transfer | actions.Hangup | None = None
        self._noises = 0
        self._must_have_keyword = False
        self._gone = False
        self._cut_by: Literal["speech", "keys"] = "speech"
        self._recording: str | None = None
        self.ended: CallEnded | None = None

    # ------------------------------------------------------------------------------------------------- the shell's side

    @property
    def state(self) -> HotlineState:
        """What the hotline is doing now."""
        speaking = self._mouth.playing
        return HotlineState(speaking=speaking, listening=self._question is not None and not speaking and not self._busy)

    @property
    def result(self) -> CallEnded:
        """What the call came to. Raises RuntimeError while it still goes on."""
        if self.ended is None:
            raise RuntimeError("the call has not ended")
        return self.ended

    def recording_started(self, path: Path) -> None:
        """Both sides are recorded there; call before `start`."""
        self._recording = str(path)
        self._tell(events.RecordingStarted, path=str(path))

    def start(self) -> None:
        """Begin the flow; call once, before the first tick."""
        self._perform(self._mind.start())

    def tick(self, now_ms: float, came_in: LegInput) -> Frame:
        """Take 20 ms from the caller, return 20 ms for the caller. `now_ms` is the call's media clock."""
        self._now_ms = now_ms
        if came_in.hung_up:
            self._hung_up()
            return SILENCE
        self._finish_work()
        # What was just begun is on the line before the caller's 20 ms are heard.
        self._ears.prompt(self._mouth.playing, self._mouth.barge_in)
        self._hear(came_in)
        frame = self._speak()
        if self._last_words and not self._mouth.playing and not self.ended:
            self._close(self._last_words)
        return frame

    def _hung_up(self) -> None:
        """The caller is gone. What they said last is still recognised for the record; nothing follows from it."""
        if isinstance(self._last_words, actions.Hangup):  # who doesn't hear our goodbye out has had what the flow has
            self._close(self._last_words)
            return
        if not self._gone:
            self._gone = True
            self._finish_turn(None)
            if utterance := self._ears.hang_up(self._now_ms):
                self._take(utterance)
        self._finish_hearing()
        if self._hearing is None:
            self.end(self._record.hung_up_by_caller(), "caller_hung_up")

    def end(self, disposition: Disposition, reason: str) -> None:
        """End the call now, whatever is going on; idempotent."""
        if self.ended:
            return
        if self._hearing:
            self._hearing.cancel()
        if self._looking_up:
            self._looking_up[1].cancel()
        self._hearing = self._looking_up = self._question = None
        self._finish_turn(None)
        self.ended = self._record.ended(self._call_id, self._now_ms, disposition, reason, self._recording)
        self._emit(self.ended)

    # ------------------------------------------------------------------------------------------------------------ ears

    @property
    def _busy(self) -> bool:
        return self._hearing is not None or self._looking_up is not None

    def _hear(self, came_in: LegInput) -> None:
        for heard in self._ears.tick(self._now_ms, came_in.frame, came_in.keys):
            self._take(heard)

    def _take(self, heard: ears.ListenEvent) -> None:
        question = self._question
        match heard:
            case ears.KeyPressed():
                self._tell(events.KeyPressed, key=heard.key)
            case ears.SpeechStarted():
                self._tell(events.SpeechStarted, onset_ms=heard.at_ms, over_prompt=heard.over_prompt)
            case ears.BargeIn():
                self._cut_prompt(heard.by)
            case ears.Utterance() if question:
                self._begin(Answer(question.node, "speech", heard.start_ms, heard.end_ms, heard.ended_at_ms))
                self._must_have_keyword = not heard.answers
                self._hearing = self._work.recognise(heard.pcm, question.hints)
            case ears.KeysEntered() if question:
                keyed = Answer(
                    question.node, "keys", heard.start_ms, heard.end_ms, heard.ended_at_ms, keys=heard.digits
                )
                self._begin(keyed)
                self._reply(actions.Keys(heard.digits, heard.finished_by))
            case ears.NoInput() if question and self._hearing:
                self._ears.arm(question, self._now_ms)  # it isn't silence yet: words are being recognised
            case ears.NoInput() if question:
                self._silence(question)
            case _:
                pass

    def _begin(self, answer: Answer) -> None:
        """A new answer. One that waits for its reply has none coming; words still being recognised are overtaken."""
        self._finish_turn(None)
        if self._hearing:
            self._hearing.cancel()
            self._hearing = None
        self._answer = answer

    def _silence(self, question: actions.Listen) -> None:
        self._begin(Answer(question.node, "silence", self._now_ms, self._now_ms, self._now_ms))
        self._reply(actions.NoInput())

    # ------------------------------------------------------------------------------------------------------------ mind

    def _finish_hearing(self) -> None:
        if self._hearing and self._hearing.ready(self._now_ms):
            hearing, self._hearing = self._hearing, None
            self._heard(hearing)

    def _finish_work(self) -> None:
        self._finish_hearing()
        if self._looking_up and self._looking_up[1].ready(self._now_ms):
            (lookup, pending), self._looking_up = self._looking_up, None
            self._looked_up(lookup, pending)

    def _heard(self, hearing: Pending[Transcript]) -> None:
        answer, question = self._answer, self._question
        transcript = transcript_of(hearing)
        if answer is None or question is None:
            log.error("recognised words that no question waits for")
            return
        answer.text, answer.alternatives = transcript.text, transcript.alternatives
        answer.confidence, answer.recognise_ms = transcript.confidence, hearing.elapsed_ms
        self._tell(
            events.UtteranceHeard,
            text=transcript.text,
            confidence=transcript.confidence,
            rejected=transcript.rejected,
            start_ms=answer.start_ms,
            end_ms=answer.end_ms,
            recognise_ms=hearing.elapsed_ms,
        )
        if self._must_have_keyword and not any(word in transcript.text for word in question.keywords):
            self._answer = None  # the prompt goes on, and the question with it
        elif transcript.text:
            if self._must_have_keyword:
                self._ears.disarm()
                self._cut_prompt("speech")
            self._reply(actions.Heard(transcript.text, transcript.confidence, transcript.alternatives))
        elif transcript.rejected == FAILED:
            self._reply(actions.NoInput())  # something was said, and we couldn't hear it: the caller is asked again
        else:
            self._noise(question)

    def _noise(self, question: actions.Listen) -> None:
        """Nothing was said after all: go on where we were; only repeated noise counts as no input."""
        self._answer = None
        self._noises += 1
        if self._gone:
            return
        if self._noises > MAX_NOISES:
            self._silence(question)
        else:
            self._mouth.resume()
            self._ears.arm(question, self._now_ms)

    def _looked_up(self, lookup: actions.Lookup, pending: Pending[Mapping[str, Any]]) -> None:
        answer: actions.Input
        try:
            answer, reason = actions.LookupSucceeded(pending.result()), ""
        except (LookupFailedError, TimeoutError) as error:
            reason = str(error) or "timeout"
            answer = actions.LookupFailed(reason)
        self._tell(events.LookupFinished, name=lookup.name, ok=not reason, elapsed_ms=pending.elapsed_ms, reason=reason)
        self._perform(self._mind.step(answer))

    def _reply(self, given: actions.Input) -> None:
        self._question = None
        self._noises = 0
        self._perform(self._mind.step(given))

    # ----------------------------------------------------------------------------------------------------------- mouth

    def _perform(self, todo: tuple[Action, ...]) -> None:
        for action in todo:
            if not self._gone or isinstance(action, actions.Understood | actions.SlotFilled):
                self._do(action)

    def _do(self, action: Action) -> None:
        record = self._record
        match action:
            case actions.Say():
                self._mouth.play(action)
            case actions.Listen():
                self._question = action
                self._ears.arm(action, self._now_ms)
            case actions.Lookup():
                self._looking_up = (action, self._work.look_up(action))
            case actions.Transfer() | actions.Hangup():
                self._last_words = action
            case actions.EnterNode():
                record.path.append(action.node)
                self._tell(events.NodeEntered, node=action.node, kind=action.kind)
            case actions.Understood():
                if self._answer:
                    self._answer.understood = action
                if action.option:
                    record.options.append(action.option)
            case actions.SlotFilled():
                record.slots[action.slot] = str(action.value)
                self._tell(events.SlotFilled, slot=action.slot, value=str(action.value))
            case actions.ModeChanged():
                record.mode = action.mode
                self._tell(events.ModeChanged, mode=action.mode, reason=action.reason)
            case actions.Served():
                record.served = True

    def _speak(self) -> Frame:
        spoken = self._mouth.tick()
        if spoken.started:
            self._finish_turn(self._now_ms)
            self._tell(events.PromptStarted, node=spoken.started.node, text=spoken.started.text)
        if spoken.ended:
            cut_by = self._cut_by if spoken.ended.cut else None
            self._tell(events.PromptEnded, node=spoken.ended.node, played_ms=spoken.ended.played_ms, cut_by=cut_by)
        self._ears.prompt(self._mouth.playing, spoken.barge_in)
        return spoken.frame

    def _cut_prompt(self, by: Literal["speech", "keys"]) -> None:
        self._cut_by = by
        self._mouth.flush()

    # ------------------------------------------------------------------------------------------------------ the record

    def _tell(self, what: type[events.Happened], /, **facts: Any) -> None:  # noqa: ANN401 -- the event's own fields
        self._emit(cast(events.Event, what(call_id=self._call_id, at_ms=self._now_ms, **facts)))

    def _finish_turn(self, replied_at_ms: float | None) -> None:
        answer = self._answer
        if answer and answer.understood:
            self._answer = None
            turn = answer.turn(len(self._record.turns), replied_at_ms)
            self._record.turns.append(turn)
            self._tell(events.TurnFinished, turn=turn)

    def _close(self, last_words: actions.Transfer | actions.Hangup) -> None:
        if isinstance(last_words, actions.Transfer):
            self._finish_turn(None)
            handed_over = self._record.hand_over(last_words)
            self._tell(events.TransferRequested, queue=last_words.queue, handed_over=handed_over)
            self.end("transferred", f"queue:{last_words.queue}")
        else:
            self.end("completed" if last_words.reason == "completed" else "abandoned", last_words.reason)
