"""Browser calls dropped one after the other in every way, and many beside each other: nothing of them is left."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.calls import ROOT
from tests.support.sending import until
from tests.support.webrtc_client import Callers
from tests.support.webrtc_offer import offer
from tests.support.webrtc_sound import line_noise

pytestmark = pytest.mark.load

CALLS = 50
WAYS = ("delete", "close", "bye", "vanish", "never")
SPOKEN_S = 0.2
SETTLE_S = 15.0
AT_ONCE, AT_ONCE_S = 15, 20.0
MEMORY_KB = 2 * 1024
"""How much more may be held after 50 calls than after the 50 before them, when the garbage is collected and the C
library has given back what it can. Measured in four runs: 0.1 to 0.4 MiB. So 40 kB kept of each call would be noticed.
"""
CONFIG = {
    "listen": ["http://127.0.0.1:0"],
    "calls_per_minute": 10_000,
    "max_calls": 1000,
    "connect_timeout_s": 2,
}
START_S = 30.0


class Server:
    """A running `tests.support.webrtc_server`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stdout is not None
        assert process.stdin is not None
        self._said, self._told = process.stdout, process.stdin
        self.url = self._said.readline().split()[1].rstrip("/")

    def counters(self) -> dict[str, Any]:
        """What it holds now, threads included."""
        self._told.write("counters\n")
        self._told.flush()
        for line in self._said:
            if (event := json.loads(line))["event"] == "counters":
                status = Path(f"/proc/{self._process.pid}/status").read_text()
                threads = next(line.split()[1] for line in status.splitlines() if line.startswith("Threads:"))
                return {**event, "threads": int(threads)}
        raise AssertionError("the server has ended")

    def all_over(self) -> dict[str, Any]:
        """The counters, once no call is left."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            now = self.counters()
            if not (now["calls"] or now["ticking"] or now["places"]):
                return now
            assert time.monotonic() < deadline, f"left after {SETTLE_S} s: {now}"
            time.sleep(0.25)

    def stop(self) -> dict[str, Any]:
        """Have it end; its last counters."""
        self._told.write("stop\n")
        self._told.flush()
        events = [json.loads(line) for line in self._said]
        assert self._process.wait(START_S) == 0
        assert not [event for event in events if event["event"] == "error"]
        return next(event for event in events if event["event"] == "stopped")


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    command = [
        sys.executable,
        "-m",
        "tests.support.webrtc_server",
        "--quiet",
        "--prompt",
        "--config",
        json.dumps(CONFIG),
    ]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT
        )
    try:
        yield Server(process)
        assert "Traceback" not in (folder / "log").read_text()
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


async def one(callers: Callers, url: str, way: str) -> None:
    """A call, and how it ends."""
    if way == "never":
        headers = {"Content-Type": "application/sdp"}
        async with callers._session.post(f"{url}/whip", data=offer().encode(), headers=headers) as response:
            assert response.status == 201
        return
    page = await callers.call(url, line_noise())
    await asyncio.sleep(SPOKEN_S)
    await until(lambda: page.came.packets > 2)  # on a busy machine they come later
    match way:
        case "delete":
            assert await callers.hang_up(page) == 200
        case "close":
            await callers.let_go(page)
        case "bye":
            page.tell({"type": "bye"})
            await asyncio.wait_for(page.over.wait(), 3.0)
            await callers.let_go(page)
        case "vanish":
            page.vanish()
            await callers.let_go(page)
    callers.calls.remove(page)


async def in_a_row(url: str) -> Counter[str]:
    """All ways, one call after the other; how many of each."""
    ways: Counter[str] = Counter()
    async with Callers() as callers:
        for number in range(CALLS):
            way = WAYS[number % len(WAYS)]
            await one(callers, url, way)
            ways[way] += 1
    return ways


def test_nothing_is_left_of_fifty_calls_dropped_in_every_way(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        asyncio.run(in_a_row(server.url))
        before = server.all_over()
        began_s = time.monotonic()
        ways = asyncio.run(in_a_row(server.url))
        took_s = time.monotonic() - began_s
        after = server.all_over()
        grown_kb = after["rss_kb"] - before["rss_kb"]
        print(f"{dict(ways)} in {took_s:.1f} s, memory +{grown_kb} kB at {after['rss_kb']} kB")
        assert set(ways) == set(WAYS)
        for name in ("tasks", "fds", "threads"):
            assert after[name] == before[name], f"{name}: {before} then {after}"
        assert grown_kb < MEMORY_KB, f"{before} then {after}"
        stopped = server.stop()
        assert stopped["took_ms"] < 2000


def test_fifteen_calls_at_once_all_hear_their_frames_in_time(tmp_path: Path) -> None:
    async def hold(url: str) -> dict[str, Any]:
        async with Callers() as callers:
            for _ in range(AT_ONCE):
                await callers.call(url, line_noise())
            await asyncio.sleep(1.0)
            callers.forget()
            sent = [page.came.packets for page in callers.calls]
            await asyncio.sleep(AT_ONCE_S)
            report = callers.report()
            report["least"] = min(page.came.packets - was for page, was in zip(callers.calls, sent, strict=True))
            assert all(page.up for page in callers.calls)
            await asyncio.gather(*map(callers.hang_up, callers.calls))
        return report

    with serving(tmp_path) as server:
        idle = server.counters()
        report = asyncio.run(hold(server.url))
        after = server.all_over()
        cpu = (after["cpu_s"] - idle["cpu_s"]) / AT_ONCE_S
        print(f"gaps {report['gaps_ms']}, own lateness {report['own_late_ms']}, {report['late']} late of")
        print(f"{report['received']}, least {report['least']}, {report['lost']} lost; {cpu:.2f} of a core")
        assert report["lost"] == 0
        assert report["least"] >= AT_ONCE_S * 50 * 0.97
        assert report["gaps_ms"]["p99"] <= 60 + 2 * report["own_late_ms"]["p99"], "beside whatever else runs here"
        assert (after["calls"], after["places"]) == (0, 0)
        server.stop()
