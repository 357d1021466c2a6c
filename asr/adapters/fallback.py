"""Several engines in order: one that fails or stalls is left, and the next one hears the same utterance from its start.

Nothing that a caller said is lost: the audio is kept until somebody has heard it. An engine that was left is tried
again on a copy of a later utterance, beside the engine that answers, so no caller ever waits for a trial. Cost: a
thread for each utterance while it is heard, and its audio kept once more (32 kB a second).
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Sequence

import numpy as np

from asr.adapters.attempt import Attempt
from asr.adapters.crew import Choice, Crew, Expected, nobody_answered
from asr.adapters.health import Health
from asr.engine import Capabilities, ClosedAnswer, Engine, Pcm, Transcript
from asr.errors import SpeechError

RETRY_AFTER_S = 30.0
STALL_AFTER_S = 4.0
"""From the end of an utterance; a caller who has waited longer hangs up or speaks again."""
LAST_PATIENCE = 3.0
"""The last engine gets so many times as long: a late answer is better than none."""


class FallbackEngine:
    """An ordered set of engines, used as one. `stream` may be called from any thread.

    Args:
        engines: the preferred one first; they are closed with this one.
        retry_after_s: when an engine that was left is tried again; doubled with each further failure, up to 10 min.
        stall_after_s: how long an answer may take from the end of the utterance; a quarter of the utterance's length is
            added, and the last engine gets three times as long.
        clock_ms: a steady clock; for when to try again.

    Raises:
        SpeechError: there are no engines.
    """

    name = "fallback"

    def __init__(
        self,
        engines: Sequence[Engine],
        *,
        retry_after_s: float = RETRY_AFTER_S,
        stall_after_s: float = STALL_AFTER_S,
        clock_ms: Callable[[], float] = lambda: time.monotonic() * 1000.0,
    ) -> None:
        if not engines:
            raise SpeechError("there is no engine to fall back on", where=self.name, remedy="name at least one")
        self._crew = Crew(engines, retry_after_s, stall_after_s, clock_ms)

    @property
    def capabilities(self) -> Capabilities:
        """Partial results and times of words if the engine that is asked next has them: this may change at any time.

        Hints and closed answers if any engine makes use of them; the others pass them over.
        """
        every = [engine.capabilities for engine in self._crew.engines]
        choice = self._crew.choose()
        current = every[choice.number if choice else 0]
        return Capabilities(
            streaming=current.streaming,
            hints=any(one.hints for one in every),
            word_times=current.word_times,
            closed_answers=any(one.closed_answers for one in every),
        )

    @property
    def health(self) -> tuple[Health, ...]:
        """How the engines are, in their order."""
        return self._crew.health

    def stream(
        self, hints: Sequence[str] = (), *, answer: ClosedAnswer | None = None, quick: bool = False
    ) -> FallbackStream:
        return FallbackStream(self._crew, Expected(tuple(hints), answer, quick))

    def close(self) -> None:
        """Close all engines; idempotent. One that is stuck in an utterance can't be freed safely, and isn't."""
        self._crew.close()


class FallbackStream:
    """One utterance and all who have tried to hear it; see `asr.engine.Stream`.

    An engine that gives partial results hears the audio as it comes. Any other one begins when the utterance is over.
    """

    def __init__(self, crew: Crew, expected: Expected) -> None:
        self._crew = crew
        self._expected = expected
        self._kept: list[Pcm] = []
        self._tried: set[int] = set()
        self._choice: Choice | None = None
        self._attempt: Attempt | None = None
        self._partial: str | None = None
        self._transcript: Transcript | None = None

    def accept(self, pcm: Pcm) -> str | None:
        """Take more audio; return the partial text when it changed, which may be that of audio taken before.

        Raises:
            SpeechError: the stream has finished, or the engine is closed.
        """
        if self._transcript is not None:
            raise SpeechError("this utterance is over", where="fallback", remedy="open a new stream")
        self._kept.append(pcm)
        if self._attempt is not None and self._attempt.error is not None:
            self._leave(self._attempt.error)
        elif self._attempt is not None:
            self._attempt.push(pcm)
        if self._attempt is None:
            self._begin(only_streaming=True)
        partial = self._attempt.partial if self._attempt else None
        if partial is None or partial == self._partial:
            return None
        self._partial = partial
        return partial

    def finish(self) -> Transcript:
        """What was heard. Asked again, the same. Waits for each engine as long as it may take and no longer.

        Raises:
            EngineUnavailableError: no engine could hear it.
            SpeechError: the engine is closed.
        """
        while self._transcript is None:
            if self._attempt is None:
                self._begin()
            self._wait()
        return self._transcript

    def _begin(self, *, only_streaming: bool = False) -> None:
        choice = self._crew.choose(self._tried)
        if choice is None and not only_streaming:
            raise nobody_answered(self._crew)
        if choice is None or (only_streaming and not self._crew.engines[choice.number].capabilities.streaming):
            return
        self._choice = choice
        self._tried.add(choice.number)
        self._attempt = self._crew.begin(choice.number, self._expected)
        # Nobody is obliged to finish a stream: a caller may hang up in the middle of a word.
        weakref.finalize(self, self._attempt.forget)
        for pcm in self._kept:
            self._attempt.push(pcm)

    def _wait(self) -> None:
        if self._attempt is None or self._choice is None:
            return
        limit_s = self._crew.limit_s(sum(map(len, self._kept)))
        self._attempt.end()
        try:
            heard = self._attempt.result(limit_s * (LAST_PATIENCE if self._choice.last else 1.0))
        except Exception as error:  # noqa: BLE001 - border to the engine: whatever it raises, another one is asked
            self._leave(error)
            return
        self._crew.answered(self._choice.number)
        self._transcript = heard
        if heard.text:  # silence would prove nothing
            self._crew.try_again(self._expected, np.concatenate(self._kept))
        self._kept.clear()

    def _leave(self, error: BaseException) -> None:
        if self._attempt is not None and self._choice is not None:
            self._attempt.give_up()
            self._crew.leave(self._choice.number, error)
        self._attempt = None
