"""Holds a `tests.support.sip_server` from a test: starts it, asks it what happened, and ends it."""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway.transport.sip.transactions import T1_MS
from tests.support.calls import ROOT

START_S = 30.0
STOP_S = 15.0
Event = dict[str, Any]


class SipServer:
    """One server process. A context manager.

    Args:
        folder: where its stderr goes.
        max_calls: more are refused.
        listen: transports to listen on, all at `host`.
        t1_ms: RFC 3261's T1, for tests that wait for all transactions to be over, which takes 64 of it.
        sip: further settings of the table `[sip]`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_calls: int = 1000,
        host: str = "127.0.0.1",
        listen: str = "udp",
        t1_ms: float = T1_MS,
        **sip: Any,
    ) -> None:
        shown = f"[{host}]" if ":" in host else host
        config = {"listen": [f"sip+{carrier}://{shown}:0" for carrier in listen.split()], **sip}
        self.events: list[Event] = []
        self._log = folder / f"sip_server-{id(self):x}.log"
        self._arrived: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "tests.support.sip_server", "--config", json.dumps(config)]
            self._process = subprocess.Popen(
                [*command, "--max-calls", str(max_calls), "--t1-ms", str(t1_ms)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            ready = self.wait(lambda event: event["event"] == "ready", START_S)
        except BaseException:
            self.close()
            raise
        self.addresses: dict[str, str] = {}
        """Transport -> `127.0.0.1:5060`."""
        for address in ready["addresses"]:
            found = re.fullmatch(r"sip\+(\w+)://(.+)", address)
            assert found
            self.addresses[found[1]] = found[2]

    @property
    def address(self) -> str:
        """The first one that it listens on."""
        return next(iter(self.addresses.values()))

    @property
    def port(self) -> int:
        return int(self.address.rpartition(":")[2])

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._arrived.put(json.loads(line))
        self._arrived.put(None)

    def wait(self, wanted: Callable[[Event], bool], within_s: float = 5.0, count: int = 1) -> Event:
        """The `count`-th event that is wanted, of all there were and those still to come."""
        deadline = time.monotonic() + within_s
        seen = 0
        while True:
            while len(self.events) > seen:
                seen += 1
                if wanted(self.events[seen - 1]):
                    count -= 1
                    if not count:
                        return self.events[seen - 1]
            try:
                event = self._arrived.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"nothing of the kind within {within_s} s{self.told()}") from None
            if event is None:
                self._arrived.put(None)
                raise AssertionError(f"the server has ended{self.told()}")
            self.events.append(event)

    def of(self, caller: str, kind: str | None = None) -> list[Event]:
        """What happened to the calls of one caller until now."""
        self.counters()  # whatever was said before this has arrived then
        mine = [event for event in self.events if event.get("caller") == caller]
        return [event for event in mine if kind in (None, event["event"])]

    def ended(self, caller: str, within_s: float = 5.0) -> Event:
        """The end of a caller's only call."""
        event = self.wait(lambda event: event["event"] == "ended" and event["caller"] == caller, within_s)
        began = self.of(caller, "began")
        assert len(began) == 1, f"not one call but {len(began)}{self.told()}"
        return event

    def counters(self, order: str = "counters") -> Event:
        """What it holds now."""
        before = sum(event["event"] == "counters" for event in self.events)
        self.tell(order)
        return self.wait(lambda event: event["event"] == "counters", 10.0, before + 1)

    def settled(self, within_s: float = 5.0) -> Event:
        """The counters once no call is left. Transactions may still wait for copies, up to 32 s."""
        deadline = time.monotonic() + within_s
        while True:
            now = self.counters()
            if not (now["calls"] or now["echoes"] or now["places"]):
                return now
            assert time.monotonic() < deadline, f"calls are left: {now}{self.told()}"
            time.sleep(0.05)

    def tell(self, order: str) -> None:
        """One of its orders."""
        assert self._process.stdin is not None
        self._process.stdin.write(order + "\n")
        self._process.stdin.flush()

    def stop(self) -> Event:
        """End it as it should be ended; its last counters. Errors that it logged fail the test."""
        self.tell("stop")
        stopped = self.wait(lambda event: event["event"] == "stopped", STOP_S)
        assert self._process.wait(STOP_S) == 0, self.told()
        errors = [event for event in self.events if event["event"] == "error"]
        log = self._log.read_text()
        assert not errors, self.told()
        assert "Traceback" not in log, log
        return stopped

    def told(self) -> str:
        """All that it said, for a test that failed."""
        log = self._log.read_text()[-4000:]
        said = [json.dumps(event) for event in self.events if event["event"] != "counters"]
        return "\nserver said:\n" + "\n".join(said[-40:]) + (f"\nand logged:\n{log}" * bool(log))

    def close(self) -> None:
        """End it, whatever it takes; idempotent."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is self._process.stdout:
                try:
                    self._process.wait(STOP_S)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
                self._reader.join()
            if pipe:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None and self._process.poll() is None:
                self.stop()
        finally:
            self.close()
