"""The threads that recognise: few, bounded, shared by all calls, and never in the way of a tick loop.

Who is due first is served first (earliest deadline first; Liu and Layland 1973). A short answer is due sooner than a
long one, a message that nobody waits for much later; and where there is more than one thread, long utterances leave
one of them free, so that no monologue delays another caller's 否. Where somebody still waits when a job begins, it is
done in a hurry: nobody is heard a second time before others are heard at all.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from asr.engine import SAMPLE_RATE_HZ, ClosedAnswer, Engine, Transcript, transcribe
from gateway.errors import SpeechError
from gateway.media.frames import Pcm
from gateway.speech.live import Live, LiveUtterance
from gateway.speech.load import LATE_LIMIT_MS, LoadGauge, Step

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 5.0
AWAITED_MS = 300.0
"""A caller who has said a word expects something to happen within this."""
PATIENCE = 0.1
"""And who has spoken longer, so much of that time later."""
UNAWAITED_MS = 6000.0
"""When a message, which nobody waits for, is due: late enough to let every answer go first, and yet it is."""
SOON_MS = 1500.0
"""What is due within this is waited for: an answer, and no message."""
LIVE_MS = 100.0
"""And what is being said is to be heard about as soon."""
TICKS_LATE_MS = 60.0
"""Calls that are so late are as bad as recognition at its limit: callers hear gaps."""
LONG_S = 6.0
"""Longer utterances never take the last free thread."""
_GAUGED_EVERY_MS = 100.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of what was asked, for the recogniser."""

    hints: tuple[str, ...] = ()
    answer: ClosedAnswer | None = None
    engine: str | None = None
    """Who is to hear it; None: the default engine."""


NOTHING_EXPECTED = Expected()


class Recogniser(Protocol):
    """What a call needs of recognition."""

    @property
    def step(self) -> Step:
        """What has to be given up now."""

    async def recognise(
        self, pcm: Pcm, expected: Expected = NOTHING_EXPECTED, *, within_ms: float | None = None
    ) -> Transcript:
        """What was said in one utterance; it should be known `within_ms`."""

    def open(self, expected: Expected = NOTHING_EXPECTED) -> Live | None:
        """Hear an utterance while it is being said; None when the engine needs the whole of it."""


@dataclass(order=True, slots=True)
class _Job:
    due_ms: float
    number: int
    samples: int = field(compare=False)
    """Of the utterance; 0 for a piece of one that is still being said."""
    begin: Callable[[], bool] = field(compare=False)
    """Called before `run`; False when nobody wants it any more."""
    run: Callable[[bool], None] = field(compare=False)
    """Does it, in a hurry or not; raises nothing."""

    @property
    def long(self) -> bool:
        """It may not take the last free thread."""
        return self.samples > LONG_S * SAMPLE_RATE_HZ


class RecognitionPool:
    """Runs engines on a fixed number of threads, whoever is due first.

    Cancelling `recognise` gives up the place in the queue; a job already running ends on its thread and its result is
    thrown away. The threads are daemons: an engine that never returns holds up neither a call nor the process's end.

    Args:
        engine: the default one, shared by the threads; the pool closes neither it nor the others.
        threads: utterances recognised at the same time, at least 1.
        others: engines that a question may name.
        late_limit_ms: see `LoadGauge`.
        clock_ms: a steady clock.
    """

    def __init__(
        self,
        engine: Engine,
        threads: int = 1,
        *,
        others: Mapping[str, Engine] | None = None,
        late_limit_ms: float = LATE_LIMIT_MS,
        clock_ms: Callable[[], float] = lambda: time.monotonic() * 1000,
    ) -> None:
        if threads < 1:
            raise ValueError(f"a pool needs at least one thread, not {threads}")
        self._engine = engine
        self._others = dict(others or {})
        self._clock_ms = clock_ms
        self._gauge = LoadGauge(late_limit_ms)
        self._gauged_ms = float("-inf")
        self._latest_ms = 0.0
        self._jobs: list[_Job] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._long_running = 0
        self._most_long = max(1, threads - 1)
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"recognise-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def step(self) -> Step:
        """What has to be given up now, for recognition to keep up."""
        now_ms = self._clock_ms()
        if now_ms - self._gauged_ms >= _GAUGED_EVERY_MS:
            with self._changed:
                self._gauge_load(now_ms)
        return self._gauge.step

    def ticks_late(self, late_ms: float) -> None:
        """A call is behind its own clock: the machine can't keep up, and recognition is what can be spared."""
        if late_ms > TICKS_LATE_MS:
            self._latest_ms = max(self._latest_ms, late_ms / TICKS_LATE_MS * self._gauge.late_limit_ms)

    async def recognise(
        self, pcm: Pcm, expected: Expected = NOTHING_EXPECTED, *, within_ms: float | None = None
    ) -> Transcript:
        """Recognise one utterance on a thread of the pool.

        Args:
            pcm: the utterance.
            expected: what the question expects, and who is to hear it.
            within_ms: when it should be known; by default soon, and a little later the longer the caller spoke.

        Raises:
            SpeechError: the pool is closed, or `expected` names an engine that isn't there.
            Exception: whatever the engine raises.
        """
        if within_ms is None:
            within_ms = AWAITED_MS + PATIENCE * len(pcm) * 1000 / SAMPLE_RATE_HZ
        future: Future[Transcript] = Future()
        engine = self._engine_of(expected)

        def run(quick: bool) -> None:
            try:
                future.set_result(transcribe(engine, pcm, expected.hints, answer=expected.answer, quick=quick))
            except Exception as error:  # noqa: BLE001 - border to the engine: the turn fails, the thread lives
                future.set_exception(error)

        self._put(within_ms, len(pcm), future.set_running_or_notify_cancel, run)
        return await asyncio.wrap_future(future)

    def open(self, expected: Expected = NOTHING_EXPECTED) -> Live | None:
        """Hear an utterance while it is being said; None when the engine needs the whole of it.

        Raises:
            SpeechError: `expected` names an engine that isn't there.
        """
        engine = self._engine_of(expected)
        if not engine.capabilities.streaming:
            return None
        return LiveUtterance(
            lambda quick: engine.stream(expected.hints, answer=expected.answer, quick=quick),
            lambda run: self._put(LIVE_MS, 0, lambda: True, run),
        )

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Let the threads finish what is queued and end, waiting at most `timeout_s` for all of them; idempotent.

        Returns False when a thread is still stuck in an engine; then the engines must not be freed.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout_s / len(self._threads))
        return not any(thread.is_alive() for thread in self._threads)

    def _engine_of(self, expected: Expected) -> Engine:
        if expected.engine is None:
            return self._engine
        if expected.engine not in self._others:
            raise SpeechError("no such engine is loaded", where=repr(expected.engine), remedy="name it in the settings")
        return self._others[expected.engine]

    def _put(self, within_ms: float, samples: int, begin: Callable[[], bool], run: Callable[[bool], None]) -> None:
        with self._changed:
            if self._closed:
                raise SpeechError("recognition is shutting down")
            job = _Job(self._clock_ms() + within_ms, next(self._numbers), samples, begin, run)
            heapq.heappush(self._jobs, job)
            self._changed.notify()

    def _gauge_load(self, now_ms: float) -> None:
        """The lock is held."""
        late_ms = max((now_ms - job.due_ms for job in self._jobs), default=0.0)
        late_ms = max(late_ms, self._latest_ms)
        before = self._gauge.step
        step = self._gauge.note(now_ms, late_ms)
        self._gauged_ms, self._latest_ms = now_ms, 0.0
        if step != before:
            say = log.warning if step > before else log.info
            say("recognition is %.0f ms late: load step %d, %s", late_ms, step, step.name.lower())

    def _next(self) -> _Job | None:
        """The job that is due first and may run now, waited for; None when the pool is closed and nothing is left."""
        with self._changed:
            while True:
                held_back = []
                chosen = None
                while self._jobs and chosen is None:
                    job = heapq.heappop(self._jobs)
                    if job.long and self._long_running >= self._most_long:
                        held_back.append(job)
                    elif job.begin():
                        chosen = job
                for job in held_back:
                    heapq.heappush(self._jobs, job)
                if chosen is not None:
                    self._long_running += chosen.long
                    self._latest_ms = max(self._latest_ms, self._clock_ms() - chosen.due_ms)
                    return chosen
                if self._closed and not self._jobs:
                    return None
                self._changed.wait()

    def _is_hurried(self, job: _Job) -> bool:
        """Somebody else who has spoken is waiting to be heard, or the whole machine is short of time."""
        soon_ms = self._clock_ms() + SOON_MS
        with self._changed:
            somebody_waits = any(other.samples and other.due_ms < soon_ms for other in self._jobs)
        return self.step >= Step.QUICK or (somebody_waits and job.samples > 0)

    def _work(self) -> None:
        while (job := self._next()) is not None:
            job.run(self._is_hurried(job))
            with self._changed:
                self._long_running -= job.long
                self._changed.notify_all()
