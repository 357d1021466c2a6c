"""Time, injected. Pure parts take `now_ms` as an argument; the shell gets it here and waits through it.

Work that takes real time (recognition, a look-up) runs beside the tick loop as a `gateway.tasks.Pending`, which counts
the wall time it took. On the real clock there is nothing more to it. A virtual clock would run hours ahead of it, so
the work is announced with `hold`, and `sleep_until` waits for it before time moves on; its result then becomes
visible at its start plus the wall time it took, with all the ticks in between. So a conversation takes no longer than
its computing, and the computing counts in the latency all the same.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Protocol


class Clock(Protocol):
    """Milliseconds since an arbitrary start, never going back."""

    def now_ms(self) -> float: ...

    async def sleep_until(self, deadline_ms: float) -> None:
        """Return at `deadline_ms` or, when that has passed, after one turn of the event loop."""

    def hold(self, work: asyncio.Future[Any]) -> None:
        """`work` takes real time: don't let time run ahead of it. It must end by itself."""


class RealClock:
    """The monotonic clock of the machine."""

    def now_ms(self) -> float:
        return time.monotonic() * 1000

    async def sleep_until(self, deadline_ms: float) -> None:
        await asyncio.sleep(max(0.0, (deadline_ms - self.now_ms()) / 1000))

    def hold(self, work: asyncio.Future[Any]) -> None:
        """Nothing to do: real time passes for the work and for the call alike."""


class VirtualClock:
    """Time that moves only when somebody sleeps, and never while held work is still running.

    It belongs to one tick loop: two loops sleeping on one virtual clock would push each other forward.
    """

    def __init__(self, start_ms: float = 0.0) -> None:
        self._now_ms = start_ms
        self._held: set[asyncio.Future[Any]] = set()

    def now_ms(self) -> float:
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
