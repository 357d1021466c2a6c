"""What the caller is saying, recognised: already in a pause, so that the answer is known when the silence is over.

An utterance is judged over after a silence, and what is recognised in this silence costs no time. If the caller goes
on, the work was for nothing, and the whole is recognised again: `LONGEST_LOOK_MS` bounds what a speaker with many
pauses can cost.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from asr.engine import Transcript
from asr.text import strip_punctuation
from gateway.call.mind import Mind
from gateway.call.work import CallWork, transcript_of
from gateway.dialogue.actions import Heard, Listen, Record
from gateway.dialogue.completeness import Completeness
from gateway.speech.events import Paused, SpeechDropped, Utterance
from gateway.speech.load import Step
from gateway.speech.workers import Expected
from gateway.tasks import Pending

USUAL_MS_PER_SYLLABLE = 200.0
"""Five syllables a second; the elderly voices of the samples take 250 and pause 0.6 s at a comma, others 0.4."""
FEWEST_SYLLABLES = 3
MOST_SLOWNESS = 1.5
HURRIED_SPEECH_MS = 8000
"""The longest answer while recognition can't keep up."""
LONGEST_LOOK_MS = 9000.0
"""What has gone on for longer is looked at no more, but when it is over."""


def _slowness(text: str, spoken_ms: float) -> float:
    """How much longer than usual this caller's pauses may be: who speaks slowly pauses long, too."""
    syllables = len(strip_punctuation(text))
    if syllables < FEWEST_SYLLABLES:
        return 1.0
    return min(MOST_SLOWNESS, max(1.0, spoken_ms / syllables / USUAL_MS_PER_SYLLABLE))


class Hearing:
    """The recognition of one call's answers."""

    def __init__(self, work: CallWork, mind: Mind) -> None:
        self._work = work
        self._mind = mind
        self._look: tuple[Paused, Pending[Transcript]] | None = None
        self._looked = False
        """The look was told of."""
        self._final: Pending[Transcript] | None = None

    @property
    def busy(self) -> bool:
        """An utterance that is over is being recognised."""
        return self._final is not None

    def bounded(self, question: Listen | Record) -> Listen | Record:
        """The question; while recognition can't keep up, its answer may not be as long. Messages can wait."""
        if isinstance(question, Record) or self._work.step < Step.NO_LOOKS:
            return question
        return replace(question, max_speech_ms=min(question.max_speech_ms, HURRIED_SPEECH_MS))

    def follow(self, question: Listen, heard: Paused | SpeechDropped) -> None:
        """Recognise what was said until this pause, unless it is no answer after all."""
        self.drop_look()
        if isinstance(heard, SpeechDropped) or question.keys_only or self._work.step >= Step.NO_LOOKS:
            return
        pause = heard
        if pause.end_ms - pause.start_ms <= LONGEST_LOOK_MS:
            self._look, self._looked = (pause, self._begin(question, pause)), False

    def take(self, question: Listen, said: Utterance) -> None:
        """An utterance is over: recognise it, or go on with the look that has begun to."""
        if self._look and (self._look[0].start_ms, self._look[0].end_ms) == (said.start_ms, said.end_ms):
            (_, self._final), self._look = self._look, None
        else:
            self.drop_look()
            self._final = self._begin(question, said)

    def judged(self, question: Listen, now_ms: float) -> tuple[float, float] | None:
        """Once after each look that came to something: where it ended, and how much silence that needs, ms."""
        if not self._look or self._looked or not self._look[1].ready(now_ms):
            return None
        self._looked = True
        pause, pending = self._look
        heard = transcript_of(pending)
        if not heard.text:
            return None
        said = self._mind.completeness(Heard(heard.text, heard.confidence, heard.alternatives))
        silence_ms = {
            Completeness.COMPLETE: question.complete_timeout_ms,
            Completeness.UNSURE: question.speech_timeout_ms,
            Completeness.INCOMPLETE: question.incomplete_timeout_ms,
        }[said]
        return pause.end_ms, silence_ms * _slowness(heard.text, pause.end_ms - pause.start_ms)

    def finished(self, now_ms: float) -> Pending[Transcript] | None:
        """The recognition of the utterance that is over, told once when it is done."""
        if self._final is None or not self._final.ready(now_ms):
            return None
        done, self._final = self._final, None
        return done

    def drop_look(self) -> None:
        """Nobody wants to know what was said so far; idempotent."""
        if self._look:
            self._look[1].cancel()
        self._look = None

    def overtaken(self) -> None:
        """What was being recognised is no answer any more: another has come. Idempotent."""
        if self._final:
            self._final.cancel()
        self._final = None

    def cancel(self) -> None:
        """Nobody wants to know what was said; idempotent."""
        self.drop_look()
        self.overtaken()

    def _begin(self, question: Listen, said: Paused | Utterance) -> Pending[Transcript]:
        expected = Expected(question.hints, question.answer, question.engine)
        return self._work.recognise(said.pcm, expected, partial(self._ponder, question.node))

    def _ponder(self, node: str, transcript: Transcript) -> None:
        self._mind.ponder(node, Heard(transcript.text, transcript.confidence, transcript.alternatives))
