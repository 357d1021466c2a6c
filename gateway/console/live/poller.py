"""The one task that looks at the store while somebody watches, and tells all who do."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from gateway.console.live.board import Board
from gateway.console.live.engine import Engine, EngineState
from gateway.errors import StoreError
from gateway.store import Store
from gateway.store.live import Look, look

EVERY_S = 1.0
TRIED_AGAIN_S = 5.0
"""After the store failed."""
ENGINE_EVERY_S = 5.0

log = logging.getLogger(__name__)


class Live:
    """What is going on, kept up to date while anybody watches; belongs to one event loop.

    Args:
        read: looks at the store; blocks, and is run on a thread.
        now: the time, aware.
        engine: asks how the engine is; None where nobody said where to ask.
        every_s: seconds between two looks.
    """

    def __init__(
        self,
        read: Callable[[Mapping[str, int]], Look],
        now: Callable[[], dt.datetime],
        engine: Callable[[], Awaitable[EngineState]] | None = None,
        *,
        every_s: float = EVERY_S,
    ) -> None:
        self.board = Board()
        self.error: StoreError | None = None
        """Why the board is old, if it is."""
        self.engine: EngineState | None = None
        """None before the first answer, and where nobody is asked."""
        self.has_engine = engine is not None
        self.looks = 0
        """How often the store was looked at."""
        self._read, self._now, self._ask = read, now, engine
        self._every_s = every_s
        self._watchers: dict[object, Callable[[], None]] = {}
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @property
    def is_looking(self) -> bool:
        """Whether the task runs."""
        return self._task is not None and not self._task.done()

    def watch(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Have `tell` called after each look, on the loop; it must not block. Returns what ends that."""
        place = object()
        self._watchers[place] = tell
        self._changed.clear()
        if not self.is_looking:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="live")
        return partial(self._leave, place)

    def _leave(self, place: object) -> None:
        self._watchers.pop(place, None)
        if not self._watchers:
            self._changed.set()

    async def _run(self) -> None:
        self.board, self.engine = Board(), None  # what happened while nobody watched is no news
        while self._watchers:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._look_on())
                if self._ask is not None:
                    group.create_task(self._ask_on(self._ask))

    async def _look_on(self) -> None:
        while self._watchers:
            try:
                found = await asyncio.to_thread(self._read, self.board.places)
            except StoreError as error:
                if self.error is None:
                    log.warning("calls in progress can't be read: %s", error)
                self.error = error
            else:
                self.error = None
                self.board.update(found, self._now())
            self.looks += 1
            self._tell()
            await self._pause(self._every_s if self.error is None else TRIED_AGAIN_S)

    async def _ask_on(self, ask: Callable[[], Awaitable[EngineState]]) -> None:
        while self._watchers:
            self.engine = await ask()
            await self._pause(ENGINE_EVERY_S)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def _tell(self) -> None:
        for tell in [*self._watchers.values()]:
            try:
                tell()
            except Exception:  # one page's trouble is not the others'
                log.exception("a page can't show the calls in progress")


_live: dict[Store, Live] = {}
"""For as long as the process is."""


def live_of(store: Store, now: Callable[[], dt.datetime], metrics_url: str | None) -> Live:
    """The store's one `Live` in this process."""
    if store not in _live:
        _live[store] = Live(partial(look, store), now, Engine(metrics_url).ask if metrics_url else None)
    return _live[store]
