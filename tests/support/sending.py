"""An outbox with documents in it, and a courier that is impatient."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from gateway.delivery.courier import Courier, Place
from gateway.delivery.tries import OK, Outcome, Patience
from gateway.store import Store, letters, outbox
from gateway.store.outbox import Parcel
from gateway.store.store import DATABASE

WRITTEN_AT = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
FOR_EVER = timedelta(days=36_500)
IMPATIENT = Patience(at_once=4, max_attempts=50, first_retry_s=0.01, longest_retry_s=0.03)


@cache
def _empty_database() -> bytes:
    """To bring one up to date takes 50 ms, to open one that is 10."""
    with tempfile.TemporaryDirectory() as folder:
        Store.open(Path(folder)).close()
        return (Path(folder) / DATABASE).read_bytes()


@contextmanager
def fresh_store(folder: Path) -> Iterator[Store]:
    """An empty store, owned."""
    folder.mkdir(exist_ok=True)
    (folder / DATABASE).write_bytes(_empty_database())
    with Store.open(folder) as store:
        yield store


def put(store: Store, calls: int = 1, each: int = 1, *, topic: str = "event", first: int = 0) -> list[str]:
    """Documents of so many calls, so many of each, the calls' mixed; returns their keys."""
    keys = []
    with store.writing() as session:
        for number in range(first, first + each):
            for call in range(calls):
                key = f"c{call}/{topic}/{number}"
                body = {"DocumentType": topic, "Number": number, "Content": "查话费"}
                outbox.put(session, f"c{call}", topic, key, body, WRITTEN_AT + timedelta(milliseconds=number))
                keys.append(key)
    return keys


def in_order_per_call(keys: Iterable[str]) -> bool:
    """Keys of `put`, whatever came between; the first time of each counts."""
    latest: dict[str, int] = {}
    for key in dict.fromkeys(keys):
        call, _, number = key.partition("/")[0], *key.rpartition("/")[1:]
        if int(number) < latest.get(call, -1):
            return False
        latest[call] = int(number)
    return True


def states(store: Store, sink: str) -> dict[str, int]:
    """How many of a sink's documents are in each state."""
    with store.session() as session:
        return {one.state: one.count for one in letters.counts(session) if one.sink == sink}


@asynccontextmanager
async def sending(store: Store, *places: Place, **options: object) -> AsyncIterator[Courier]:
    kept = {"keep": FOR_EVER, "keep_dead": FOR_EVER}  # what `put` writes is old already
    courier = Courier(store, places, **{**kept, **options})
    courier.start()
    try:
        yield courier
    finally:
        await courier.stop(within_s=2)


async def until(done: Callable[[], bool], within_s: float = 15.0) -> None:
    """Looked at 50 times a second; raises TimeoutError."""
    async with asyncio.timeout(within_s):
        while not done():  # noqa: ASYNC110 -- what is waited for is in a database
            await asyncio.sleep(0.02)


class Desk:
    """A `Sink` in memory, that answers as it is told."""

    def __init__(self, answer: Callable[[Parcel], Outcome] = lambda _: OK) -> None:
        self.answer = answer
        self.came: list[Parcel] = []
        """Every try."""
        self.taken: list[str] = []
        self.now: dict[str, int] = {}
        """Tries under way, by call."""
        self.most_at_once = 0
        self.is_closed = False

    async def send(self, documents: Sequence[Parcel]) -> list[Outcome]:
        first = documents[0]
        self.came.append(first)
        self.now[first.call_id] = self.now.get(first.call_id, 0) + 1
        self.most_at_once = max(self.most_at_once, sum(self.now.values()))
        try:
            await asyncio.sleep(0)
            outcome = self.answer(first)
        finally:
            self.now[first.call_id] -= 1
        if outcome is OK:
            self.taken.append(first.key)
        return [outcome]

    async def close(self) -> None:
        self.is_closed = True
