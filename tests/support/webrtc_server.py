"""The real browser transport in a process of its own, with calls that echo or play a prompt: for tests and benchmarks.

    python -m tests.support.webrtc_server --config '{"listen": ["http://127.0.0.1:0"]}' [--max-calls 100] [--prompt]

The configuration is the table `[webrtc]` as JSON, or a file of it. Each frame that is received is sent back; with
`--prompt`, a prompt is played over and over instead. Some called numbers do more, or less:

    hangup-after-N     we hang up N ms after the call began, because of `done`
    transfer-QUEUE     handed to QUEUE 200 ms after it began; we hang up when that is done, or has failed
    full, busy, unknown, draining      not let in, for that reason

On stdout is one line `ready ADDRESS ...`, then one JSON object a line: `admitted`, `refused`, `released`, `began`,
`ended`, and `counters` and `stopped` when told to. It is told on stdin, one word a line: `counters`, `drain`, `stop`;
SIGTERM and the end of stdin are `stop` too, so that no server outlives its test.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import logging
import os
import re
import resource
import signal
import sys
import time
import wave
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from asr.audio import read_audio
from gateway.clock import GridClock
from gateway.events import Emit
from gateway.media.frames import FRAME_MS, SAMPLE_RATE_HZ, Frame, to_frames
from gateway.transport.leg import HotlineState, Leg, LegInfo
from gateway.transport.switchboard import Place, Refusal
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.endpoint import WebrtcTransport
from tests.support.sip_server import SWITCH_INTERVAL_S, TRANSFER_AFTER_MS, say
from tests.support.webrtc_sound import SAMPLES, ClickWatch

PROMPT = "agent_5.wav"
_STATE = HotlineState(speaking=False, listening=True)
_REFUSALS = {
    "full": Refusal.FULL,
    "busy": Refusal.BUSY,
    "unknown": Refusal.UNKNOWN_NUMBER,
    "draining": Refusal.DRAINING,
}
_ORDER = re.compile(r"(hangup-after|transfer)-(\w+)")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is done with each call."""

    quiet: bool = False
    """Say nothing of calls that are admitted or begin."""
    prompt: tuple[Frame, ...] = ()
    """Played over and over; an echo without."""
    keep: Path | None = None
    """What is heard is written here, as WAV named by the caller's number."""


@dataclass(slots=True)
class TestedCall:
    """One call that is on, and what happened in it."""

    number: int
    leg: Leg
    wishes: Wishes
    began_ms: float
    ticks: int = 0
    loudest: float = 0.0
    """The highest level (RMS) of a frame."""
    keys: list[str] = field(default_factory=list)
    handed_over: list[str] = field(default_factory=list)
    watch: ClickWatch = field(default_factory=ClickWatch)
    kept: list[Frame] = field(default_factory=list)
    hang_up_at_ms: float | None = None
    transfer_to: str | None = None

    def __post_init__(self) -> None:
        match _ORDER.fullmatch(self.leg.info.called_number):
            case re.Match() as found if found[1] == "transfer":
                self.transfer_to = found[2]
            case re.Match() as found:
                self.hang_up_at_ms = self.began_ms + int(found[2])

    def tick(self, now_ms: float) -> bool:
        """Hear and say 20 ms; False when the call is over."""
        came = self.leg.receive(self.ticks * FRAME_MS, _STATE)
        heard_ms = time.monotonic() * 1000
        self.ticks += 1
        self.keys += came.keys
        if came.handed_over is not None:
            self.handed_over.append("ok" if came.handed_over.ok else came.handed_over.reason)
        if came.hung_up:
            self._over(came.reason)
            return False
        self.loudest = max(self.loudest, float(np.sqrt(np.mean(came.frame.astype(np.float32) ** 2))))
        self.watch.hear(came.frame, heard_ms)
        if self.wishes.keep:
            self.kept.append(came.frame.copy())
        prompt = self.wishes.prompt
        self.leg.send(prompt[self.ticks % len(prompt)] if prompt else came.frame)
        if came.handed_over is not None:
            self.leg.hang_up("transferred" if came.handed_over.ok else "transfer_failed")
        elif self.hang_up_at_ms is not None and now_ms >= self.hang_up_at_ms:
            self.leg.hang_up("done")
        elif self.transfer_to is not None and now_ms >= self.began_ms + TRANSFER_AFTER_MS:
            self.leg.transfer(self.transfer_to)
            self.transfer_to = None
        return True

    def _over(self, reason: str) -> None:
        caller = self.leg.info.caller_number
        if self.wishes.keep:
            with wave.open(str(self.wishes.keep / f"{caller or self.number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(SAMPLE_RATE_HZ)
                file.writeframes(b"".join(frame.tobytes() for frame in self.kept))
        say(
            "ended",
            call=self.number,
            caller=caller,
            reason=reason,
            keys="".join(self.keys),
            handed_over=self.handed_over,
            ticks=self.ticks,
            loudest=round(self.loudest),
            clicks=self.watch.at_ms,
            line=self.leg.line,
        )


class Board:
    """A switchboard with room for `max_calls`, all of them ticked by one loop."""

    def __init__(self, max_calls: int, wishes: Wishes) -> None:
        self._max_calls = max_calls
        self.wishes = wishes
        self._numbers = count(1)
        self.places = 0
        self.draining = False
        self.calls: dict[int, TestedCall] = {}

    @property
    def accepting(self) -> bool:
        return not self.draining and self.places < self._max_calls

    def admit(self, info: LegInfo) -> Place | Refusal:
        refusal = _REFUSALS.get(info.called_number)
        if self.draining:
            refusal = Refusal.DRAINING
        elif refusal is None and self.places >= self._max_calls:
            refusal = Refusal.FULL
        if refusal is not None:
            say("refused", caller=info.caller_number, why=refusal.value)
            return refusal
        self.places += 1
        number = next(self._numbers)
        self.tell("admitted", call=number, caller=info.caller_number)
        return BoardPlace(self, number, info)

    def tell(self, event: str, **values: Any) -> None:
        """What nobody who measures wants to pay for."""
        if not self.wishes.quiet:
            say(event, **values)

    async def tick_for_ever(self) -> None:
        """Every call, every 20 ms, from absolute deadlines; a late loop catches up, as the gateway does."""
        clock = GridClock()
        due_ms = clock.begin_ms()
        while True:
            due_ms += FRAME_MS
            await clock.sleep_until(due_ms)
            now_ms = clock.now_ms()
            for call in list(self.calls.values()):
                if not call.tick(now_ms):
                    del self.calls[call.number]
                    self.places -= 1


class BoardPlace:
    """Implements `Place`, and says so when one is used twice."""

    def __init__(self, board: Board, number: int, info: LegInfo) -> None:
        self._board = board
        self._number = number
        self._info = info
        self._used = False

    def take(self, leg: Leg, watch: Emit | None = None) -> None:
        self._use()
        board = self._board
        board.calls[self._number] = TestedCall(self._number, leg, board.wishes, time.monotonic() * 1000)
        board.tell("began", call=self._number, caller=leg.info.caller_number, info=_told(leg.info))

    def release(self) -> None:
        self._use()
        self._board.places -= 1
        self._board.tell("released", call=self._number, caller=self._info.caller_number)

    def _use(self) -> None:
        if self._used:
            say("error", what="a place was used twice", call=self._number)
        self._used = True


def _told(info: LegInfo) -> dict[str, str]:
    return {
        name: getattr(info, name) for name in ("called_number", "caller_number", "transport", "trunk", "key", "resumes")
    }


def counters(transport: WebrtcTransport, board: Board) -> dict[str, Any]:
    """What is held now; `cpu_s` is all that the process has used."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # what was freed goes back, where the C library can do that
        ctypes.CDLL(None).malloc_trim(0)
    used = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "calls": transport.calls,
        "ticking": len(board.calls),
        "places": board.places,
        "tasks": len(asyncio.all_tasks()),
        "fds": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - names only, and fewer files than Path makes
        "rss_kb": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
    }


async def orders(queue: asyncio.Queue[str]) -> None:
    """Pass on what we are told on stdin."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while order := (await reader.readline()).decode().strip():
        await queue.put(order)
    await queue.put("stop")


async def serve(config: WebrtcConfig, max_calls: int, wishes: Wishes) -> None:
    """Take calls until told to stop."""
    board = Board(max_calls, wishes)
    transport = WebrtcTransport(config, board, "试验热线")
    told: asyncio.Queue[str] = asyncio.Queue()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.put_nowait, "stop")
    await transport.start()
    tasks = [asyncio.create_task(board.tick_for_ever()), asyncio.create_task(orders(told))]
    print("ready", *transport.addresses, flush=True)
    while (order := await told.get()) != "stop":
        if order == "drain":
            board.draining = True
            transport.withdraw()
        say("counters", **counters(transport, board))
    began_ms = time.monotonic() * 1000
    await transport.stop()
    took_ms = round(time.monotonic() * 1000 - began_ms)
    await asyncio.sleep(3 * FRAME_MS / 1000)  # the last calls are told that they are over
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    say("stopped", took_ms=took_ms, **counters(transport, board))


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True, help="the table [webrtc] as JSON, or a file of it")
    parser.add_argument("--max-calls", type=int, default=1000)
    parser.add_argument("--prompt", action="store_true", help="play a prompt over and over instead of an echo")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write down there what callers say, as WAV")
    parser.add_argument("--quiet", action="store_true", help="say nothing of calls that are admitted or begin")
    options = parser.parse_args()
    text = options.config if options.config.lstrip().startswith("{") else Path(options.config).read_text()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    prompt = tuple(to_frames(read_audio(SAMPLES / PROMPT))) if options.prompt else ()
    wishes = Wishes(options.quiet, prompt, options.keep)
    asyncio.run(serve(WebrtcConfig.model_validate_json(text), options.max_calls, wishes))


if __name__ == "__main__":
    main()
