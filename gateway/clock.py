"""Time, injected. Pure parts take `now_ms` as an argument; the shell gets it here and waits through it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Milliseconds since an arbitrary start, never going back."""

    def now_ms(self) -> float: ...

    async def sleep_until(self, deadline_ms: float) -> None:
        """Return at `deadline_ms` or, when that has passed, after one turn of the event loop."""

    async def settle(self, work: Awaitable[T]) -> T:
        """Let real work (recognition, a look-up) finish as this clock sees it."""


class RealClock:
    """The monotonic clock of the machine."""

    def now_ms(self) -> float:
        return time.monotonic() * 1000

    async def sleep_until(self, deadline_ms: float) -> None:
        await asyncio.sleep(max(0.0, (deadline_ms - self.now_ms()) / 1000))
