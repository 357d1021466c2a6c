"""What is kept and told of calls: every event to the store, what is found in it, and what is to be sent on."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.analytics.analyser import Analyser
from gateway.analytics.document import DocumentWriter
from gateway.analytics.live import Analyst, Documents, history_of, read_killed
from gateway.analytics.scribe import Disclosure
from gateway.analytics.tickets.lookups import TicketLookups
from gateway.bus import fan_out
from gateway.call.lookups import LookupProvider
from gateway.delivery.config import DeliveryConfig
from gateway.delivery.courier import Courier
from gateway.delivery.signature import secret_bytes
from gateway.errors import StoreError
from gateway.events import Emit, Event
from gateway.settings import Settings
from gateway.store import Store, StoreWriter

log = logging.getLogger(__name__)

ROOM_FOR_CALL_BYTES = 64 * 1024 * 1024
"""A quarter of an hour of recording, both sides: with less on the disk, no call is begun that couldn't be kept."""


class Records:
    """The records of one gateway's calls. `start` it on the event loop, and `close` it: that closes the store.

    Args:
        analyser: reads every call while it is up and at its end; None: nobody does.
        documents: writes what is to be sent of what the analyser found; None: nothing is.
        courier: sends it.
        listener: is told everything of all calls (metrics).
    """

    def __init__(
        self,
        store: Store,
        analyser: Analyser | None = None,
        documents: Documents | None = None,
        courier: Courier | None = None,
        listener: Emit | None = None,
    ) -> None:
        self._store = store
        self._analyser = analyser
        self._courier = courier
        self._listener = listener
        self._listening: dict[str, Emit] = {}
        """Who is told what is found in the calls that are running."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._analyst = Analyst(analyser, history_of(store), documents) if analyser else None
        if self._analyst is None:
            self._writer = StoreWriter(store)
        else:
            sending = courier.notify if courier else None
            self._writer = StoreWriter(store, follow=self._analyst.follow, tell=self._found, sending=sending)

    @property
    def store(self) -> Store:
        """Where they are kept."""
        return self._store

    @property
    def has_room(self) -> bool:
        """The disk has room to keep another call."""
        try:
            return self._store.free_bytes >= ROOM_FOR_CALL_BYTES
        except StoreError:
            return False

    @property
    def error(self) -> StoreError | None:
        """See `StoreWriter.error`."""
        return self._writer.error

    def recording_of(self, call_id: str) -> Path:
        """Where a call is recorded to."""
        return self._store.recordings / f"{call_id}.wav"

    def read_killed(self) -> None:
        """Find out what there is in the calls that a killed process left behind. Blocking. Raises StoreError."""
        if self._analyst is not None and (read := read_killed(self._store, self._analyst)):
            log.info("%d calls of a killed process were looked through", read)

    def start(self) -> None:
        """Begin sending; idempotent. On the running event loop."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            if self._courier is not None:
                self._courier.start()

    @contextmanager
    def of_call(self, call_id: str, tell: Emit) -> Iterator[Emit]:
        """Where a call's events go while it runs. `tell` hears them, and on the event loop what is found in them."""
        self.start()
        self._listening[call_id] = tell
        listeners = (self._writer.emit, tell, self._listener) if self._listener else (self._writer.emit, tell)
        try:
            yield fan_out(*listeners)
        finally:
            del self._listening[call_id]

    async def settled(self) -> None:
        """Wait, bounded, until what was told is kept, and what was found in it has been told."""
        await asyncio.to_thread(self._writer.flush)

    def lookups(self, back_end: LookupProvider, call_id: str, now: Callable[[], dt.datetime]) -> LookupProvider:
        """A call's back end, with its work orders kept here as long as there is an analyser to complete them."""
        if self._analyser is None:
            return back_end
        return TicketLookups(back_end, self._store, self._analyser.tickets, call_id, now)

    async def close(self) -> None:
        """Write what waits, send what can be sent within seconds, let go of the store; idempotent."""
        await asyncio.to_thread(self._writer.close)
        if self._courier is not None:
            await self._courier.stop()
        await asyncio.to_thread(self._store.close)

    def _found(self, event: Event) -> None:
        """On the writer's thread."""
        if self._listener is not None:
            self._listener(event)
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and its calls with it
                self._loop.call_soon_threadsafe(self._pass_on, event)

    def _pass_on(self, event: Event) -> None:
        if tell := self._listening.get(event.call_id):
            tell(event)


def open_records(settings: Settings, directory: Path, analyser: Analyser | None, listener: Emit | None) -> Records:
    """Open the store in `directory` with everything that is set about it; looks through what a killed process left.

    Raises:
        StoreError: the store can't be opened, or another process has it.
        DeliveryError: a place that results are sent to can't be used.
    """
    store = Store.open(directory)
    try:
        courier = documents = None
        if analyser and settings.delivery.sinks:
            documents = DocumentWriter(_disclosure(settings.delivery))
            courier = Courier.open(settings.delivery, store, settings.now)
        records = Records(store, analyser, documents, courier, listener)
        records.read_killed()
    except BaseException:
        store.close()
        raise
    return records


def _disclosure(config: DeliveryConfig) -> Disclosure:
    key = secret_bytes(config.number_key.get_secret_value()) if config.number_key else b""
    return Disclosure(redact=config.redact, caller_number=config.caller_number, number_key=key)
