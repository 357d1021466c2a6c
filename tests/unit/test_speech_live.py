"""Utterances that are recognised while they are said: in order, one thread at a time, and failing alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import numpy as np
import pytest

from asr.engine import Capabilities, Pcm, Transcript
from gateway.errors import ModelError, SpeechError
from gateway.speech.live import Live
from gateway.speech.workers import RecognitionPool

pytestmark = pytest.mark.unit


class Spelling:
    """A streaming engine that hears each sample as its number; stays in `accept` while its gate is shut."""

    name = "spelling"

    def __init__(self, *, streaming: bool = True) -> None:
        self.capabilities = Capabilities(streaming=streaming, hints=False, word_times=False)
        self.gate = threading.Event()
        self.gate.set()
        self.fails: Exception | None = None
        self.opened = 0

    def stream(self, hints: Sequence[str] = (), **_: object) -> Spelt:
        self.opened += 1
        return Spelt(self)

    def close(self) -> None:
        """Nothing is held."""


class Spelt:
    def __init__(self, engine: Spelling) -> None:
        self._engine, self._heard = engine, ""
        self._inside = threading.Lock()

    def accept(self, pcm: Pcm) -> str | None:
        assert self._inside.acquire(blocking=False), "two threads at once"
        assert self._engine.gate.wait(20)
        self._heard += "".join(map(str, pcm))
        self._inside.release()
        if self._engine.fails:
            raise self._engine.fails
        return self._heard

    def finish(self) -> Transcript:
        return Transcript(self._heard, 0.9)


def sound(*samples: int) -> Pcm:
    return np.array(samples, np.int16)


def opened(pool: RecognitionPool) -> Live:
    live = pool.open()
    assert live is not None
    return live


async def until_caught_up(live: Live) -> None:
    async with asyncio.timeout(20):
        while not live.caught_up:  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0.001)


def test_what_is_fed_is_heard_in_order_and_told_before_the_end() -> None:
    pool = RecognitionPool(Spelling(), threads=2)

    async def call() -> list[str]:
        live = opened(pool)
        seen = []
        for digit in range(5):
            live.feed(sound(digit))
            await until_caught_up(live)
            seen.append(live.partial)
        return [*seen, (await live.finish()).text]

    assert asyncio.run(call()) == ["0", "01", "012", "0123", "01234", "01234"]
    assert pool.close()


def test_many_at_once_share_the_threads_and_are_not_mixed_up() -> None:
    pool = RecognitionPool(Spelling(), threads=2)

    async def caller(digit: int) -> str:
        live = opened(pool)
        for _ in range(20):
            live.feed(sound(digit))
            await asyncio.sleep(0)
        return (await live.finish()).text

    async def calls() -> list[str]:
        return await asyncio.gather(*map(caller, range(9)))

    assert asyncio.run(calls()) == [str(digit) * 20 for digit in range(9)]
    assert pool.close()


def test_a_failing_stream_fails_its_own_utterance() -> None:
    engine = Spelling()
    pool = RecognitionPool(engine)

    async def call() -> str:
        live, other = opened(pool), opened(pool)
        engine.fails = ModelError("damaged")
        live.feed(sound(1))
        await until_caught_up(live)
        engine.fails = None
        live.feed(sound(2))
        with pytest.raises(ModelError, match="damaged"):
            await live.finish()
        other.feed(sound(3))
        return (await other.finish()).text

    assert asyncio.run(call()) == "3"
    assert pool.close()


def test_what_is_dropped_is_not_worked_on() -> None:
    engine = Spelling()
    pool = RecognitionPool(engine)

    async def call() -> None:
        live = opened(pool)
        live.drop()
        live.feed(sound(1))
        await until_caught_up(live)
        live.drop()

    asyncio.run(call())
    assert engine.opened == 0
    assert pool.close()


def test_who_gave_up_waiting_does_not_break_the_thread() -> None:
    engine = Spelling()
    pool = RecognitionPool(engine)

    async def call() -> str:
        engine.gate.clear()
        live = opened(pool)
        live.feed(sound(1))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(live.finish(), 0.05)
        engine.gate.set()
        return (await pool.recognise(sound(7))).text

    assert asyncio.run(call()) == "7"
    assert pool.close()


def test_an_engine_that_needs_the_whole_opens_nothing() -> None:
    pool = RecognitionPool(Spelling(streaming=False))
    assert pool.open() is None
    assert pool.close()


def test_a_closed_pool_takes_nothing_more() -> None:
    pool = RecognitionPool(Spelling())
    live = opened(pool)
    assert pool.close()
    with pytest.raises(SpeechError, match="shutting down"):
        live.feed(sound(1))
