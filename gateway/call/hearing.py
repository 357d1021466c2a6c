"""What the caller is saying, recognised: already in a pause, so that the answer is known when the silence is over.

An utterance is judged over after a silence, and what is recognised in this silence costs no time. If the caller goes
on, the work was for nothing, and the whole is recognised again: `LONGEST_LOOK_MS` bounds what a speaker with many
pauses can cost. An engine that hears while it is being said needs no such looks.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from asr.engine import Transcript
from asr.text import strip_punctuation
from gateway.call.mind import Mind
from gateway.call.work import CallWork, Said, what_was_said
from gateway.dialogue.actions import Heard, Listen, Record
from gateway.dialogue.completeness import Completeness
from gateway.speech.events import Paused, SpeechDropped, Utterance
from gateway.speech.listener import Listener
from gateway.speech.live import Live
from gateway.speech.load import Step
from gateway.speech.workers import Expected
from gateway.tasks import Pending

USUAL_MS_PER_SYLLABLE = 200.0
"""Five syllables a second; the elderly voices of the samples take 250 and pause 0.6 s at a comma, others 0.4."""
FEWEST_SYLLABLES = 3
MOST_SLOWNESS = 1.5
FEED_SAMPLES = 3200
"""200 ms: partial results come no more often than that anyway."""
HURRIED_SPEECH_MS = 8000
"""The longest answer while recognition can't keep up."""
LONGEST_LOOK_MS = 9000.0
"""What has gone on for longer is looked at no more, but when it is over."""


class Hearing:
    """The recognition of one call's answers."""

    def __init__(self, work: CallWork, mind: Mind) -> None:
        self._work = work
        self._mind = mind
        self._live: Live | None = None
        self._fed = 0
        """Samples of what is being said that the engine has been given."""
        self._pause: Paused | None = None
        """The last one in what is being said."""
        self._told = False
        """It was told how much silence it needs, or that nobody knows."""
        self._look: Pending[Said] | None = None
        self._final: Pending[Said] | None = None

    @property
    def busy(self) -> bool:
        """An utterance that is over is being recognised."""
        return self._final is not None

    def bounded(self, question: Listen | Record) -> Listen | Record:
        """The question; while recognition can't keep up, its answer may not be as long. Messages can wait."""
        if isinstance(question, Record) or self._work.step < Step.NO_LOOKS:
            return question
        return replace(question, max_speech_ms=min(question.max_speech_ms, HURRIED_SPEECH_MS))

    def feed(self, question: Listen, ears: Listener) -> None:
        """With every tick: an engine that can hears what is being said already now."""
        said = None if question.keys_only or self.busy else ears.being_said(self._fed)
        if said is None or len(said) < FEED_SAMPLES:
            return
        if self._live is None and self._fed == 0:
            self._live = self._work.open(_expected(question))
        self._fed += len(said)
        if self._live is not None:
            self._live.feed(said)

    def follow(self, question: Listen, heard: Paused | SpeechDropped) -> None:
        """Look at what was said until this pause, unless it is no answer after all."""
        self._forget_look()
        if isinstance(heard, SpeechDropped):
            self.drop()
        elif self._live is not None:
            self._pause = heard
        elif self._worth_a_look(question, heard):
            self._pause, self._look = heard, self._begin(question, heard)

    def take(self, question: Listen, said: Utterance) -> None:
        """An utterance is over: recognise it, or go on with what has begun to."""
        pause = self._pause
        if self._live is not None:
            if len(said.pcm) > self._fed:
                self._live.feed(said.pcm[self._fed :])
            self._final = self._work.finish(self._live, said.pcm, partial(self._ponder, question.node))
            self._live = None
        elif self._look and pause and (pause.start_ms, pause.end_ms) == (said.start_ms, said.end_ms):
            self._final, self._look = self._look, None
        else:
            self._forget_look()
            self._final = self._begin(question, said)
        self.drop()

    def judged(self, question: Listen, now_ms: float) -> tuple[float, float] | None:
        """Once after each look that came to something: where it ended, and how much silence that needs, ms."""
        pause = self._pause
        heard = None if pause is None or self._told else self._heard_until(pause, now_ms)
        if pause is None or heard is None:
            return None
        self._told = True
        if not heard.text:
            return None
        said = self._mind.completeness(heard)
        silence_ms = {
            Completeness.COMPLETE: question.complete_timeout_ms,
            Completeness.UNSURE: question.speech_timeout_ms,
            Completeness.INCOMPLETE: question.incomplete_timeout_ms,
        }[said]
        return pause.end_ms, silence_ms * _slowness(heard.text, pause.end_ms - pause.start_ms)

    def _heard_until(self, pause: Paused, now_ms: float) -> Heard | None:
        """What was said until then; None while that isn't known."""
        if self._live is not None:
            return Heard(self._live.partial) if self._fed >= len(pause.pcm) and self._live.caught_up else None
        if self._look is None or not self._look.ready(now_ms):
            return None
        heard, _ = what_was_said(self._look)
        return Heard(heard.text, heard.confidence, heard.alternatives)

    def finished(self, now_ms: float) -> Pending[Said] | None:
        """The recognition of the utterance that is over, told once when it is done."""
        if self._final is None or not self._final.ready(now_ms):
            return None
        done, self._final = self._final, None
        return done

    def drop(self) -> None:
        """Nobody wants to know what is being said; idempotent."""
        self._forget_look()
        if self._live is not None:
            self._live.drop()
        self._live, self._fed = None, 0

    def overtaken(self) -> None:
        """What was being recognised is no answer any more: another has come. Idempotent."""
        if self._final:
            self._final.cancel()
        self._final = None

    def cancel(self) -> None:
        """Nobody wants to know what was said; idempotent."""
        self.drop()
        self.overtaken()

    def _worth_a_look(self, question: Listen, pause: Paused) -> bool:
        short = pause.end_ms - pause.start_ms <= LONGEST_LOOK_MS
        return short and not question.keys_only and self._work.step < Step.NO_LOOKS

    def _forget_look(self) -> None:
        if self._look:
            self._look.cancel()
        self._look = self._pause = None
        self._told = False

    def _begin(self, question: Listen, said: Paused | Utterance) -> Pending[Said]:
        return self._work.recognise(said.pcm, _expected(question), partial(self._ponder, question.node))

    def _ponder(self, node: str, transcript: Transcript) -> None:
        self._mind.ponder(node, Heard(transcript.text, transcript.confidence, transcript.alternatives))


def _expected(question: Listen) -> Expected:
    return Expected(question.hints, question.answer, question.engine)


def _slowness(text: str, spoken_ms: float) -> float:
    """How much longer than usual this caller's pauses may be: who speaks slowly pauses long, too."""
    syllables = len(strip_punctuation(text))
    if syllables < FEWEST_SYLLABLES:
        return 1.0
    return min(MOST_SLOWNESS, max(1.0, spoken_ms / syllables / USUAL_MS_PER_SYLLABLE))
