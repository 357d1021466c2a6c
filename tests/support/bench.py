"""A session ticked by hand: the real ears and mouth around a scripted mind, recogniser and back end."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from asr.engine import Transcript
from gateway import events
from gateway.call.account import Account
from gateway.call.session import CallSession
from gateway.call.work import CallWork
from gateway.clock import VirtualClock
from gateway.dialogue.actions import (
    Action,
    BargeIn,
    Hangup,
    Heard,
    Input,
    Keys,
    Listen,
    NoInput,
    Outcome,
    Recorded,
    Say,
    Text,
    Understood,
)
from gateway.dialogue.completeness import Completeness
from gateway.dialogue.state import State, Waiting
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SILENCE
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.player import Player
from gateway.speech.listener import Listener
from gateway.speech.load import Step
from gateway.tasks import TaskOwner
from gateway.transport.leg import CALLER_HUNG_UP, HandOver, LegInput
from tests.support.sound import ScriptedDetector

E = TypeVar("E", bound=events.Happened)

TONE = (np.sin(np.arange(16_000 * 3) * 0.3) * 5000).astype(np.int16)
QUESTION = Listen("q", timeout_ms=3000, keywords=("转人工",))


def say(text: str, barge_in: BargeIn = BargeIn.SPEECH) -> Say:
    return Say("q", (Text(text),), barge_in)


@dataclass
class Mind:
    """Answers each input with the next list of actions; every answer is understood."""

    replies: deque[tuple[Action, ...]]
    given: list[Input] = field(default_factory=list)
    keys_only: bool = False
    complete: Completeness = Completeness.UNSURE
    pondered: list[tuple[str, str]] = field(default_factory=list)
    """Question and words of the answers that were thought over before they were given."""

    def start(self) -> tuple[Action, ...]:
        return self.replies.popleft()

    def ponder(self, node: str, heard: Heard) -> None:
        self.pondered.append((node, heard.text))

    def completeness(self, heard: Heard) -> Completeness:
        return self.complete

    def snapshot(self) -> State:
        """At its question; as many errors as answers were given."""
        return State({}, "q", waiting=Waiting.ANSWER, errors=len(self.given))

    def farewell(self) -> tuple[Action, ...]:
        return (say("再见", BargeIn.OFF),)

    def step(self, given: Input) -> tuple[Action, ...]:
        self.given.append(given)
        facts: tuple[Action, ...] = ()
        if isinstance(given, Heard | Keys | Recorded | NoInput):
            outcome = Outcome.NO_INPUT if isinstance(given, NoInput) else Outcome.ACCEPT
            facts = (Understood("q", outcome, "x", 1.0),)
        return facts + (self.replies.popleft() if self.replies else (Hangup(),))


class SlowRecogniser:
    """Takes as long as it is told to, in ticks of the test."""

    def __init__(self, heard: list[str | Exception]) -> None:
        self._heard = deque(heard)
        self.release = asyncio.Event()
        self.awaited: list[bool] = []
        self.step = Step.NORMAL
        self.live: Any = None

    def open(self, expected: object = None) -> Any:
        """None, as of an engine that needs the whole of an utterance."""
        return self.live

    async def recognise(self, pcm: object, expected: object = None, *, within_ms: float | None = None) -> Transcript:
        self.awaited.append(within_ms is None)
        await self.release.wait()
        heard = self._heard.popleft()
        if isinstance(heard, Exception):
            raise heard
        return Transcript(heard, 0.9)


class SlowLookups:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.release = asyncio.Event()

    async def lookup(self, name: str, arguments: object) -> dict[str, str]:
        await self.release.wait()
        return {"name": name}


class AtOnce(ThreadPoolExecutor):
    """Does on the spot what would be done on a thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as a thread pool does
            future.set_exception(error)
        return future


class Bench:
    """A session with its parts, ticked by hand; everything it told."""

    def __init__(self, replies: Sequence[tuple[Action, ...]], heard: Sequence[str | Exception], folder: Path) -> None:
        self.clock = VirtualClock()
        self.mind = Mind(deque(replies))
        self.detector = ScriptedDetector()
        self.recogniser = SlowRecogniser(list(heard))
        self.lookups = SlowLookups()
        self.told: list[events.Event] = []
        self.owner = TaskOwner(self.clock)
        work = CallWork(self.owner, self.recogniser, self.lookups, 60_000)  # type: ignore[arg-type]
        catalog = PromptCatalog({"问题": TONE, "回答": TONE, "再问": TONE, "再见": TONE})
        self.account = Account("c", folder / "c.wav", self.told.append)
        self.session = CallSession(self.account, self.mind, Listener(self.detector), Player(catalog), work)
        self.session.start()
        self.now_ms = 0.0
        self.human: HandOver | None = HandOver(ok=True)
        """How a transfer goes; None: nobody says."""
        self.asked: list[str] = []
        """Queues that the leg was to hand the caller to."""
        self._handed_over: HandOver | None = None

    async def run(
        self,
        for_ms: float,
        *,
        speech: bool = False,
        key: str = "",
        hang_up: bool = False,
        reason: str = CALLER_HUNG_UP,
        handed_over: HandOver | None = None,
        on_hold: bool = False,
    ) -> None:
        """Tick on; the key is pressed in the first tick, and in it `handed_over` is told."""
        self._handed_over = handed_over or self._handed_over
        end_ms = self.now_ms + for_ms
        while self.now_ms < end_ms and self.session.ended is None:
            self.detector.speech = speech
            frame = np.full(FRAME_SAMPLES, 9000, np.int16) if speech else SILENCE
            told, self._handed_over = self._handed_over, None
            self.session.tick(self.now_ms, LegInput(frame, tuple(key), hang_up, reason, told, on_hold))
            if (queue := self.session.take_transfer()) is not None:
                self.asked.append(queue)
                self._handed_over = self.human
            key = ""
            await asyncio.sleep(0)  # work goes on beside the ticks, in no time of its own
            await asyncio.sleep(0)
            self.now_ms += FRAME_MS

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.told if isinstance(event, kind)]


def bench(
    replies: Sequence[tuple[Action, ...]],
    heard: Sequence[str | Exception],
    talk: Callable[[Bench], Awaitable[None]],
    folder: Path = Path("nowhere"),
) -> Bench:
    """Run `talk` on a session; what it keeps goes to `folder`."""

    async def run() -> Bench:
        asyncio.get_running_loop().set_default_executor(AtOnce())
        made = Bench(replies, heard, folder)
        await talk(made)
        await made.owner.close()
        return made

    return asyncio.run(run())
