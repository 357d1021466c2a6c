"""Time, injected. Pure parts take `now_ms` as an argument; the shell gets it here and waits through it.

Work that takes real time (recognition, a look-up) runs beside the tick loop as a `gateway.tasks.Pending`, which counts
the wall time it took. On the real clock there is nothing more to it. A virtual clock would run hours ahead of it, so
the work is announced with `hold`, and `sleep_until` waits for it before time moves on; its result then becomes
visible at its start plus the wall time it took, with all the ticks in between. So a conversation takes no longer than
its computing, and the computing counts in the latency all the same.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any, Protocol


class Clock(Protocol):
    """Milliseconds since an arbitrary start, never going back."""

    def now_ms(self) -> float: ...

    def begin_ms(self) -> float:
        """From when a tick loop that begins now is to count: now, or a moment that it can be woken at exactly."""

    async def sleep_until(self, deadline_ms: float) -> None:
        """Return at `deadline_ms` or, when that has passed, after one turn of the event loop."""

    def hold(self, work: asyncio.Future[Any]) -> None:
        """`work` takes real time: don't let time run ahead of it. It must end by itself."""


class RealClock:
    """The monotonic clock of the machine."""

    def now_ms(self) -> float:
        return time.monotonic() * 1000

    def begin_ms(self) -> float:
        return self.now_ms()

    async def sleep_until(self, deadline_ms: float) -> None:
        await asyncio.sleep(max(0.0, (deadline_ms - self.now_ms()) / 1000))

    def hold(self, work: asyncio.Future[Any]) -> None:
        """Nothing to do: real time passes for the work and for the call alike."""


GRID_MS = 20.0
_ROUNDING_MS = 1e-3
"""A deadline that lies this little behind a point of the grid is that point: it came from adding up floats."""


class GridClock:
    """Real time for many calls in one event loop: those that wait for the same 20 ms are woken by one timer.

    A deadline is rounded up to the grid, so that each call keeps its 20 ms from tick to tick and has them together with
    all the others. Measured with 100 calls that do nothing else: 2.3 % of a core, against 5.8 % when each sleeps on its
    own, because every timer is a heap entry and, at a moment of its own, a turn of the event loop.
    """

    def __init__(self) -> None:
        self._waiting: dict[int, list[asyncio.Future[None]]] = {}

    def now_ms(self) -> float:
        return time.monotonic() * 1000

    def begin_ms(self) -> float:
        """The next point of the grid: a loop that counts from elsewhere is late with every tick, by always the same."""
        return math.ceil(self.now_ms() / GRID_MS) * GRID_MS

    async def sleep_until(self, deadline_ms: float) -> None:
        """As `RealClock` does, up to 20 ms later."""
        if deadline_ms <= self.now_ms():
            await asyncio.sleep(0)
            return
        loop = asyncio.get_running_loop()
        slot = math.ceil((deadline_ms - _ROUNDING_MS) / GRID_MS)
        waiting = self._waiting.get(slot)
        if waiting is None:
            waiting = self._waiting[slot] = []
            delay_ms = slot * GRID_MS - self.now_ms()
            loop.call_later(max(0.0, delay_ms / 1000), self._wake, slot)
        awake = loop.create_future()
        waiting.append(awake)
        await awake

    def hold(self, work: asyncio.Future[Any]) -> None:
        """Nothing to do: real time passes for the work and for the calls alike."""

    def _wake(self, slot: int) -> None:
        for awake in self._waiting.pop(slot):
            if not awake.done():  # cancelled: who waited has gone
                awake.set_result(None)


class VirtualClock:
    """Time that moves only when somebody sleeps, and never while held work is still running.

    It belongs to one tick loop: two loops sleeping on one virtual clock would push each other forward.
    """

    def __init__(self, start_ms: float = 0.0) -> None:
        self._now_ms = start_ms
        self._held: set[asyncio.Future[Any]] = set()

    def now_ms(self) -> float:
        return self._now_ms

    def begin_ms(self) -> float:
        return self._now_ms

    async def sleep_until(self, deadline_ms: float) -> None:
        if self._held:
            await asyncio.wait(self._held)
        await asyncio.sleep(0)
        self._now_ms = max(self._now_ms, deadline_ms)

    def hold(self, work: asyncio.Future[Any]) -> None:
        if not work.done():
            self._held.add(work)
            work.add_done_callback(self._held.discard)
