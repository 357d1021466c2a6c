"""Checking as one types: after a moment of quiet, on a thread, one check at a time; the newest text wins."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from nicegui import background_tasks

QUIET_S = 0.4
T = TypeVar("T")


class Newest(Generic[T]):
    """Runs some work again whenever it is asked for, but never twice at once.

    Args:
        work: what is run; None: it couldn't be, and nothing is shown.
        show: gets what came of it, unless it was asked for anew meanwhile.
        goes_on: False ends it: the page is gone.
    """

    def __init__(
        self, work: Callable[[], Awaitable[T | None]], show: Callable[[T], None], goes_on: Callable[[], bool]
    ) -> None:
        self._work = work
        self._show = show
        self._goes_on = goes_on
        self._asked = 0
        self._is_running = False

    def ask(self) -> None:
        """Something has changed."""
        self._asked += 1
        if not self._is_running:
            self._is_running = True
            background_tasks.create(self._run(), name="studio check")

    async def _run(self) -> None:
        done = 0
        try:
            while done != self._asked and self._goes_on():
                wanted = self._asked
                await asyncio.sleep(QUIET_S)
                if wanted != self._asked:
                    continue
                found = await self._work()
                done = wanted
                if found is not None and wanted == self._asked and self._goes_on():
                    self._show(found)
        finally:
            self._is_running = False
