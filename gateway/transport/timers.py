"""Timers of signalling, injected: the event loop's in a service, virtual ones in tests."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """Something that will be called, unless it is cancelled first."""

    def cancel(self) -> None: ...


class Timers(Protocol):
    """Time, and what is to happen later. Not for other threads."""

    def now_ms(self) -> float:
        """Milliseconds since an arbitrary start, never going back."""

    def later(self, delay_ms: float, call: Callable[[], None]) -> Timer:
        """Call `call` once, `delay_ms` from now."""


class LoopTimers:
    """The running event loop's own."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()

    def now_ms(self) -> float:
        return self._loop.time() * 1000

    def later(self, delay_ms: float, call: Callable[[], None]) -> Timer:
        return self._loop.call_later(delay_ms / 1000, call)


class VirtualTimers:
    """Time that moves when `advance` is called, and runs what has become due, in order."""

    def __init__(self) -> None:
        self._now_ms = 0.0
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, _VirtualTimer]] = []

    def now_ms(self) -> float:
        return self._now_ms

    def later(self, delay_ms: float, call: Callable[[], None]) -> Timer:
        timer = _VirtualTimer(call)
        heapq.heappush(self._due, (self._now_ms + delay_ms, next(self._numbers), timer))
        return timer

    def advance(self, by_ms: float) -> None:
        """Let `by_ms` pass."""
        until_ms = self._now_ms + by_ms
        while self._due and self._due[0][0] <= until_ms:
            self._now_ms, _, timer = heapq.heappop(self._due)
            if not timer.cancelled:
                timer.call()
        self._now_ms = until_ms

    @property
    def pending(self) -> int:
        """Timers that are still to come."""
        return sum(not timer.cancelled for _, _, timer in self._due)


class _VirtualTimer:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True
