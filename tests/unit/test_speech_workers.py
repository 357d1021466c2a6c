"""The recognition threads: in order, bounded, and in nobody's way, whatever the engine does."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from asr.engine import Capabilities, Pcm, Transcript
from gateway.clock import VirtualClock
from gateway.errors import ModelError, SpeechError
from gateway.speech.load import Step
from gateway.speech.workers import UNAWAITED_MS, Expected, RecognitionPool
from gateway.tasks import TaskOwner

pytestmark = pytest.mark.unit


class CountingEngine:
    """Hears how many samples it was given; stays in `finish` while its gate is shut."""

    name = "counting"
    capabilities = Capabilities(streaming=False, hints=True, word_times=False)

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.both = threading.Event()
        self.begun: list[int] = []
        self.fails: Exception | None = None
        self.heard: list[int] = []
        self.quick: list[bool] = []
        self.running = 0
        self.most_running = 0
        self._lock = threading.Lock()

    def stream(self, hints: Sequence[str] = (), *, quick: bool = False, **_: object) -> CountingStream:
        self.quick.append(quick)
        return CountingStream(self, hints)

    def close(self) -> None:
        """Nothing is held."""

    def recognise(self, samples: int, hints: Sequence[str]) -> Transcript:
        with self._lock:
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.begun.append(samples)
            if self.running == 2:
                self.both.set()
        self.entered.set()
        assert self.gate.wait(20)
        with self._lock:
            self.running -= 1
            self.heard.append(samples)
        if self.fails:
            raise self.fails
        return Transcript("，".join([str(samples), *hints]), 1.0)


class CountingStream:
    def __init__(self, engine: CountingEngine, hints: Sequence[str]) -> None:
        self._engine, self._hints, self._samples = engine, hints, 0

    def accept(self, pcm: Pcm) -> str | None:
        self._samples += len(pcm)
        return None

    def finish(self) -> Transcript:
        return self._engine.recognise(self._samples, self._hints)


def sound(samples: int) -> Pcm:
    return np.zeros(samples, np.int16)


def test_an_utterance_is_recognised_with_its_hints() -> None:
    pool = RecognitionPool(CountingEngine())
    assert asyncio.run(pool.recognise(sound(320), Expected(("查话费",)))).text == "320，查话费"
    assert pool.close()


def test_many_calls_share_few_threads_and_each_gets_its_own_result() -> None:
    engine = CountingEngine()
    pool = RecognitionPool(engine, threads=2)

    async def calls() -> list[Transcript]:
        return await asyncio.gather(*(pool.recognise(sound(length)) for length in range(1, 41)))

    assert [heard.text for heard in asyncio.run(calls())] == [str(length) for length in range(1, 41)]
    assert engine.most_running <= 2
    assert pool.close()


def test_answers_that_callers_await_go_before_messages_that_nobody_does() -> None:
    engine = CountingEngine()
    engine.gate.clear()
    pool = RecognitionPool(engine)

    async def calls() -> None:
        first = asyncio.create_task(pool.recognise(sound(1)))
        assert await asyncio.to_thread(engine.entered.wait, 20)
        later = [asyncio.create_task(pool.recognise(sound(length), within_ms=UNAWAITED_MS)) for length in (10, 11)]
        awaited = [asyncio.create_task(pool.recognise(sound(length))) for length in (20, 21)]
        await asyncio.sleep(0)
        engine.gate.set()
        await asyncio.gather(first, *later, *awaited)

    asyncio.run(calls())
    assert engine.heard == [1, 20, 21, 10, 11]
    assert pool.close()


def test_a_failing_engine_fails_the_turn_and_not_the_pool() -> None:
    engine = CountingEngine()
    pool = RecognitionPool(engine)
    engine.fails = ModelError("damaged")
    with pytest.raises(ModelError, match="damaged"):
        asyncio.run(pool.recognise(sound(1)))
    engine.fails = None
    assert asyncio.run(pool.recognise(sound(2))).text == "2"
    assert pool.close()


def test_a_stuck_engine_times_out_and_who_gave_up_is_not_recognised_later() -> None:
    engine = CountingEngine()
    engine.gate.clear()
    pool = RecognitionPool(engine)

    async def call() -> None:
        clock = VirtualClock()
        owner = TaskOwner(clock)
        stuck = owner.start(pool.recognise(sound(1)), timeout_ms=50)
        waiting = owner.start(pool.recognise(sound(2)), timeout_ms=50)
        while not (stuck.ready(clock.now_ms()) and waiting.ready(clock.now_ms())):
            await clock.sleep_until(clock.now_ms() + 20)
        for pending in (stuck, waiting):
            with pytest.raises(TimeoutError):
                pending.result()
        await owner.close()

    asyncio.run(call())
    assert not pool.close(timeout_s=0.05)
    engine.gate.set()
    assert pool.close()
    assert engine.heard == [1]


def test_a_closed_pool_refuses() -> None:
    pool = RecognitionPool(CountingEngine())
    assert pool.close()
    assert pool.close()
    with pytest.raises(SpeechError, match="shutting down"):
        asyncio.run(pool.recognise(sound(1)))


def test_a_pool_without_threads_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        RecognitionPool(CountingEngine(), threads=0)


def test_a_short_answer_is_due_before_a_long_one_that_came_first() -> None:
    engine = CountingEngine()
    engine.gate.clear()
    pool = RecognitionPool(engine)

    async def calls() -> None:
        first = asyncio.create_task(pool.recognise(sound(1)))
        assert await asyncio.to_thread(engine.entered.wait, 20)
        long = asyncio.create_task(pool.recognise(sound(16_000 * 15)))
        await asyncio.sleep(0)
        short = asyncio.create_task(pool.recognise(sound(16_000)))
        await asyncio.sleep(0)
        engine.gate.set()
        await asyncio.gather(first, long, short)

    asyncio.run(calls())
    assert engine.heard == [1, 16_000, 240_000]
    assert pool.close()


def test_long_utterances_leave_a_thread_to_short_ones() -> None:
    engine = CountingEngine()
    engine.gate.clear()
    pool = RecognitionPool(engine, threads=2)
    long = 16_000 * 10

    async def calls() -> None:
        monologues = [asyncio.create_task(pool.recognise(sound(long))) for _ in range(3)]
        assert await asyncio.to_thread(engine.entered.wait, 20)
        short = asyncio.create_task(pool.recognise(sound(5)))
        assert await asyncio.to_thread(engine.both.wait, 20)
        assert engine.begun == [long, 5], "no second monologue was before it"
        engine.gate.set()
        await asyncio.gather(short, *monologues)

    asyncio.run(calls())
    assert engine.heard.count(long) == 3
    assert pool.close()


def test_a_question_may_name_another_engine_and_a_missing_one_is_an_error() -> None:
    usual, other = CountingEngine(), CountingEngine()
    pool = RecognitionPool(usual, others={"other": other})
    assert asyncio.run(pool.recognise(sound(7), Expected(engine="other"))).text == "7"
    assert (usual.heard, other.heard) == ([], [7])
    with pytest.raises(SpeechError, match="no such engine"):
        asyncio.run(pool.recognise(sound(7), Expected(engine="third")))
    assert pool.close()


def test_falling_behind_is_noticed_and_makes_the_engine_hurry() -> None:
    engine = CountingEngine()
    engine.gate.clear()
    now_ms = 0.0
    pool = RecognitionPool(engine, clock_ms=lambda: now_ms)

    async def calls() -> None:
        nonlocal now_ms
        waiting = [asyncio.create_task(pool.recognise(sound(1)))]
        assert await asyncio.to_thread(engine.entered.wait, 20)
        waiting.append(asyncio.create_task(pool.recognise(sound(2))))
        await asyncio.sleep(0)
        assert pool.step is Step.NORMAL
        seen = set()
        while pool.step < Step.NO_LOOKS:
            now_ms += 150
            seen.add(pool.step)
        assert seen >= {Step.NORMAL, Step.QUICK}
        engine.gate.set()
        await asyncio.gather(*waiting)
        while pool.step > Step.NORMAL:
            now_ms += 150

    asyncio.run(calls())
    assert engine.quick == [False, True]
    assert pool.close()


@pytest.mark.parametrize(
    ("within_ms", "hurried"),
    [(None, [False, True, False]), (UNAWAITED_MS, [False, False, False])],
    ids=["answers", "messages that nobody awaits"],
)
def test_nobody_is_searched_at_leisure_while_another_waits_to_be_heard(
    within_ms: float | None, hurried: list[bool]
) -> None:
    engine = CountingEngine()
    engine.gate.clear()
    pool = RecognitionPool(engine)

    async def calls() -> None:
        heard = [asyncio.create_task(pool.recognise(sound(1)))]
        assert await asyncio.to_thread(engine.entered.wait, 20)
        heard += [asyncio.create_task(pool.recognise(sound(length), within_ms=within_ms)) for length in (2, 3)]
        await asyncio.sleep(0)
        engine.gate.set()
        await asyncio.gather(*heard)

    asyncio.run(calls())
    assert (engine.heard, engine.quick) == ([1, 2, 3], hurried)
    assert pool.close()


def test_calls_that_are_behind_their_clock_count_as_much_as_late_recognition() -> None:
    now_ms = 0.0
    pool = RecognitionPool(CountingEngine(), clock_ms=lambda: now_ms)
    for _ in range(12):
        pool.ticks_late(40.0)
        now_ms += 100
        assert pool.step is Step.NORMAL
    while pool.step is not Step.FULL:
        pool.ticks_late(200.0)
        now_ms += 100
        assert now_ms < 6000
    assert pool.close()
