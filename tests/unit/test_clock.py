"""Virtual time: it moves by sleeping only, and never past work that is still running."""

from __future__ import annotations

import asyncio

import pytest

from gateway.clock import GRID_MS, GridClock, RealClock, VirtualClock

pytestmark = pytest.mark.unit


def test_virtual_time_moves_by_sleeping_and_never_back() -> None:
    async def sleep() -> list[float]:
        clock = VirtualClock(100)
        seen = [clock.now_ms()]
        for deadline_ms in (120, 3_600_000, 50):
            await clock.sleep_until(deadline_ms)
            seen.append(clock.now_ms())
        return seen

    assert asyncio.run(sleep()) == [100, 120, 3_600_000, 3_600_000]


def test_virtual_time_stands_still_until_held_work_is_done() -> None:
    async def race() -> list[str]:
        clock, order = VirtualClock(), list[str]()
        may_end = asyncio.Event()

        async def work() -> None:
            await may_end.wait()
            order.append("work")

        async def sleep() -> None:
            await clock.sleep_until(20)
            order.append(f"slept to {clock.now_ms():.0f}")

        held = asyncio.create_task(work())
        clock.hold(held)
        sleeper = asyncio.create_task(sleep())
        for _ in range(100):
            await asyncio.sleep(0)
        assert clock.now_ms() == 0
        may_end.set()
        await sleeper
        await clock.sleep_until(40)
        return [*order, f"{clock.now_ms():.0f}"]

    assert asyncio.run(race()) == ["work", "slept to 20", "40"]


def test_work_that_fails_or_is_cancelled_holds_nothing_up() -> None:
    async def run() -> float:
        clock = VirtualClock()

        async def fail() -> None:
            raise ValueError("no")

        failing, cancelled = asyncio.create_task(fail()), asyncio.create_task(asyncio.sleep(3600))
        clock.hold(failing)
        clock.hold(cancelled)
        cancelled.cancel()
        await clock.sleep_until(20)
        with pytest.raises(ValueError, match="no"):
            await failing
        clock.hold(failing)
        await clock.sleep_until(40)
        return clock.now_ms()

    assert asyncio.run(run()) == 40


def test_the_real_clock_goes_on_and_wakes_no_earlier_than_asked() -> None:
    async def run() -> tuple[float, float, float]:
        clock = RealClock()
        before = clock.now_ms()
        clock.hold(asyncio.get_running_loop().create_future())
        await clock.sleep_until(before - 1000)
        await clock.sleep_until(before + 5)
        return before, before + 5, clock.now_ms()

    before, deadline, after = asyncio.run(run())
    assert before < deadline <= after + 1


def test_whoever_waits_for_the_same_slot_of_the_grid_is_woken_together_and_not_early() -> None:
    async def run() -> tuple[float, list[tuple[str, float]]]:
        clock, woken = GridClock(), list[tuple[str, float]]()
        slot_ms = (clock.now_ms() // GRID_MS + 2) * GRID_MS

        async def wait(name: str, deadline_ms: float) -> None:
            await clock.sleep_until(deadline_ms)
            woken.append((name, clock.now_ms()))

        early, late, gone = (
            asyncio.create_task(wait(name, slot_ms - before_ms))
            for name, before_ms in (("early", 19.0), ("late", 1e-7), ("gone", 5.0))
        )
        await asyncio.sleep(0)
        timers = [handle for handle in asyncio.get_running_loop()._scheduled if not handle.cancelled()]
        assert len(timers) == 1
        gone.cancel()
        await asyncio.gather(early, late)
        return slot_ms, woken

    slot_ms, woken = asyncio.run(run())
    assert [name for name, _ in woken] == ["early", "late"]
    assert all(moment_ms >= slot_ms - 1 for _, moment_ms in woken)


def test_a_deadline_on_the_grid_is_not_put_off_by_the_rounding_of_floats() -> None:
    async def run() -> float:
        clock = GridClock()
        slot_ms = (clock.now_ms() // GRID_MS + 2) * GRID_MS
        await clock.sleep_until(slot_ms + 1e-7)
        return clock.now_ms() - slot_ms

    assert asyncio.run(run()) < GRID_MS


def test_a_call_that_is_late_does_not_wait_for_the_grid() -> None:
    async def run() -> float:
        clock = GridClock()
        began_ms = clock.now_ms()
        clock.hold(asyncio.get_running_loop().create_future())
        for tick in range(100):
            await clock.sleep_until(began_ms - 2000 + tick * GRID_MS)
        return clock.now_ms() - began_ms

    assert asyncio.run(run()) < 100 * GRID_MS / 2


def test_a_loop_that_begins_on_the_grid_waits_for_no_other_point_of_it() -> None:
    clock = GridClock()
    before_ms = clock.now_ms()
    began_ms = clock.begin_ms()
    assert began_ms % GRID_MS == 0
    assert before_ms <= began_ms <= clock.now_ms() + GRID_MS
    assert VirtualClock(7).begin_ms() == 7


def test_time_begins_at_once_where_there_is_no_grid() -> None:
    clock = RealClock()
    assert clock.begin_ms() <= clock.now_ms()
