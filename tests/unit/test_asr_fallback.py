"""An ordered set of engines: what fails is left, what was said is heard all the same, who is well again is noticed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from asr.adapters.fallback import FallbackEngine
from asr.adapters.health import LONGEST_RETRY_MS, TRIAL_MS, Roster
from asr.engine import Capabilities, ClosedAnswer, Engine, Pcm, Stream, Transcript, transcribe
from asr.engines.scripted import ScriptedEngine
from asr.errors import EngineUnavailableError, SpeechError

pytestmark = pytest.mark.unit

SPEECH = np.full(3200, 1000, np.int16)
LONG_S = 20.0
"""A limit that no test reaches."""
SHORT_S = 0.05
"""A limit that the stalled ones reach."""


@dataclass
class Shaky(Engine):
    """A streaming engine that does what the test has set, and notes what it was given."""

    name: str = "shaky"
    fault: Callable[[], object] | None = None
    """Called by `finish`."""
    fault_in_accept: Callable[[], object] | None = None
    said: str = "远处"
    streaming: bool = True
    given: list[Pcm] = field(default_factory=list)
    finished: threading.Event = field(default_factory=threading.Event)
    closed: bool = False

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(streaming=self.streaming, hints=False, word_times=True)

    def stream(self, hints: Sequence[str] = (), *, answer: ClosedAnswer | None = None, quick: bool = False) -> Stream:
        return _ShakyStream(self)

    def close(self) -> None:
        self.closed = True


@dataclass
class _ShakyStream(Stream):
    engine: Shaky

    def accept(self, pcm: Pcm) -> str | None:
        self.engine.given.append(pcm)
        if self.engine.fault_in_accept:
            self.engine.fault_in_accept()
        return self.engine.said[:1]

    def finish(self) -> Transcript:
        try:
            if self.engine.fault:
                self.engine.fault()
            return Transcript(self.engine.said, 0.9)
        finally:
            self.engine.finished.set()


def broken() -> None:
    raise EngineUnavailableError("it broke off the connection", where="ws://speech.example")


def heard_by_the_second(pcm: Pcm, hints: tuple[str, ...]) -> str:
    return f"近处{len(pcm)}{''.join(hints)}"


@dataclass
class Clock:
    now_ms: float = 0.0

    def __call__(self) -> float:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def first() -> Shaky:
    return Shaky()


@pytest.fixture
def fallback(first: Shaky, clock: Clock) -> Iterator[FallbackEngine]:
    engine = FallbackEngine(
        [first, ScriptedEngine(heard_by_the_second)], retry_after_s=30.0, stall_after_s=LONG_S, clock_ms=clock
    )
    yield engine
    engine.close()


def states(engine: FallbackEngine) -> list[str]:
    return [health.state for health in engine.health]


def test_the_first_engine_is_asked_while_it_is_well(fallback: FallbackEngine, first: Shaky) -> None:
    assert transcribe(fallback, SPEECH).text == "远处"
    assert states(fallback) == ["well", "well"]
    assert [len(pcm) for pcm in first.given] == [3200]


def test_what_was_said_before_it_failed_is_heard_by_the_next(fallback: FallbackEngine, first: Shaky) -> None:
    first.fault = broken
    stream = fallback.stream(["查话费"])
    for start in range(0, 3200, 320):
        stream.accept(SPEECH[start : start + 320])
    assert stream.finish().text == "近处3200查话费"
    assert states(fallback) == ["left", "well"]


def test_an_engine_that_fails_while_audio_comes_is_left_before_the_end(fallback: FallbackEngine, first: Shaky) -> None:
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        broken()

    first.fault_in_accept = fail
    stream = fallback.stream()
    stream.accept(SPEECH)
    assert failed.wait(10)
    while fallback.health[0].state == "well":  # its thread has yet to say so
        stream.accept(SPEECH[:0])
    assert stream.finish().text == "近处3200"


def test_whatever_an_engine_raises_the_next_one_is_asked(fallback: FallbackEngine, first: Shaky) -> None:
    def bug() -> None:
        raise ZeroDivisionError("什么什么")

    first.fault = bug
    assert transcribe(fallback, SPEECH).text == "近处3200"
    assert fallback.health[0].reason == "ZeroDivisionError"


def test_an_engine_that_never_returns_is_left_and_the_next_one_hears(clock: Clock, first: Shaky) -> None:
    let_go = threading.Event()
    first.fault = let_go.wait
    engine = FallbackEngine([first, ScriptedEngine(heard_by_the_second)], stall_after_s=SHORT_S, clock_ms=clock)
    assert transcribe(engine, SPEECH).text == "近处3200"
    assert engine.health[0].reason == "it gave no answer in time"
    let_go.set()
    engine.close()
    assert first.closed


def test_an_engine_that_is_stuck_is_not_closed_under_its_work(
    clock: Clock, first: Shaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asr.adapters.crew.CLOSE_S", 0.0)
    let_go = threading.Event()
    first.fault = let_go.wait
    engine = FallbackEngine([first, ScriptedEngine(heard_by_the_second)], stall_after_s=SHORT_S, clock_ms=clock)
    transcribe(engine, SPEECH)
    engine.close()
    assert not first.closed
    let_go.set()


def test_an_engine_that_sticks_again_and_again_is_not_asked_any_more(clock: Clock, first: Shaky) -> None:
    let_go = threading.Event()
    first.fault = let_go.wait
    engine = FallbackEngine([first], stall_after_s=SHORT_S / 3, clock_ms=clock)
    for _ in range(5):
        with pytest.raises(EngineUnavailableError):
            transcribe(engine, SPEECH)
    assert len(first.given) == 3
    let_go.set()
    engine.close()


def test_one_that_was_left_hears_nothing_before_its_time(fallback: FallbackEngine, first: Shaky, clock: Clock) -> None:
    first.fault = broken
    transcribe(fallback, SPEECH)
    clock.now_ms = 29_999
    transcribe(fallback, SPEECH)
    assert len(first.given) == 1


def wait_for(engine: FallbackEngine, wanted: str) -> None:
    """Until the first engine is so; what it takes is a thread's last step."""
    waiting = threading.Event()
    for _ in range(1000):
        if engine.health[0].state == wanted:
            return
        waiting.wait(0.01)
    pytest.fail(f"the first engine isn't {wanted}: {engine.health[0]}")


def test_one_that_is_well_again_is_noticed_on_a_copy_and_asked_from_then_on(
    fallback: FallbackEngine, first: Shaky, clock: Clock
) -> None:
    first.fault = broken
    transcribe(fallback, SPEECH)
    first.fault = None
    clock.now_ms = 30_000
    assert transcribe(fallback, SPEECH).text == "近处3200"  # nobody waits for a trial
    wait_for(fallback, "well")
    assert fallback.health[0].since_ms == 30_000
    assert transcribe(fallback, SPEECH).text == "远处"


def test_one_that_fails_its_trial_is_left_for_twice_as_long(
    fallback: FallbackEngine, first: Shaky, clock: Clock
) -> None:
    first.fault = broken
    transcribe(fallback, SPEECH)
    clock.now_ms = 30_000
    first.finished.clear()
    transcribe(fallback, SPEECH)
    assert first.finished.wait(10)
    wait_for(fallback, "left")
    clock.now_ms = 89_999
    transcribe(fallback, SPEECH)
    assert len(first.given) == 2
    clock.now_ms = 90_000
    first.fault = None
    transcribe(fallback, SPEECH)
    wait_for(fallback, "well")


def test_silence_proves_nothing_and_tries_nobody(fallback: FallbackEngine, first: Shaky, clock: Clock) -> None:
    first.fault = broken
    transcribe(fallback, SPEECH)
    clock.now_ms = 60_000
    assert transcribe(fallback, np.zeros(3200, np.int16)).rejected == "silence"
    assert states(fallback) == ["left", "well"]


def test_streams_opened_before_a_switch_keep_working(fallback: FallbackEngine, first: Shaky) -> None:
    before = fallback.stream()
    before.accept(SPEECH)
    first.fault = broken
    transcribe(fallback, SPEECH)
    first.fault = None
    assert states(fallback) == ["left", "well"]
    assert before.finish().text == "远处"


def test_when_all_fail_the_error_says_why_each_did(clock: Clock) -> None:
    engine = FallbackEngine([Shaky(fault=broken), Shaky(fault=broken)], stall_after_s=LONG_S, clock_ms=clock)
    with pytest.raises(EngineUnavailableError, match=r"shaky: .*broke off.*; shaky 2: .*broke off"):
        transcribe(engine, SPEECH)
    engine.close()


def test_one_that_has_failed_is_better_than_none(clock: Clock) -> None:
    only = Shaky(fault=broken)
    engine = FallbackEngine([only], stall_after_s=LONG_S, clock_ms=clock)
    with pytest.raises(EngineUnavailableError):
        transcribe(engine, SPEECH)
    only.fault = None
    assert transcribe(engine, SPEECH).text == "远处"
    assert states(engine) == ["well"]
    engine.close()


def test_each_change_is_said_in_one_line_without_what_callers_say(
    fallback: FallbackEngine, first: Shaky, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    first.fault = broken
    transcribe(fallback, SPEECH, ["查话费"])
    transcribe(fallback, SPEECH, ["查话费"])
    clock.now_ms = 30_000
    first.fault = None
    transcribe(fallback, SPEECH, ["查话费"])
    wait_for(fallback, "well")
    assert [record.getMessage() for record in caplog.records] == [
        "engine shaky is left for 30 s: ws://speech.example: it broke off the connection",
        "engine shaky is tried again",
        "engine shaky is well again",
    ]


def test_partial_results_are_those_of_the_engine_that_is_asked(fallback: FallbackEngine, first: Shaky) -> None:
    stream = fallback.stream()
    seen = None
    while seen is None:  # they come from another thread, with the audio that follows
        seen = stream.accept(SPEECH[:320])
    assert seen == "远"
    assert stream.accept(SPEECH[:320]) is None  # it hasn't changed
    stream.finish()


def test_the_set_can_do_what_the_engine_asked_next_can_do(fallback: FallbackEngine, first: Shaky) -> None:
    assert (fallback.capabilities.streaming, fallback.capabilities.hints) == (True, True)
    first.fault = broken
    transcribe(fallback, SPEECH)
    assert (fallback.capabilities.streaming, fallback.capabilities.word_times) == (False, False)


def test_closing_closes_all_and_ends_it(first: Shaky, clock: Clock) -> None:
    second = Shaky()
    engine = FallbackEngine([first, second], clock_ms=clock)
    stream = engine.stream()
    engine.close()
    engine.close()
    assert (first.closed, second.closed) == (True, True)
    with pytest.raises(SpeechError, match="closed"):
        stream.finish()


def test_a_set_of_none_is_refused() -> None:
    with pytest.raises(SpeechError, match="no engine"):
        FallbackEngine([])


def test_a_finished_stream_answers_again_and_takes_no_more(fallback: FallbackEngine) -> None:
    stream = fallback.stream()
    stream.accept(SPEECH)
    assert stream.finish() is stream.finish()
    with pytest.raises(SpeechError, match="over"):
        stream.accept(SPEECH)


def test_the_pause_before_a_trial_doubles_up_to_ten_minutes() -> None:
    roster = Roster(["a"], 30_000.0, 0.0)
    now_ms, pauses_ms = 0.0, []
    for _ in range(8):
        roster.failed(0, now_ms, "why")
        began_ms = now_ms
        while not roster.due(now_ms):
            now_ms += 15_000.0
        pauses_ms.append(now_ms - began_ms)
        roster.on_trial(0, now_ms)
    assert pauses_ms == [
        30_000,
        60_000,
        120_000,
        240_000,
        480_000,
        LONGEST_RETRY_MS,
        LONGEST_RETRY_MS,
        LONGEST_RETRY_MS,
    ]


def test_a_trial_that_never_ends_has_failed() -> None:
    roster = Roster(["a"], 1000.0, 0.0)
    roster.failed(0, 0.0, "why")
    roster.on_trial(0, 1000.0)
    assert roster.due(1000.0 + TRIAL_MS - 1) == []
    assert roster.health[0].state == "on_trial"
    roster.due(1000.0 + TRIAL_MS)
    assert (roster.health[0].state, roster.health[0].reason) == ("left", "its trial has not ended")
