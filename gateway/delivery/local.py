"""Documents to listeners within the process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from gateway.delivery.tries import OK, Outcome, Verdict
from gateway.store.outbox import Parcel

Listener = Callable[[Parcel], None]
"""Is told on the event loop, so it must not block. One that raises is told again; it knows documents by their keys."""

log = logging.getLogger(__name__)


class LocalSink:
    """A `Sink`: whoever is subscribed is told. Without listeners documents count as delivered: nobody wanted them."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """From now on `listener` is told; returns what ends that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    async def send(self, documents: Sequence[Parcel]) -> list[Outcome]:
        """Tell everybody of the first one."""
        await asyncio.sleep(0)  # a long row of documents doesn't hold the event loop
        failed = ""
        for listener in tuple(self._listeners):
            try:
                listener(documents[0])
            except Exception as error:
                # Anybody's code: it is told again, the others are told all the same.
                log.warning("a listener failed on document %s", documents[0].key, exc_info=True)
                failed = type(error).__name__
        return [Outcome(Verdict.FAILED, f"a listener failed ({failed})") if failed else OK]

    async def close(self) -> None:
        """Forget the listeners."""
        self._listeners.clear()
