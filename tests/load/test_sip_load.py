"""Many telephone calls by SIPp, one after the other and beside each other, and what they leave behind: nothing."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from gateway.media.g711 import A_LAW
from tests.support.sip_process import Event, SipServer
from tests.support.sipp import Sipp, caller

pytestmark = pytest.mark.load

RATE, FOR_S = 10, 60
CALLS = RATE * FOR_S
TALK_MS = 2000
GROWTH_KB = 12_000
"""Of memory, over 600 calls; sip.md saw 10 MB come and not go again, whatever the number of calls."""
T1_MS, FORGOTTEN_S = 100, 20.0
"""By then every timer of every transaction has run out: the longest is 64 times T1."""


def noise_file(folder: Path) -> Path:
    """A second of A-law noise, as SIPp plays it: bare bytes."""
    path = folder / "noise.alaw"
    path.write_bytes(A_LAW.encode(np.random.default_rng(1).normal(0, 3000, 8000).astype(np.int16)))
    return path


def forgotten(server: SipServer) -> Event:
    """The counters once every transaction is over."""
    server.settled()
    deadline = time.monotonic() + FORGOTTEN_S
    while (now := server.counters())["transactions"]:
        assert time.monotonic() < deadline, now
        time.sleep(0.5)
    return now


def call(server: SipServer, folder: Path, calls: int, timeout_s: float) -> tuple[Sipp, list[Event]]:
    """Make calls with sound both ways; how they went for SIPp, and how each ended for the server."""
    who = caller()
    fill = {"sound": str(noise_file(folder)), "talk_ms": str(TALK_MS)}
    sipp = Sipp(
        "stream", server.address, folder, caller=who, calls=calls, rate=RATE, fill=fill, timeout_s=timeout_s
    ).finish()
    server.wait(lambda event: event["event"] == "ended" and event["caller"] == who, count=calls)
    return sipp, server.of(who, "ended")


def test_ten_calls_a_second_for_a_minute(tmp_path: Path) -> None:
    with SipServer(tmp_path, t1_ms=T1_MS) as server:
        call(server, tmp_path, 50, 30)  # whatever is loaded and cached is there from now on
        before = forgotten(server)
        sipp, ended = call(server, tmp_path, CALLS, FOR_S + 30)
        after = forgotten(server)
    assert {event["reason"] for event in ended} == {"caller_hung_up"}
    sent = [message.first for message in sipp.messages if not message.received]
    assert sum(first.startswith("INVITE") for first in sent) == CALLS, "none had to be repeated"
    assert sum(first.startswith("BYE") for first in sent) == CALLS
    lines = [event["line"] for event in ended]
    assert min(line["packets_received"] for line in lines) >= 0.9 * TALK_MS / 20
    assert min(line["packets_sent"] for line in lines) >= 0.9 * TALK_MS / 20
    assert sum(line["lost"] for line in lines) <= CALLS * TALK_MS / 20 / 1000
    assert (after["fds"], after["tasks"], after["calls"]) == (before["fds"], before["tasks"], 0)
    assert after["rss_kb"] - before["rss_kb"] < GROWTH_KB
    cpu_s = after["cpu_s"] - before["cpu_s"]
    print(f"{CALLS} calls: {cpu_s:.1f} s of CPU, memory {before['rss_kb']} -> {after['rss_kb']} kB")
