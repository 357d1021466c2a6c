"""The engines of a fallback at work: who is asked, who is stuck, who is tried again. Thread-safe."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial

from asr.adapters.attempt import Attempt
from asr.adapters.health import Health, Roster
from asr.engine import SAMPLE_RATE_HZ, ClosedAnswer, Engine, Pcm, Stream
from asr.errors import EngineUnavailableError, SpeechError

log = logging.getLogger(__name__)

PATIENCE = 0.25
"""An answer may take so much longer for each second of the utterance: the embedded engine takes a tenth of it on a
machine at rest."""
MOST_STUCK = 3
"""So many utterances that never came back, and an engine is not asked again until one does."""
CLOSE_S = 2.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What engines are told of an utterance."""

    hints: tuple[str, ...] = ()
    answer: ClosedAnswer | None = None
    quick: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is asked next."""

    number: int
    last: bool
    """Nobody is left after."""


class Crew:
    """Engines in order, with their health and what they are doing.

    Args:
        engines: the preferred one first.
        retry_after_s: see `Roster`.
        stall_after_s: how long an answer may take.
        clock_ms: a steady clock; for when to try again.
    """

    def __init__(
        self, engines: Sequence[Engine], retry_after_s: float, stall_after_s: float, clock_ms: Callable[[], float]
    ) -> None:
        self.engines = tuple(engines)
        self._stall_after_s = stall_after_s
        self._clock_ms = clock_ms
        self._roster = Roster([engine.name for engine in engines], retry_after_s * 1000.0, clock_ms())
        self._under_way: list[list[Attempt]] = [[] for _ in engines]
        self._lock = threading.Lock()
        self._closed = False

    @property
    def health(self) -> tuple[Health, ...]:
        """How the engines are, in their order."""
        with self._lock:
            return self._roster.health

    @property
    def names(self) -> str:
        """Of all of them, for messages."""
        return ", ".join(health.name for health in self.health)

    def choose(self, but: Collection[int] = ()) -> Choice | None:
        """Who is asked next; None when there is nobody else.

        Raises:
            SpeechError: the engine is closed.
        """
        with self._lock:
            if self._closed:
                raise SpeechError("the engine is closed", where="fallback", remedy="load it again")
            order = [number for number in self._roster.order(but) if not self._is_stuck(number)]
        return Choice(order[0], last=len(order) == 1) if order else None

    def begin(self, number: int, expected: Expected) -> Attempt:
        """Have an engine begin an utterance."""
        engine = self.engines[number]

        def open_stream() -> Stream:
            return engine.stream(expected.hints, answer=expected.answer, quick=expected.quick)

        attempt = Attempt(open_stream, f"fallback-{engine.name}")
        with self._lock:
            self._under_way[number] = [*(one for one in self._under_way[number] if one.alive), attempt]
        return attempt

    def limit_s(self, samples: int) -> float:
        """How long the answer to so many samples may take."""
        return self._stall_after_s + PATIENCE * samples / SAMPLE_RATE_HZ

    def leave(self, number: int, error: BaseException) -> None:
        """An engine has failed."""
        with self._lock:
            if not self._closed:
                self._roster.failed(number, self._clock_ms(), _reason(error))

    def answered(self, number: int) -> None:
        """An engine has heard an utterance."""
        with self._lock:
            self._roster.answered(number, self._clock_ms())

    def try_again(self, expected: Expected, audio: Pcm) -> None:
        """Let those that are due hear a copy of what another one has just heard; nobody waits for it."""
        now_ms = self._clock_ms()
        with self._lock:
            due = [number for number in self._roster.due(now_ms) if not self._closed and not self._is_stuck(number)]
            for number in due:
                self._roster.on_trial(number, now_ms)
        until_s = time.monotonic() + self.limit_s(len(audio))
        for number in due:
            attempt = self.begin(number, expected)
            attempt.when_over(partial(self._judge, number, until_s))
            attempt.push(audio)
            attempt.end()
            attempt.given_up = True

    def close(self) -> None:
        """Close all engines; idempotent. One that is stuck in an utterance can't be freed safely, and isn't."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            under_way = [attempt for attempts in self._under_way for attempt in attempts]
        until_s = time.monotonic() + CLOSE_S
        for attempt in under_way:
            attempt.forget()
            attempt.join(max(0.0, until_s - time.monotonic()))
        for number, engine in enumerate(self.engines):
            if any(attempt.alive for attempt in self._under_way[number]):
                log.warning("engine %s is stuck and can't be closed", engine.name)
            else:
                engine.close()

    def _judge(self, number: int, until_s: float, error: BaseException | None) -> None:
        if error is None and time.monotonic() > until_s:
            error = TimeoutError()
        if error is None:
            self.answered(number)
        else:
            self.leave(number, error)

    def _is_stuck(self, number: int) -> bool:
        return sum(attempt.given_up and attempt.alive for attempt in self._under_way[number]) >= MOST_STUCK


def nobody_answered(crew: Crew) -> EngineUnavailableError:
    """What is said when all have failed."""
    reasons = "; ".join(f"{one.name}: {one.reason}" for one in crew.health if one.reason)
    return EngineUnavailableError(
        f"no engine could hear the utterance ({reasons or 'all are stuck'})",
        where="fallback",
        remedy="see to the engines",
    )


def _reason(error: BaseException) -> str:
    """Without what anybody said: our own errors are made so, of others the kind has to do."""
    if isinstance(error, SpeechError):
        return f"{error.where}: {error.message}" if error.where else error.message
    return "it gave no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
