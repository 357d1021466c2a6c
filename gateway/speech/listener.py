"""One call's ears: frames and keys in, facts out, by the rules of the question that is being asked.

What callers may expect:

- Over a prompt that speech may cut, speech cuts it after 300 to 600 ms (`bargein`); a back-channel, a cough or a
  click doesn't. What was said is kept from its first syllable on.
- Over a prompt that speech may not cut, speech that ends while it plays is no answer. Whoever answers a little early,
  so that the speech or the silence after it reaches past the end of the prompt, is heard from the beginning.
- What was long enough to cut it, but sounded like a back-channel and has ended, is handed out to be recognised, and so
  is each utterance over a prompt that only a keyword cuts; the prompt goes on.
- Any key cuts a prompt, unless nothing may; either way the key counts. Keys pressed before the question are its answer.
- Keys win over speech, until it is handed out to be recognised.
- Waiting for an answer begins when the prompt has ended. Speech under way when the time is up is heard to its end.
- A question always ends: noise that sounds like speech is cut at the longest utterance.
- A message (the question is a `Record`) is kept from its first syllable on, and any key ends it: what was said before
  the key is kept, and handed out together with the key.

The prompt's own echo is taken out of all that is heard (`echo`), as long as the ears are told what was `played`. Until
an echo is known, what would stop the prompt or is being said is compared with what was played. An echo that is too bent
for that (a loudspeaker telephone without echo control) gets through here; whoever has the text can still see that it
resembles the prompt (`words`).
"""

from __future__ import annotations

from typing import Literal, Protocol

from gateway.dialogue import actions
from gateway.dialogue.actions import KeyEntry, Listen, Record
from gateway.media.frames import FRAME_MS, Frame, Pcm
from gateway.speech.bargein import BargeInJudge
from gateway.speech.echo import EchoCanceller
from gateway.speech.events import (
    BargeIn,
    KeyPressed,
    KeysEntered,
    ListenEvent,
    Message,
    NoInput,
    Paused,
    SpeechDropped,
    SpeechStarted,
    Utterance,
)
from gateway.speech.keys import KeyCollector
from gateway.speech.segments import ONSET_WINDOW, Segment, Segmenter

MIN_LEVEL_OVER_PROMPT_DBFS = -52.0
"""What an echo leaves behind lies below this, and so does nobody who means to be heard over a prompt."""
LEAK_DB = 6.0
"""A frame so much fainter than the echo taken out of it may be the rest of that echo: 12 to 18 dB are taken out."""
SILENT_DBFS = -120.0
ECHO_CHECK_MS = 400
IDLE = Listen(node="")
"""How segments are cut while nobody asks."""


class Verdict(Protocol):
    """What a detector says about one frame."""

    @property
    def speech(self) -> bool: ...

    @property
    def level_dbfs(self) -> float: ...


class Detector(Protocol):
    """Voice activity of one call, frame by frame; keeps state between frames."""

    def accept(self, frame: Frame, *, wary: bool = False) -> Verdict:
        """Judge a frame; `wary`: rather miss a syllable than take a sound for one."""


class Listener:
    """The ears of one call. Pure: ticked once per 20 ms frame, in order.

    Args:
        detector: a detector of this call's own.
        judge: what decides whether speech stops a prompt, this call's own.
    """

    def __init__(self, detector: Detector, judge: BargeInJudge | None = None) -> None:
        self._detector = detector
        self._segmenter = Segmenter()
        self._keys = KeyCollector()
        self._question: Listen | None = None
        self._is_message = False
        self._playing = False
        self._barge_in = actions.BargeIn.OFF
        self._was_playing = False
        self._prompt_ended_ms = float("-inf")
        self._quiet_since_ms = 0.0
        self._cut = False
        self._judged: tuple[float, float] | None = None
        self._told_start = False
        self._judge = judge or BargeInJudge()
        self._echo = EchoCanceller()

    @property
    def armed(self) -> bool:
        """A question is open."""
        return self._question is not None

    @property
    def waiting(self) -> bool:
        """A question is open and its prompt is over."""
        return self._question is not None and not self._playing

    def arm(self, question: Listen | Record, now_ms: float) -> None:
        """Open a question, usually together with its prompt. Speech under way and keys pressed ahead count for it."""
        self._is_message = isinstance(question, Record)
        self._question = question if isinstance(question, Listen) else _rules(question)
        self._quiet_since_ms = now_ms
        self._cut = False
        self._judged = None
        self._judge.begin()
        self._keys.begin()

    def judge(self, end_ms: float, silence_ms: float) -> None:
        """What was said until `end_ms` (of a `Paused`) is over after so much silence, unless more was said by now."""
        self._judged = (end_ms, silence_ms)

    def being_said(self, since: int) -> Pcm | None:
        """What is being said and may be the answer, from its sample `since` on, counted from the beginning of its
        pre-roll; None when nothing is.
        """
        answering = self._question is not None and not self._is_message and self._may_answer
        return self._segmenter.sound_since(since) if answering and self._segmenter.speaking else None

    def disarm(self) -> None:
        """Close the question without an answer of ours; idempotent."""
        self._question = None

    def forget_keys(self) -> None:
        """Keys pressed so far answer nothing: nobody asked, and what is asked next is something else."""
        self._keys.forget()

    def hang_up(self, now_ms: float) -> Utterance | Message | None:
        """The line is dead: what was being said is the answer, when there was a question it could answer."""
        segment = self._segmenter.finish(now_ms)
        events: list[ListenEvent] = []
        if segment is not None and self._question is not None:
            self._take_segment(segment, events)
        self.disarm()
        said = (event for event in events if isinstance(event, Utterance | Message))
        return next((event for event in said if isinstance(event, Message) or event.answers), None)

    def prompt(self, playing: bool, barge_in: actions.BargeIn = actions.BargeIn.OFF) -> None:
        """Say before each tick, or at each change, whether a prompt is on the line and what may cut it."""
        self._playing = playing
        self._barge_in = barge_in

    def played(self, frame: Frame) -> None:
        """Say after each tick what goes out in those 20 ms, so that its echo isn't heard; silence too."""
        self._echo.played(frame)

    def tick(self, now_ms: float, frame: Frame, keys: tuple[str, ...] = ()) -> list[ListenEvent]:
        """Hear the frame of `now_ms` to `now_ms` + 20 and the keys that came with it."""
        self._follow_prompt(now_ms)
        events: list[ListenEvent] = []
        frame = self._without_echo(now_ms, frame, events)
        verdict = self._detector.accept(frame, wary=self._playing)
        for key in keys:
            self._keys.press(key, now_ms)
            events.append(KeyPressed(key, now_ms))
        if self._question is not None:
            self._take_keys(self._question, now_ms, events)
        loud_enough = verdict.level_dbfs >= self._echo.level_dbfs - LEAK_DB and (
            not self._playing or verdict.level_dbfs >= MIN_LEVEL_OVER_PROMPT_DBFS
        )
        voiced = verdict.speech and loud_enough and not self._keys.entering
        self._hear(now_ms, frame, verdict.level_dbfs if loud_enough else SILENT_DBFS, voiced, events)
        if self._question is not None:
            self._count_silence(self._question, now_ms, events)
        return events

    def _follow_prompt(self, now_ms: float) -> None:
        if self._was_playing and not self._playing:
            self._prompt_ended_ms = now_ms
            self._quiet_since_ms = now_ms
        self._was_playing = self._playing

    def _take_keys(self, question: Listen, now_ms: float, events: list[ListenEvent]) -> None:
        if self._playing and self._barge_in is actions.BargeIn.OFF:
            return
        said: Segment | None = None
        if self._keys.waiting:
            kept = self._is_message and (not self._playing or self._cut)
            if self._playing and not self._cut:
                self._cut = True
                events.append(BargeIn(now_ms, "keys"))
            if self._segmenter.speaking and kept:
                self._tell_start(events)
                said = self._segmenter.finish(now_ms)
                self._told_start = False
            elif self._segmenter.speaking:
                self._drop_speech(now_ms, "keys", events)
        entered = self._keys.collect(question.keys, now_ms)
        if entered is not None:
            self._question = None
            events.append(entered if said is None else _message(said, entered))

    def _without_echo(self, now_ms: float, frame: Frame, events: list[ListenEvent]) -> Frame:
        """What came in, less the echo of what was played; what was taken for speech until that was known is dropped."""
        unknown = self._echo.delay_ms is None
        frame = self._echo.clean(frame)
        if unknown and self._echo.delay_ms is not None and self._segmenter.speaking:
            self._drop_echo(now_ms, events)
        return frame

    def _drop_echo(self, now_ms: float, events: list[ListenEvent]) -> bool:
        """Drop what is being said if it is the echo of what was played."""
        if not self._echo.explains(ECHO_CHECK_MS):
            return False
        self._drop_speech(now_ms, "echo", events)
        self._judge.begin()
        return True

    def _hear(self, now_ms: float, frame: Frame, level_dbfs: float, voiced: bool, events: list[ListenEvent]) -> None:
        question = self._question or IDLE
        silence_ms = float(question.speech_timeout_ms)
        if self._judged and self._judged[0] == self._segmenter.end_ms:
            silence_ms = self._judged[1]
        segment = self._segmenter.tick(
            now_ms,
            frame,
            level_dbfs if voiced else None,
            silence_ms=silence_ms,
            max_speech_ms=question.max_speech_ms,
        )
        if self._question is not None:
            self._look_for_barge_in(now_ms, frame, level_dbfs, voiced, events)
            self._report(now_ms, segment, events)
        if segment is not None:
            self._told_start = False

    def _look_for_barge_in(
        self, now_ms: float, frame: Frame, level_dbfs: float, voiced: bool, events: list[ListenEvent]
    ) -> None:
        if not self._playing or self._barge_in is not actions.BargeIn.SPEECH or self._cut:
            return
        undecided = self._judge.undecided
        stop = self._judge.hear(frame, level_dbfs, voiced, masked=level_dbfs == SILENT_DBFS)
        if not self._segmenter.speaking or not (stop or self._judge.undecided != undecided):
            return
        self._tell_start(events)
        if not self._drop_echo(now_ms, events) and stop:
            self._cut = True
            events.append(BargeIn(now_ms, "speech"))

    def _report(self, now_ms: float, segment: Segment | None, events: list[ListenEvent]) -> None:
        if segment is not None or self._segmenter.speaking:
            self._tell_start(events)
        if segment is not None:
            self._take_segment(segment, events)
        elif self._segmenter.pausing and not self._is_message and self._may_answer:
            so_far = self._segmenter.so_far(now_ms)
            if so_far is not None:
                events.append(Paused(so_far.pcm, so_far.start_ms, so_far.end_ms))

    @property
    def _may_answer(self) -> bool:
        """What is being said may be handed out as an answer."""
        return not self._playing or self._cut or (self._barge_in is actions.BargeIn.SPEECH and self._judge.undecided)

    def _tell_start(self, events: list[ListenEvent]) -> None:
        if not self._told_start:
            self._told_start = True
            events.append(SpeechStarted(self._segmenter.start_ms, self._over_prompt(self._segmenter.start_ms)))

    def _take_segment(self, segment: Segment, events: list[ListenEvent]) -> None:
        answers = not self._playing or self._cut
        undecided = self._barge_in is actions.BargeIn.SPEECH and self._judge.undecided
        self._judge.begin()
        if not answers and (self._is_message or not (undecided or self._barge_in is actions.BargeIn.KEYWORD)):
            brief = self._barge_in is actions.BargeIn.SPEECH
            events.append(SpeechDropped(segment.ended_at_ms, "brief" if brief else "not_allowed"))
            return
        if answers:
            self._question = None
            self._judge.learn(segment.pcm)
        if self._is_message:
            events.append(_message(segment))
            return
        events.append(
            Utterance(
                segment.pcm,
                start_ms=segment.start_ms,
                end_ms=segment.end_ms,
                ended_at_ms=segment.ended_at_ms,
                over_prompt=self._over_prompt(segment.start_ms),
                answers=answers,
            )
        )

    def _count_silence(self, question: Listen, now_ms: float, events: list[ListenEvent]) -> None:
        if self._playing or self._segmenter.speaking or self._keys.entering:
            return
        late_ms = now_ms + FRAME_MS - self._quiet_since_ms - question.timeout_ms
        deciding = self._segmenter.perhaps_speaking and late_ms < ONSET_WINDOW * FRAME_MS
        if late_ms >= 0 and not deciding:
            self._question = None
            events.append(NoInput(now_ms + FRAME_MS))

    def _drop_speech(self, now_ms: float, reason: Literal["keys", "echo"], events: list[ListenEvent]) -> None:
        self._segmenter.drop()
        if self._told_start:
            self._told_start = False
            events.append(SpeechDropped(now_ms, reason))

    def _over_prompt(self, start_ms: float) -> bool:
        return self._playing or start_ms < self._prompt_ended_ms


def _rules(record: Record) -> Listen:
    """A message in the terms of a question: any key ends it."""
    return Listen(
        record.node,
        keys=KeyEntry(finish_on_key=record.finish_on_key),
        timeout_ms=record.timeout_ms,
        speech_timeout_ms=record.speech_timeout_ms,
        max_speech_ms=record.max_speech_ms,
    )


def _message(segment: Segment, keys: KeysEntered | None = None) -> Message:
    return Message(segment.pcm, segment.start_ms, segment.end_ms, segment.ended_at_ms, keys)
