"""A process killed in the middle of 200 deliveries: after the restart every document has arrived, in order per call."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path

import pytest

from gateway.store import Store
from gateway.store.outbox import DELIVERED
from tests.support.sending import in_order_per_call, states
from tests.support.webhook_receiver import OK, SECRET, Received, Receiver, is_signed

pytestmark = pytest.mark.peers

ROOT = Path(__file__).parents[2]
CALLS, EACH = 20, 10
KEYS = {f"c{call}/event/{number}" for call in range(CALLS) for number in range(EACH)}

# Writes its documents, those of all calls by turns, each in a transaction of its own, while they are being sent.
SENDER = """
import asyncio, json, sys
from datetime import UTC, datetime
from pathlib import Path
from gateway.delivery import Courier, DeliveryConfig
from gateway.store import Store, outbox

def write(store, number):
    for call in range(20):
        with store.writing() as session:
            key = f"c{call}/event/{number}"
            outbox.put(session, f"c{call}", "event", key, {"Number": number, "Content": "查话费"}, datetime.now(UTC))

async def main():
    store = Store.open(Path(sys.argv[1]))
    courier = Courier.open(DeliveryConfig.model_validate_json(sys.argv[2]), store)
    courier.start()
    for number in range(10):
        await asyncio.to_thread(write, store, number)
        courier.notify()
    await asyncio.Event().wait()

asyncio.run(main())
"""


class Killed:
    """Starts senders, one after the other, and kills each."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.receiver = Receiver(otherwise=self.answer)
        self.stop_at = 0
        """The request at which the sender is stopped before it has its answer: it can't note that any more."""
        self.process: asyncio.subprocess.Process | None = None

    async def answer(self, received: Received, writer: asyncio.StreamWriter) -> None:
        if len(self.receiver.received) == self.stop_at:
            self.process.send_signal(signal.SIGSTOP)
        await OK(received, writer)
        self.receiver.accepted.append(received)

    async def run(self, config: str, stop_at: int = 0) -> Received | None:
        """Kill it at that request (and return it), or once everything is noted."""
        self.stop_at = len(self.receiver.received) + stop_at if stop_at else 0
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", SENDER, str(self.directory), config, cwd=ROOT
        )
        try:
            if stop_at:
                await self.receiver.wait_until(lambda: len(self.receiver.received) >= self.stop_at, within_s=60)
                return self.receiver.received[self.stop_at - 1]
            await self.receiver.wait_until(lambda: set(self.receiver.keys) == KEYS, within_s=60)
            await asyncio.to_thread(wait_until_noted, self.directory)
            return None
        finally:
            self.process.send_signal(signal.SIGKILL)
            assert await self.process.wait() == -signal.SIGKILL


def wait_until_noted(directory: Path) -> None:
    with Store.open_for_reading(directory) as store:
        for _ in range(1500):
            if all(states(store, sink) == {DELIVERED: len(KEYS)} for sink in ("crm", "archive")):
                return
            time.sleep(0.02)
    pytest.fail("not everything is noted as delivered")


def test_every_document_arrives_though_its_sender_is_killed_twice(tmp_path: Path) -> None:
    killed, archive = Killed(tmp_path / "store"), tmp_path / "archive"

    async def send() -> list[Received]:
        async with killed.receiver.serving():
            sinks = {
                "crm": {"kind": "webhook", "url": killed.receiver.url, "secret": SECRET, "first_retry_s": 0.05},
                "archive": {"kind": "files", "directory": str(archive)},
            }
            config = json.dumps({"sinks": sinks})
            unnoted = [await killed.run(config, stop_at=40), await killed.run(config, stop_at=80)]
            await killed.run(config)
            return unnoted

    unnoted = asyncio.run(send())
    receiver = killed.receiver
    assert set(receiver.keys) == KEYS
    assert in_order_per_call(receiver.keys)
    assert all(is_signed(one) for one in receiver.received)
    for one in unnoted:  # it had arrived, nobody could know: it came again, with the same key and the same bytes
        again = [other.body for other in receiver.received if other.key == one.key]
        assert len(again) > 1
        assert set(again) == {one.body}
    told = [json.loads(line) for path in archive.glob("archive-*.jsonl") for line in path.read_text().splitlines()]
    assert {one["Key"] for one in told} == KEYS
    assert in_order_per_call(one["Key"] for one in told)
