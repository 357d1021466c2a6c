"""A clock for several calls at once, moved on by the test: real time without waiting for it."""

from __future__ import annotations

import asyncio
from typing import Any

from gateway.clock import VirtualClock

STEP_MS = 20.0
_TURNS = 3
"""Of the event loop for each step: what was woken goes on and waits anew."""


class SteppedClock(VirtualClock):
    """Virtual, so recordings are waited for: they can't be written as fast as the test lets time pass."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep_until(self, deadline_ms: float) -> None:
        if deadline_ms <= self._now_ms:
            await asyncio.sleep(0)
            return
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((deadline_ms, awake))
        await awake

    def hold(self, work: asyncio.Future[Any]) -> None:
        """Nothing here takes real time."""

    async def advance(self, for_ms: float) -> None:
        """Let time pass for everybody."""
        end_ms = self._now_ms + for_ms
        while self._now_ms < end_ms:
            self._now_ms += STEP_MS
            due = [awake for deadline_ms, awake in self._waiting if deadline_ms <= self._now_ms]
            self._waiting = [one for one in self._waiting if one[0] > self._now_ms]
            for awake in due:
                if not awake.done():
                    awake.set_result(None)
            for _ in range(_TURNS):
                await asyncio.sleep(0)
