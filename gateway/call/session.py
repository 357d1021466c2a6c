"""One call from answer to end, 20 ms at a time: ears -> mind -> mouth, and an account of everything that happened.

The session owns no clock, no task and no socket. Its shell (`runner`) ticks it with what came in on the leg, sends the
frame it returns, and finishes the work it starts (recognition, look-ups). So a two-minute call is a test of
milliseconds, in fixed order.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

from gateway import events
from gateway.call.account import Account
from gateway.call.ending import CALLED_AGAIN, COMPLETED, DRAIN_FORCED, Ending
from gateway.call.hearing import Hearing
from gateway.call.messages import SERVED_MS, Messages
from gateway.call.mind import Mind
from gateway.call.outcome import Answer
from gateway.call.overheard import Overheard
from gateway.call.transfer import HandingOver
from gateway.call.work import FAILED, CallWork, Said, answer_of, what_was_said
from gateway.dialogue import actions
from gateway.dialogue.actions import Action
from gateway.dialogue.nodes.ticket import CREATE
from gateway.dialogue.state import State
from gateway.events import CallEnded, Disposition
from gateway.media.frames import SILENCE, Frame
from gateway.prompts.player import Player
from gateway.speech import events as ears
from gateway.speech.listener import Listener
from gateway.speech.load import Step
from gateway.tasks import Pending
from gateway.transport.leg import CALLER_HUNG_UP, HandOver, HotlineState, LegInput

log = logging.getLogger(__name__)

MAX_NOISES = 2
"""Noises (speech to the detector, nothing to the recogniser) that a question forgives before they count as no input."""
_STILL_TRUE = (actions.Understood, actions.SlotFilled, actions.TicketOpened, actions.SurveyAnswered)
"""What is noted of a caller who has gone, or to whom we say goodbye because we have to."""


class CallSession:
    """One run of a flow for one call.

    `tick` is the only way in. It never blocks and never raises for anything the caller does; `ended` is set when the
    call is over.
    """

    def __init__(self, account: Account, mind: Mind, listener: Listener, player: Player, work: CallWork) -> None:
        self._account = account
        self._messages = Messages(account, work)
        self._handing_over = HandingOver(account)
        self._mind = mind
        self._ears = listener
        self._mouth = player
        self._work = work
        self._now_ms = 0.0
        self._question: actions.Listen | actions.Record | None = None
        self._answer: Answer | None = None
        self._hearing = Hearing(work, mind)
        self._looking_up: tuple[actions.Lookup, Pending[Mapping[str, Any]]] | None = None
        self._last_words: actions.Transfer | actions.Hangup | None = None
        self._noises = 0
        self._overheard = Overheard(player)
        self._left_message = False
        self._ending = Ending(account.record)
        self._on_hold = False
        self._cut_by: Literal["speech", "keys", "shutdown"] = "speech"
        self.ended: CallEnded | None = None
        self.lost_at: State | None = None
        """Where the caller was when their line was lost, if another call can go on from there."""

    # ------------------------------------------------------------------------------------------------- the shell's side

    @property
    def state(self) -> HotlineState:
        """What the hotline is doing now."""
        speaking = self._mouth.playing
        return HotlineState(speaking=speaking, listening=self._question is not None and not speaking and not self._busy)

    @property
    def over(self) -> bool:
        """Nothing is said on the line any more; the call may still wait for what was said last."""
        return self._ending.over

    @property
    def result(self) -> CallEnded:
        """What the call came to. Raises RuntimeError while it still goes on."""
        if self.ended is None:
            raise RuntimeError("the call has not ended")
        return self.ended

    def start(self) -> None:
        """Begin the flow; call once, before the first tick."""
        self._account.tell(events.RecordingStarted, path=str(self._account.recording))
        self._mind.keys_only = self._work.step >= Step.KEYS
        self._perform(self._mind.start())

    def tick(self, now_ms: float, came_in: LegInput) -> Frame:
        """Take 20 ms from the caller, return 20 ms for the caller. `now_ms` is the call's media clock."""
        self._now_ms = self._account.now_ms = now_ms
        if not self.over:
            if outcome := self._handing_over.outcome(now_ms, came_in.handed_over):
                self._transferred(outcome, gone=came_in.hung_up)
            if came_in.hung_up and not self.over:
                self._hung_up(came_in.reason)
        self._finish_work()
        if self.over:
            self._wind_up()
            return SILENCE
        if self._held(on_hold=came_in.on_hold):
            return SILENCE
        # What was just begun is on the line before the caller's 20 ms are heard.
        self._ears.prompt(self._mouth.playing, self._mouth.barge_in)
        self._hear(came_in)
        frame = self._speak()
        self._ears.played(frame)
        if self._last_words and not self._mouth.playing:
            self._close(self._last_words)
        return frame

    def take_transfer(self) -> str | None:
        """The queue that the leg is to hand the caller to now, told once; a later tick brings how it went."""
        return self._handing_over.take_wish()

    def farewell(self) -> None:
        """We have to stop: cut what is being said, say the flow's goodbye and hang up. Does nothing twice.

        What the caller was saying counts as if they had hung up now. A goodbye of the flow's own that has begun is let
        end, and who is handed over in the meantime is.
        """
        if self.over or self._ending.parting or isinstance(self._last_words, actions.Hangup):
            return
        self._ending.parting = True
        self._cut_by = "shutdown"
        self._mouth.flush()
        self._stop_listening()
        for action in self._mind.farewell():
            if isinstance(action, actions.Say):
                self._mouth.play(action)
        self._last_words = actions.Hangup(DRAIN_FORCED)

    def give_up(self) -> None:
        """The caller calls again: what we have here is a dead line. Does nothing once the call is over."""
        if not self.over and self.ended is None:
            self._hung_up(CALLED_AGAIN)

    def _hung_up(self, reason: str) -> None:
        """The caller is gone. What they said last is recognised for the record, and a message leads to its order."""
        if isinstance(self._last_words, actions.Hangup):
            if reason == CALLER_HUNG_UP:  # who doesn't hear our goodbye out has had what the flow has
                self._close(self._last_words)
                return
            self._account.record.served |= self._last_words.reason == COMPLETED
        self._ending.by_leg(reason, self._now_ms)
        # Before their last words count: whoever calls again can't know that these were still heard.
        standing = self._mind.snapshot() if reason != CALLER_HUNG_UP else None
        self._stop_listening()
        self.lost_at = None if self._left_message else standing  # a message is kept, and its order is opened

    def _held(self, *, on_hold: bool) -> bool:
        """Whether to wait because the caller has put us on hold. Afterwards a question has its whole time again."""
        was_on_hold, self._on_hold = self._on_hold, on_hold and not self._ending.parting
        if was_on_hold and not self._on_hold and self._question is not None and self._ears.armed:
            self._ears.arm(self._question, self._now_ms)
        return self._on_hold

    def _stop_listening(self) -> None:
        """Take what is being said as the last answer."""
        self._finish_turn(None)
        if said := self._ears.hang_up(self._now_ms):
            self._left_message = isinstance(said, ears.Message) and said.end_ms - said.start_ms >= SERVED_MS
            self._take(said)

    def _transferred(self, outcome: HandOver, *, gone: bool) -> None:
        """It is known how handing the caller over went; `gone`: they didn't wait for what comes next."""
        if outcome.ok and (transfer := self._account.record.transfer):
            self._ending.by_human(transfer["queue"], self._now_ms)
        elif not gone and not self._ending.parting:
            self._ears.forget_keys()  # pressed out of impatience: no answer to what is asked next
            self._think(actions.TransferFailed(outcome.reason))

    def _wind_up(self) -> None:
        """End the call, once nothing is under way that belongs on its record."""
        verdict = self._ending.verdict(busy=self._busy)
        if verdict is not None and not self._messages.pending:
            self.end(*verdict)

    def end(self, disposition: Disposition, reason: str) -> None:
        """End the call now, whatever is going on; idempotent. What ended it before, if anything did, stands."""
        if self.ended:
            return
        self._hearing.cancel()
        if self._looking_up:
            self._looking_up[1].cancel()
        self._looking_up = self._question = None
        self._finish_turn(None)
        self._messages.close()
        disposition, reason = self._ending.verdict(busy=True) or (disposition, reason)
        duration_ms = self._now_ms if self._ending.over_ms is None else self._ending.over_ms
        self.ended = self._account.end(disposition, reason, duration_ms)

    # ------------------------------------------------------------------------------------------------------------ ears

    @property
    def _busy(self) -> bool:
        return self._hearing.busy or self._looking_up is not None

    def _hear(self, came_in: LegInput) -> None:
        for heard in self._ears.tick(self._now_ms, came_in.frame, came_in.keys):
            self._take(heard)
        if isinstance(self._question, actions.Listen):
            self._hearing.feed(self._question, self._ears)

    def _take(self, heard: ears.ListenEvent) -> None:
        question = self._question
        match heard:
            case ears.KeyPressed():
                self._account.tell(events.KeyPressed, key=heard.key)
            case ears.SpeechStarted():
                self._overheard.speech_started(heard)
                self._account.tell(events.SpeechStarted, onset_ms=heard.at_ms, over_prompt=heard.over_prompt)
            case ears.BargeIn():
                self._cut_prompt(heard.by)
            case ears.Paused() | ears.SpeechDropped() if isinstance(question, actions.Listen):
                self._hearing.follow(question, heard)
            case ears.Utterance() if isinstance(question, actions.Listen):
                self._spoken(question, heard)
            case ears.Message() if isinstance(question, actions.Record):
                self._keep(question, heard)
            case ears.KeysEntered(digits="") if isinstance(question, actions.Record):
                self._silence(question)  # the finish key, and nothing said before it
            case ears.KeysEntered() if question:
                self._keyed(question.node, heard)
            case ears.NoInput() if question and self._hearing.busy:
                self._ears.arm(question, self._now_ms)  # it isn't silence yet: words are being recognised
            case ears.NoInput() if question:
                self._silence(question)

    def _spoken(self, question: actions.Listen, said: ears.Utterance) -> None:
        if question.keys_only:
            self._silence(question)  # as they were told
            return
        self._begin(Answer.given(question.node, said))
        self._overheard.take(said)
        self._hearing.take(question, said)

    def _keyed(self, node: str, entered: ears.KeysEntered, *, after_message: bool = False) -> None:
        self._begin(Answer.given(node, entered))
        self._reply(actions.Keys(entered.digits, entered.finished_by, after_message))

    def _keep(self, question: actions.Record, said: ears.Message) -> None:
        """Take a message. The call goes on at once; the words come when they come."""
        answer = Answer.given(question.node, said)
        self._begin(answer)
        self._messages.keep(answer, said.pcm)
        if said.keys and said.keys.digits:
            answer.understood = actions.Understood(question.node, actions.Outcome.ACCEPT)
            self._keyed(question.node, said.keys, after_message=True)
        else:
            self._reply(actions.Recorded(said.end_ms - said.start_ms))

    def _begin(self, answer: Answer) -> None:
        """A new answer. One that waits for its reply has none coming; words still being recognised are overtaken."""
        self._finish_turn(None)
        self._hearing.overtaken()
        self._answer = answer

    def _silence(self, question: actions.Listen | actions.Record) -> None:
        self._begin(Answer(question.node, "silence", self._now_ms, self._now_ms, self._now_ms))
        self._reply(actions.NoInput())

    # ------------------------------------------------------------------------------------------------------------ mind

    def _finish_work(self) -> None:
        self._messages.poll(self._now_ms)
        question = self._question
        if isinstance(question, actions.Listen) and (judged := self._hearing.judged(question, self._now_ms)):
            self._ears.judge(*judged)
        if done := self._hearing.finished(self._now_ms):
            self._heard(done)
        if self._looking_up and self._looking_up[1].ready(self._now_ms):
            (lookup, pending), self._looking_up = self._looking_up, None
            self._looked_up(lookup, pending)

    def _heard(self, hearing: Pending[Said]) -> None:
        answer, question = self._answer, self._question
        transcript, voice = what_was_said(hearing)
        if answer is None or not isinstance(question, actions.Listen):
            log.error("recognised words that no question waits for")
            return
        answer.voice = voice
        self._account.heard(answer, transcript, hearing.elapsed_ms)
        if self._overheard.convinces(question, transcript):
            if self._overheard.uncut:
                self._ears.disarm()
                self._cut_prompt("speech")
            self._reply(actions.Heard(transcript.text, transcript.confidence, transcript.alternatives))
        elif self._overheard.uncut:
            self._answer = None  # the prompt goes on, and the question with it
        elif transcript.rejected == FAILED:
            self._reply(actions.NoInput())  # something was said, and we couldn't hear it: the caller is asked again
        else:
            self._noise(question)

    def _noise(self, question: actions.Listen) -> None:
        """Nothing was said after all: go on where we were; only repeated noise counts as no input."""
        self._answer = None
        self._noises += 1
        if self.over or self._ending.parting:
            return
        if self._noises > MAX_NOISES:
            self._silence(question)
        else:
            self._mouth.resume()
            self._ears.arm(question, self._now_ms)

    def _looked_up(self, lookup: actions.Lookup, pending: Pending[Mapping[str, Any]]) -> None:
        answer = answer_of(pending)
        reason = answer.reason if isinstance(answer, actions.LookupFailed) else ""
        self._account.tell(
            events.LookupFinished, name=lookup.name, ok=not reason, elapsed_ms=pending.elapsed_ms, reason=reason
        )
        self._think(answer)

    def _reply(self, given: actions.Input) -> None:
        self._question = None
        self._noises = 0
        self._hearing.drop()
        self._think(given)

    def _think(self, given: actions.Input) -> None:
        self._mind.keys_only = self._work.step >= Step.KEYS
        self._perform(self._mind.step(given))

    # ----------------------------------------------------------------------------------------------------------- mouth

    def _perform(self, todo: tuple[Action, ...]) -> None:
        for action in todo:
            goes_on = not (self.over or self._ending.parting)
            if goes_on or isinstance(action, _STILL_TRUE) or self._is_owed(action):
                self._do(action)

    def _is_owed(self, action: Action) -> bool:
        """Most callers end a message by hanging up: the work order that it leads to is opened all the same."""
        return self._left_message and isinstance(action, actions.Lookup) and action.name == CREATE

    def _do(self, action: Action) -> None:
        match action:
            case actions.Say():
                self._mouth.play(action)
            case actions.Listen() | actions.Record():
                self._question = self._hearing.bounded(action)
                self._ears.arm(self._question, self._now_ms)
            case actions.Lookup():
                self._looking_up = (action, self._work.look_up(action))
            case actions.Transfer() | actions.Hangup():
                self._last_words = action
            case _:
                if self._answer and isinstance(action, actions.Understood):
                    self._answer.understood = action
                self._account.note(action)

    def _speak(self) -> Frame:
        spoken = self._mouth.tick()
        if spoken.started:
            self._overheard.prompt_started(spoken.started.text)
            self._finish_turn(self._now_ms)
            self._account.tell(events.PromptStarted, node=spoken.started.node, text=spoken.started.text)
        if spoken.ended:
            cut_by = self._cut_by if spoken.ended.cut else None
            self._account.tell(
                events.PromptEnded, node=spoken.ended.node, played_ms=spoken.ended.played_ms, cut_by=cut_by
            )
        self._ears.prompt(self._mouth.playing, spoken.barge_in)
        return spoken.frame

    def _cut_prompt(self, by: Literal["speech", "keys"]) -> None:
        if not self._ending.parting:
            self._cut_by = by
            self._mouth.flush()

    def _finish_turn(self, replied_at_ms: float | None) -> None:
        answer = self._answer
        if answer and answer.understood:
            self._answer = None
            self._account.replied(answer, replied_at_ms)

    def _close(self, last_words: actions.Transfer | actions.Hangup) -> None:
        """The flow has come to its end, or to a human who is to be asked for."""
        self._finish_turn(None)
        self._last_words = None
        if isinstance(last_words, actions.Transfer):
            self._handing_over.ask(last_words, self._now_ms)
            return
        self._ending.by_flow(last_words.reason, self._now_ms)
        self._wind_up()
