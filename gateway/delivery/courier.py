"""All sinks of a gateway: opened together, nudged together, stopped within a bound. One that is down holds no other."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.delivery.carrier import Carrier, Tally
from gateway.delivery.config import BusConfig, DeliveryConfig, FilesConfig, SinkConfig, WebhookConfig
from gateway.delivery.files import FilesSink
from gateway.delivery.local import Listener, LocalSink
from gateway.delivery.tries import Chance, Patience, Sink
from gateway.delivery.webhook import WebhookSink
from gateway.errors import StoreError
from gateway.store import Store, outbox

CLEAN_EVERY_S = 3600.0
CLEAN_PAUSE_S = 0.1
"""Between two pieces of that: the calls' own writer comes first."""
STOP_WITHIN_S = 5.0
_MARGIN_S = 2.0
"""For the store, after what was on its way has been given up."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A sink with how it is to be treated."""

    name: str
    sink: Sink
    topics: tuple[str, ...] = ("call", "event")
    patience: Patience = field(default_factory=Patience)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Courier:
    """Sends what is in a store's outbox to everywhere that it is to go. Start it on the event loop, and stop it.

    Args:
        keep: delivered documents are deleted after so long.
        keep_dead: dead letters likewise.
        now: the time of day, aware.
        chance: 0 to 1; spreads tries that failed together.
    """

    def __init__(
        self,
        store: Store,
        places: Sequence[Place],
        *,
        keep: timedelta = timedelta(days=7),
        keep_dead: timedelta = timedelta(days=30),
        now: Callable[[], datetime] = _utc_now,
        chance: Chance = random.random,
    ) -> None:
        self._store = store
        self._places = tuple(places)
        self._keep = keep, keep_dead
        self._now = now
        self._carriers = [
            Carrier(place.name, place.sink, place.topics, place.patience, store, now=now, chance=chance)
            for place in places
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._cleaning: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @classmethod
    def open(cls, config: DeliveryConfig, store: Store, now: Callable[[], datetime] = _utc_now) -> Courier:
        """With the sinks of the settings; touches the disk, so before the event loop or on a thread.

        Args:
            now: the time of day at the hotline, aware: by it files begin anew each day.

        Raises:
            DeliveryError: a folder can't be written, or a certificate can't be read.
        """
        places = [
            Place(name=name, sink=_sink(name, sink, now), topics=sink.topics, patience=_patience(sink))
            for name, sink in config.sinks.items()
        ]
        keep, keep_dead = (timedelta(days=days) for days in (config.keep_days, config.keep_dead_days))
        return cls(store, places, keep=keep, keep_dead=keep_dead, now=now)

    @property
    def tallies(self) -> Mapping[str, Tally]:
        """How each sink has done since the start."""
        return {carrier.name: carrier.tally for carrier in self._carriers}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Tell `listener` what goes to the sinks of kind `bus`; returns what ends that."""
        ends = [place.sink.subscribe(listener) for place in self._places if isinstance(place.sink, LocalSink)]

        def unsubscribe() -> None:
            for end in ends:
                end()

        return unsubscribe

    def start(self) -> None:
        """Begin sending, also what was left from before; on the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._tasks = [
            asyncio.create_task(carrier.run(), name=f"courier to {carrier.name}") for carrier in self._carriers
        ]
        if self._carriers:
            self._cleaning = asyncio.create_task(self._clean_now_and_then(), name="courier cleaning")

    def notify(self) -> None:
        """There may be something new in the outbox. From any thread, at any time; never blocks, never raises."""
        loop = self._loop
        if loop is None:
            return
        try:
            loop.call_soon_threadsafe(self._nudge)
        except RuntimeError:  # the loop is closed: what is new is sent after the next start
            return

    def _nudge(self) -> None:
        for carrier in self._carriers:
            carrier.nudge()

    async def stop(self, within_s: float = STOP_WITHIN_S) -> None:
        """Send what can be sent now, for at most so long, and end; the rest is sent after the next start. Idempotent.

        Takes up to 2 s more where the store or a receiver is slow.
        """
        self._loop = None
        if self._cleaning is not None:
            self._cleaning.cancel()
            await asyncio.gather(self._cleaning, return_exceptions=True)
            self._cleaning = None
        for carrier in self._carriers:
            carrier.drain()
        if await self._ended(within_s):
            for carrier in self._carriers:
                carrier.stop()
                carrier.cancel_sends()
            if stuck := await self._ended(_MARGIN_S):
                log.error("%d sinks don't stop", len(stuck))
                for task in stuck:
                    task.cancel()
                await asyncio.gather(*stuck, return_exceptions=True)
        self._tasks = []
        for place in self._places:
            await place.sink.close()

    async def _ended(self, within_s: float) -> set[asyncio.Task[None]]:
        """Wait, at most so long; returns the tasks that go on."""
        running = [task for task in self._tasks if not task.done()]
        if not running:
            return set()
        _, pending = await asyncio.wait(running, timeout=within_s)
        return pending

    async def _clean_now_and_then(self) -> None:
        while True:
            try:
                more = True
                while more:
                    more = await asyncio.to_thread(self._clean) == outbox.CHUNK
                    await asyncio.sleep(CLEAN_PAUSE_S)
            except StoreError as error:
                log.warning("old documents can't be deleted: %s", error)
            await asyncio.sleep(CLEAN_EVERY_S)

    def _clean(self) -> int:
        """On a thread."""
        now = self._now()
        keep, keep_dead = self._keep
        names = [carrier.name for carrier in self._carriers]
        with self._store.writing() as session:
            return outbox.clean(session, names, now - keep, now - keep_dead)


def _sink(name: str, config: SinkConfig, now: Callable[[], datetime]) -> Sink:
    match config:
        case WebhookConfig():
            return WebhookSink(name, config, now)
        case FilesConfig():
            return FilesSink(name, config, now)
        case BusConfig():
            return LocalSink()


def _patience(config: SinkConfig) -> Patience:
    if not isinstance(config, WebhookConfig):
        return Patience(longest_retry_s=60.0)  # a disk, or our own code: cheap to ask, and never given up
    return Patience(
        at_once=config.at_once,
        max_attempts=config.max_attempts,
        first_retry_s=config.first_retry_s,
        longest_retry_s=config.longest_retry_s,
    )
