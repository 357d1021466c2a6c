"""One sink's documents on their way: a task that looks what is due, lets them go, and notes what came of it.

Everything that a killed process must not forget is in the store; what is here can be lost. A document is noted as
delivered after it arrived, so a kill in between lets it arrive again, and none is left out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from gateway.delivery.tries import Breaker, Chance, Outcome, Patience, Sink, Verdict, settled
from gateway.errors import StoreError
from gateway.store import Store, outbox
from gateway.store.outbox import Due, Parcel, Settled

LOOK_EVERY_S = 5.0
"""Without a nudge: another process may have brought a dead letter back."""
NOTE_EVERY_S = 1.0
"""While documents are on their way: so much may arrive twice after a kill."""
GATHER_S = 0.05
"""Between two looks, so that what comes in a burst costs one transaction; a look and a note take about 3 ms."""
AHEAD = 64
"""Calls whose documents are held ready."""
STORE_AGAIN_S = 2.0
"""After the store failed."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tally:
    """How a sink has done since the start."""

    delivered: int = 0
    failed: int = 0
    """Tries that another one followed."""
    dead: int = 0
    last_error: str = ""
    down: bool = False
    """Nothing but a document now and then is sent, to see whether it is back."""


class Carrier:
    """Takes documents to one sink.

    Args:
        now: the time of day, aware.
    """

    def __init__(
        self,
        name: str,
        sink: Sink,
        topics: tuple[str, ...],
        patience: Patience,
        store: Store,
        *,
        now: Callable[[], datetime],
        chance: Chance,
    ) -> None:
        self.name = name
        self.tally = Tally()
        self._sink = sink
        self._topics = topics
        self._patience = patience
        self._store = store
        self._now = now
        self._chance = chance
        self._breaker = Breaker(patience, chance)
        self._ready: deque[tuple[Parcel, ...]] = deque()
        self._moving: dict[str, asyncio.Task[None]] = {}
        """By call."""
        self._came: dict[str, tuple[str, Settled]] = {}
        """By key: the call, and what is to be noted."""
        self._wake = asyncio.Event()
        self._draining = self._stopping = False
        self._is_back = False
        """Since the last note."""

    def nudge(self) -> None:
        """There may be something new; on the event loop."""
        self._wake.set()

    def drain(self) -> None:
        """Send what can be sent now; then `run` returns."""
        self._draining = True
        self._wake.set()

    def stop(self) -> None:
        """Begin nothing more: `run` returns once what is on its way has arrived or is cancelled."""
        self._stopping = True
        self._ready.clear()
        self._wake.set()

    def cancel_sends(self) -> None:
        """Don't wait for what is on its way; it is sent again another time."""
        for task in self._moving.values():
            task.cancel()

    async def run(self) -> None:
        """Until `stop`, or until `drain` has come to its end."""
        while not self._stopping or self._moving:
            try:
                wait_s = await self._round()
            except StoreError as error:
                log.warning("sink %s: %s; tried again", self.name, error)
                wait_s = STORE_AGAIN_S
            except Exception:  # this task is all that a sink has: it must not end by a mistake of ours
                log.exception("sink %s: failed, and is tried again", self.name)
                wait_s = STORE_AGAIN_S
            if not self._stopping or self._moving:
                await self._rest(min(wait_s, NOTE_EVERY_S) if self._moving else wait_s)
        try:
            await self._note()
        except StoreError as error:
            log.warning("sink %s: %s; what arrived last will arrive again", self.name, error)

    async def _rest(self, wait_s: float) -> None:
        """Until something happens, at most so long."""
        try:
            async with asyncio.timeout(wait_s):
                await self._wake.wait()
                if not self._stopping:
                    await asyncio.sleep(GATHER_S)
        except TimeoutError:
            pass
        self._wake.clear()

    async def _round(self) -> float:
        """Note what came back and let go what is due; returns for how long there is nothing to do."""
        await self._note()
        self._begin()
        pause_s = self._breaker.pause_s(time.monotonic())
        if pause_s > 0:
            self._stopping |= self._draining and not self._moving
            return min(LOOK_EVERY_S, pause_s)
        if self._stopping or self._ready:
            return LOOK_EVERY_S  # whatever is on its way wakes us
        found = await asyncio.to_thread(self._look, [*self._moving, *(call for call, _ in self._came.values())])
        self._ready.extend(found.batches)
        self._begin()
        self._stopping |= self._draining and not self._moving
        if found.next_at is None or self._ready:
            return LOOK_EVERY_S
        wait_s = (found.next_at - self._now()).total_seconds()
        return min(LOOK_EVERY_S, max(GATHER_S, wait_s))

    def _look(self, busy: list[str]) -> Due:
        """On a thread."""
        with self._store.session() as session:
            is_new = outbox.has_new(session, self.name)
        if is_new:
            with self._store.writing() as session:
                outbox.adopt(session, self.name, self._topics)
        with self._store.session() as session:
            return outbox.due(session, self.name, self._now(), AHEAD, busy)

    async def _note(self) -> None:
        """Write down what came back."""
        came, is_back = dict(self._came), self._is_back
        if came:
            await asyncio.to_thread(self._write_down, [one for _, one in came.values()], is_back)
            self._is_back &= not is_back
        for key in came:
            del self._came[key]

    def _write_down(self, results: list[Settled], is_back: bool) -> None:
        """On a thread."""
        now = self._now()
        with self._store.writing() as session:
            outbox.settle(session, self.name, results, now)
            if is_back:
                outbox.hasten(session, self.name, now)

    # -------------------------------------------------------------------------------------------------------- the sends

    def _begin(self) -> None:
        """Let go what is ready, as far as there is room."""
        while self._ready and not self._stopping and len(self._moving) < self._breaker.slots(time.monotonic()):
            batch = self._ready.popleft()
            call_id = batch[0].call_id
            task = asyncio.create_task(self._carry(batch), name=f"sending to {self.name}")
            self._moving[call_id] = task
            task.add_done_callback(partial(self._arrived, call_id))

    def _arrived(self, call_id: str, task: asyncio.Task[None]) -> None:
        del self._moving[call_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("sink %s: failed with a call's documents", self.name, exc_info=error)
        self._begin()
        self._wake.set()

    async def _carry(self, batch: tuple[Parcel, ...]) -> None:
        """One call's documents in order, up to the first that has to be tried again."""
        rest = batch
        while rest and not self._stopping:
            outcomes = await self._try(rest)
            for document, outcome in zip(rest, outcomes, strict=False):
                if self._came_back(document, outcome) == outbox.WAITING:
                    return
            rest = rest[len(outcomes) :]

    async def _try(self, documents: tuple[Parcel, ...]) -> list[Outcome]:
        try:
            return await self._sink.send(documents)
        except Exception as error:  # a border: whatever a sink's library raises, the document waits and all goes on
            log.exception("sink %s: a document could not be sent", self.name)
            return [Outcome(Verdict.FAILED, f"failed by an error of ours ({type(error).__name__})")]

    def _came_back(self, document: Parcel, outcome: Outcome) -> str:
        """Remember what is to be noted; returns the state that the document is in now."""
        result = settled(document, outcome, self._patience, self._now(), self._chance)
        self._came[document.key] = document.call_id, result
        was_down = self._breaker.tripped
        self._breaker.note(document.key, outcome, time.monotonic())
        if self._breaker.tripped:
            self._ready.clear()  # it stays in the store; one is fetched again to see whether the sink is back
        self._tell(document, result, was_down)
        return result.state

    def _tell(self, document: Parcel, result: Settled, was_down: bool) -> None:
        tally = self.tally
        tally.down = self._breaker.tripped
        tally.last_error = result.error or tally.last_error
        if result.state == outbox.DELIVERED:
            tally.delivered += 1
        elif result.state == outbox.DEAD:
            tally.dead += 1
            log.error("sink %s: document %s is a dead letter: %s", self.name, document.key, result.error)
        else:
            tally.failed += 1
        if tally.down and not was_down:
            log.warning("sink %s is down (%s); documents wait", self.name, result.error)
        elif was_down and not tally.down:
            self._is_back = True
            log.warning("sink %s is back", self.name)
