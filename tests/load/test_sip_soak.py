"""Thousands of calls, one after the other and beside each other: afterwards nothing of them is left in the server."""

from __future__ import annotations

import contextlib
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.caller import OVER, Plan
from tests.support.caller_rtp import line_noise
from tests.support.callers import Callers
from tests.support.sip_process import SipServer

pytestmark = pytest.mark.load

SEED = 5
SHORT = 2000
AT_ONCE = 8
RING_MS = 30
T1_MS, TIMERS_S = 100, 20
"""A transaction waits 64 times T1 for copies of what it has answered: 6.4 s, not 32, for which nobody has to wait."""
OPEN_DOORS = {"requests_per_second": 100_000, "calls_per_second": 10_000, "answer_after_ms": RING_MS, "t1_ms": T1_MS}
CHURN_CALLS, CHURN_S = 30, 60
MEMORY_KB = 6 * 1024
"""How much more may be held at the end than after the warm-up, when transactions have ended both times, the garbage is
collected and the C library has given back what it can. The warm-up is as long as what is measured, because it is the
most transactions at once (some 6 kB each) that decide how many arenas the allocator keeps. Measured with transactions
of 32 s: 0.3 MiB from one 2,000 calls to the next, 3.5 MiB with the churn, whose transactions come on top. A finished
call that was kept would be at least 10 kB, so one in five would be noticed, and so would be 2 kB of each."""


def test_nothing_is_left_of_2000_short_calls_and_a_minute_of_churn(tmp_path: Path) -> None:
    with (
        SipServer(tmp_path, **OPEN_DOORS) as server,
        contextlib.closing(Callers(("127.0.0.1", server.port))) as callers,
    ):
        chance = random.Random(SEED)
        call_all(callers, [short_plan(number, chance) for number in range(SHORT)], 120)
        before = all_over(server)

        called = call_all(callers, [short_plan(number, chance) for number in range(SHORT)], 120)
        assert called.keys() == {"ended", "cancelled", "refused 486"}, called
        assert called["refused 486"] == SHORT / 5, called
        assert called["cancelled"] > SHORT / 10, called  # the rest of them crossed an answer
        churned = churn(callers, chance)
        assert churned.keys() == {"ended"}, churned
        assert churned["ended"] > CHURN_CALLS * CHURN_S / 3, churned  # of two seconds each, on average

        after = all_over(server)
        for name in ("calls", "transactions", "echoes", "places", "tasks", "fds"):
            assert after[name] == before[name], f"{name}: {before} then {after}"
        grown_kb = after["rss_kb"] - before["rss_kb"]
        print(f"{called} {churned}, memory +{grown_kb} kB, CPU {after['cpu_s'] - before['cpu_s']:.1f} s")
        assert grown_kb < MEMORY_KB, f"{before} then {after}"


def short_plan(number: int, chance: random.Random) -> Plan:
    """Of ten: two are taken back while it rings, two refused, one presses keys, two have sound, three have none."""
    kind = number % 10
    if kind in (0, 5):
        return Plan(cancel_after_s=chance.uniform(0.0, RING_MS / 2000))
    if kind in (1, 6):
        return Plan("busy")
    if kind == 2:
        return Plan(hold_s=0.65, sound=NOISE, keys="7#")
    if kind in (3, 7):
        return Plan(hold_s=chance.uniform(0.02, 0.1), sound=NOISE)
    return Plan(hold_s=0.0)


NOISE = line_noise(1.0)


def call_all(callers: Callers, plans: list[Plan], within_s: float) -> Counter[str]:
    """Place them, some beside each other; how they ended."""
    assert callers.in_parallel(plans, AT_ONCE, within_s), "not all calls were over in time"
    return outcomes(callers)


def churn(callers: Callers, chance: random.Random) -> Counter[str]:
    """As many calls as are meant to be, always; each for one to three seconds."""
    end_s = time.monotonic() + CHURN_S

    def plans() -> Iterator[Plan]:
        while time.monotonic() < end_s:
            yield Plan(hold_s=chance.uniform(1, 3), sound=NOISE)

    assert callers.in_parallel(plans(), CHURN_CALLS, CHURN_S + 10)
    deaf = [call for call in callers.calls if not call.line.came.packets]
    assert not deaf, f"{len(deaf)} calls heard nothing"
    return outcomes(callers)


def outcomes(callers: Callers) -> Counter[str]:
    """How calls ended, which are then forgotten."""
    assert all(call.state == OVER for call in callers.calls)
    counted = Counter(call.outcome for call in callers.calls)
    callers.forget()
    return counted


def all_over(server: SipServer) -> dict[str, Any]:
    """The counters, once the last transaction's time is up."""
    deadline = time.monotonic() + TIMERS_S
    while True:
        now = server.counters()
        if not (now["calls"] or now["transactions"] or now["echoes"] or now["places"]):
            return now
        assert time.monotonic() < deadline, f"left after {TIMERS_S} s: {now}"
        time.sleep(0.25)
