"""Background work with an owner: what a tick loop starts, polls, and never leaves behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Any, Generic, TypeVar

from gateway.clock import Clock

T = TypeVar("T")

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_MS = 2000


class Pending(Generic[T]):
    """Work under way. The tick loop polls `ready`; nothing here waits.

    The result becomes visible at the start of the work plus the wall time it took, on the call's clock: with a real
    clock that is the moment it is done, with a virtual clock the same moment in virtual time.
    """

    def __init__(self, task: asyncio.Task[T], started_ms: float) -> None:
        self._task = task
        self._started_ms = started_ms
        self._started_s = time.perf_counter()
        self._ended_s: float | None = None
        self._collected = False
        task.add_done_callback(self._note_end)

    @property
    def elapsed_ms(self) -> float:
        """Wall time the work took, or has taken so far, ms."""
        ended_s = time.perf_counter() if self._ended_s is None else self._ended_s
        return (ended_s - self._started_s) * 1000

    def ready(self, now_ms: float) -> bool:
        """Whether the work had ended, well or badly, by `now_ms` from the start of its owner's call."""
        return self._ended_s is not None and now_ms >= self._started_ms + self.elapsed_ms

    def result(self) -> T:
        """What the work gave.

        Raises:
            TimeoutError: it took longer than it was allowed to.
            asyncio.CancelledError: it was cancelled.
            asyncio.InvalidStateError: it is still running.
            Exception: whatever the work itself raised.
        """
        self._collected = self._task.done()
        return self._task.result()

    def cancel(self) -> None:
        """Nobody wants the result any more; idempotent."""
        self._collected = True
        self._task.cancel()

    @property
    def uncollected_error(self) -> BaseException | None:
        """A failure that nobody asked for."""
        if self._collected or not self._task.done() or self._task.cancelled():
            return None
        return self._task.exception()

    def _note_end(self, task: asyncio.Task[T]) -> None:
        self._ended_s = time.perf_counter()
        if not task.cancelled():
            task.exception()  # seen: the owner reports what nobody collects, asyncio need not


class TaskOwner:
    """Owns the background work of one call: starts it with a time limit, cancels what is left at the end.

    Made when the call starts: its media clock, and so the `now_ms` of its `Pending`s, counts from `started_ms`.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.started_ms = clock.begin_ms()
        """When the call starts, on `clock`: now, or within the next 20 ms."""
        self._started: dict[asyncio.Task[Any], Pending[Any]] = {}

    def start(self, work: Awaitable[T], *, timeout_ms: float) -> Pending[T]:
        """Run `work` beside the tick loop; after `timeout_ms` of wall time it fails with TimeoutError."""
        self._report_lost()
        task = asyncio.create_task(_limited(work, timeout_ms))
        if asyncio.iscoroutine(work):
            task.add_done_callback(lambda _: work.close())  # cancelled before it began, it would never be awaited
        pending = Pending(task, self.clock.now_ms() - self.started_ms)
        self.clock.hold(task)
        self._started[task] = pending
        return pending

    async def close(self, timeout_ms: float = CLOSE_TIMEOUT_MS) -> None:
        """Cancel what still runs and wait for it, but not longer than `timeout_ms`; idempotent."""
        running = [task for task in self._started if not task.done()]
        for task in running:
            self._started[task].cancel()
        if running:
            _, stuck = await asyncio.wait(running, timeout=timeout_ms / 1000)
            if stuck:
                log.error("background work ignores its cancellation: %d left", len(stuck))
        self._report_lost()

    def _report_lost(self) -> None:
        """Forget what has ended, but not a failure that nobody collected without a word."""
        for task in [task for task in self._started if task.done()]:
            if (error := self._started.pop(task).uncollected_error) is not None:
                log.warning("background work failed and nobody collected it: %s", type(error).__name__)


async def _limited(work: Awaitable[T], timeout_ms: float) -> T:
    async with asyncio.timeout(timeout_ms / 1000):
        return await work
