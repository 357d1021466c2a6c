"""An utterance that is recognised while it is being said, by the engines that can."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

from asr.engine import Stream, Transcript
from gateway.errors import SpeechError
from gateway.media.frames import Pcm


class Live(Protocol):
    """One utterance that is recognised while it is being said."""

    @property
    def partial(self) -> str:
        """What was heard so far, in what has been worked through."""

    @property
    def caught_up(self) -> bool:
        """All that was fed has been worked through."""

    def feed(self, pcm: Pcm) -> None:
        """More of it: int16 at 16 kHz. Never blocks."""

    async def finish(self) -> Transcript:
        """It is over. Raises whatever the engine raises."""

    def drop(self) -> None:
        """Nobody wants to know any more; idempotent."""


class LiveUtterance:
    """A stream of an engine, worked on by whichever thread of a pool is free, and by one at a time.

    Args:
        open_stream: opens it, in a hurry or not; on the thread that first works on it, since that may take a while.
        schedule: has something done by a thread of the pool, soon.
    """

    def __init__(
        self, open_stream: Callable[[bool], Stream], schedule: Callable[[Callable[[bool], None]], None]
    ) -> None:
        self._open_stream = open_stream
        self._schedule = schedule
        self._stream: Stream | None = None
        self._lock = threading.Lock()
        self._waiting: list[Pcm] = []
        self._scheduled = False
        self._over: Future[Transcript] | None = None
        self._error: Exception | None = None
        self._partial = ""

    @property
    def partial(self) -> str:
        """What was heard so far."""
        return self._partial

    @property
    def caught_up(self) -> bool:
        """All that was fed has been worked through."""
        with self._lock:
            return not self._scheduled

    def feed(self, pcm: Pcm) -> None:
        """More of it. Raises SpeechError when the pool is closed."""
        with self._lock:
            self._waiting.append(pcm)
        self._go_on()

    async def finish(self) -> Transcript:
        """It is over. Raises SpeechError when the pool is closed, or whatever the engine raises."""
        with self._lock:
            over = self._over = Future()
        self._go_on()
        return await asyncio.wrap_future(over)

    def drop(self) -> None:
        """Nobody wants to know any more; idempotent."""
        with self._lock:
            self._waiting.clear()
            self._error = self._error or SpeechError("nobody wants to know what was said")

    def _go_on(self) -> None:
        with self._lock:
            scheduled, self._scheduled = self._scheduled, True
        if not scheduled:
            self._schedule(self._work)

    def _next(self) -> list[Pcm] | Future[Transcript] | None:
        """What is to be done now; None when that is all."""
        with self._lock:
            if self._waiting:
                waiting, self._waiting = self._waiting, []
                return waiting
            over, self._over = self._over, None
            self._scheduled = over is not None
            return over

    def _work(self, quick: bool) -> None:
        while (todo := self._next()) is not None:
            if isinstance(todo, Future) and not todo.set_running_or_notify_cancel():
                continue
            try:
                if self._error is not None:
                    raise self._error
                if self._stream is None:
                    self._stream = self._open_stream(quick)
                if isinstance(todo, list):
                    for pcm in todo:
                        heard = self._stream.accept(pcm)
                        self._partial = self._partial if heard is None else heard
                else:
                    todo.set_result(self._stream.finish())
            except Exception as error:  # noqa: BLE001 - border to the engine: the turn fails, the thread lives
                self._error = error
                if isinstance(todo, Future):
                    todo.set_exception(error)
