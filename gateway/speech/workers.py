"""The threads that recognise: few, bounded, shared by all calls, and never in the way of a tick loop."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from enum import IntEnum
from typing import Protocol

from asr.engine import Engine, Transcript, transcribe
from gateway.errors import SpeechError
from gateway.media.frames import Pcm

CLOSE_TIMEOUT_S = 5.0

_Job = tuple["Future[Transcript]", Pcm, tuple[str, ...]]


class _Turn(IntEnum):
    """Who is served first."""

    AWAITED = 0
    LATER = 1
    CLOSING = 2


class Recogniser(Protocol):
    """What a call needs of recognition."""

    async def recognise(self, pcm: Pcm, hints: Sequence[str] = (), *, awaited: bool = True) -> Transcript:
        """What was said in one utterance; `awaited`: a caller is waiting for the answer to it."""


class RecognitionPool:
    """Runs one engine on a fixed number of threads; utterances wait their turn in order, those nobody awaits last.

    Cancelling `recognise` gives up the place in the queue; a job already running ends on its thread and its result is
    thrown away. The threads are daemons: an engine that never returns holds up neither a call nor the process's end.

    Args:
        engine: shared by the threads; the pool doesn't close it.
        threads: utterances recognised at the same time, at least 1.
    """

    def __init__(self, engine: Engine, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"a pool needs at least one thread, not {threads}")
        self._engine = engine
        self._jobs: queue.PriorityQueue[tuple[_Turn, int, _Job | None]] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"recognise-{number}", daemon=True) for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    async def recognise(self, pcm: Pcm, hints: Sequence[str] = (), *, awaited: bool = True) -> Transcript:
        """Recognise one utterance on a thread of the pool. Those that no caller awaits let all others go first.

        Raises:
            SpeechError: the pool is closed.
            Exception: whatever the engine raises.
        """
        if self._closed:
            raise SpeechError("recognition is shutting down")
        future: Future[Transcript] = Future()
        self._put(_Turn.AWAITED if awaited else _Turn.LATER, (future, pcm, tuple(hints)))
        return await asyncio.wrap_future(future)

    def close(self, timeout_s: float = CLOSE_TIMEOUT_S) -> bool:
        """Let the threads finish what is queued and end, waiting at most `timeout_s` for all of them; idempotent.

        Returns False when a thread is still stuck in the engine; then the engine must not be freed.
        """
        self._closed = True
        for _ in self._threads:
            self._put(_Turn.CLOSING, None)
        for thread in self._threads:
            thread.join(timeout_s / len(self._threads))
        return not any(thread.is_alive() for thread in self._threads)

    def _put(self, turn: _Turn, job: _Job | None) -> None:
        self._jobs.put((turn, next(self._numbers), job))

    def _work(self) -> None:
        while (job := self._jobs.get()[2]) is not None:
            future, pcm, hints = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(transcribe(self._engine, pcm, hints))
            except Exception as error:  # noqa: BLE001 - border to the engine: the turn fails, the thread lives
                future.set_exception(error)
