"""Background work: seen when its wall time is over on the call's clock, bounded, and nobody's orphan."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from gateway.clock import RealClock, VirtualClock
from gateway.tasks import Pending, TaskOwner

pytestmark = pytest.mark.unit


async def value(given: int) -> int:
    await asyncio.sleep(0)
    return given


async def failure() -> int:
    await asyncio.sleep(0)
    raise LookupError("nothing there")


async def tick_until_ready(clock: VirtualClock, pending: Pending[int]) -> int:
    """The tick loop of a call; returns how many ticks went by."""
    ticks = 0
    start_ms = clock.now_ms()
    while not pending.ready(clock.now_ms() - start_ms):
        ticks += 1
        await clock.sleep_until(clock.now_ms() + 20)
    return ticks


def test_the_ticks_of_the_work_s_wall_time_are_delivered_before_its_result() -> None:
    async def call() -> tuple[int, float]:
        clock = VirtualClock(1000)
        owner = TaskOwner(clock)
        pending = owner.start(asyncio.to_thread(time.sleep, 0.13), timeout_ms=5000)
        ticks = await tick_until_ready(clock, pending)
        await owner.close()
        return ticks, pending.elapsed_ms

    ticks, elapsed_ms = asyncio.run(call())
    assert elapsed_ms >= 129
    assert ticks == -(-elapsed_ms // 20)


def test_a_result_is_not_visible_before_its_time() -> None:
    async def call() -> None:
        clock = VirtualClock()
        owner = TaskOwner(clock)
        pending = owner.start(value(7), timeout_ms=1000)
        assert not pending.ready(10**9)
        with pytest.raises(asyncio.InvalidStateError):
            pending.result()
        await clock.sleep_until(0)
        assert not pending.ready(0)
        assert pending.ready(pending.elapsed_ms)
        assert pending.result() == 7
        await owner.close()

    asyncio.run(call())


def test_on_the_real_clock_a_result_is_visible_when_it_is_there() -> None:
    async def call() -> int:
        clock = RealClock()
        start_ms = clock.now_ms()
        owner = TaskOwner(clock)
        pending = owner.start(value(7), timeout_ms=20_000)
        while not pending.ready(clock.now_ms() - start_ms):
            await clock.sleep_until(clock.now_ms() + 1)
        await owner.close()
        return pending.result()

    assert asyncio.run(call()) == 7


def test_a_failure_reaches_whoever_polls() -> None:
    async def call() -> None:
        clock = VirtualClock()
        owner = TaskOwner(clock)
        pending = owner.start(failure(), timeout_ms=1000)
        await tick_until_ready(clock, pending)
        with pytest.raises(LookupError, match="nothing there"):
            pending.result()
        await owner.close()

    asyncio.run(call())


def test_work_that_takes_too_long_is_a_time_out() -> None:
    async def call() -> None:
        clock = VirtualClock()
        owner = TaskOwner(clock)
        pending = owner.start(asyncio.get_running_loop().create_future(), timeout_ms=30)
        assert await tick_until_ready(clock, pending) >= 1
        with pytest.raises(TimeoutError):
            pending.result()
        await owner.close()

    asyncio.run(call())


def test_cancelled_work_is_over_at_once_and_says_so() -> None:
    async def call() -> None:
        clock = VirtualClock()
        owner = TaskOwner(clock)
        pending: Pending[int] = owner.start(asyncio.get_running_loop().create_future(), timeout_ms=10_000)
        pending.cancel()
        pending.cancel()
        await tick_until_ready(clock, pending)
        with pytest.raises(asyncio.CancelledError):
            pending.result()
        await owner.close()

    asyncio.run(call())


def test_closing_cancels_what_runs_and_leaves_no_task() -> None:
    async def call() -> set[asyncio.Task[object]]:
        owner = TaskOwner(VirtualClock())
        for _ in range(3):
            owner.start(asyncio.get_running_loop().create_future(), timeout_ms=60_000)
        await owner.close()
        await owner.close()
        return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]

    assert asyncio.run(call()) == set()


def test_closing_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    async def call() -> None:
        owner = TaskOwner(VirtualClock())
        let_go = asyncio.Event()

        async def stubborn() -> None:
            while not let_go.is_set():
                try:
                    await let_go.wait()
                except asyncio.CancelledError:
                    continue

        owner.start(stubborn(), timeout_ms=60_000)
        await asyncio.sleep(0)
        await owner.close(timeout_ms=20)
        let_go.set()
        await owner.close()

    asyncio.run(call())
    assert "ignores its cancellation" in caplog.text


@pytest.mark.parametrize("collected", [True, False])
def test_a_failure_nobody_collected_is_logged_without_its_text(
    collected: bool, caplog: pytest.LogCaptureFixture
) -> None:
    async def call() -> None:
        clock = VirtualClock()
        owner = TaskOwner(clock)
        pending = owner.start(failure(), timeout_ms=1000)
        await tick_until_ready(clock, pending)
        if collected:
            with pytest.raises(LookupError):
                pending.result()
        await owner.close()

    with caplog.at_level(logging.WARNING):
        asyncio.run(call())
    assert ("LookupError" in caplog.text) is not collected
    assert "nothing there" not in caplog.text
