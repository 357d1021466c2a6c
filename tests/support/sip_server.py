"""The real telephone transport in a process of its own, with calls that echo: what SIPp calls, and benchmarks too.

    python -m tests.support.sip_server --config '{"listen": ["sip+udp://127.0.0.1:0"]}' [--max-calls 100]

The configuration is the table `[sip]` as JSON, or a file of it. Every called number is answered by an echo: each frame
that is received is sent back. Some numbers do more, or less:

    hangup-after-N     we hang up N ms after the call began, because of `done`
    transfer-QUEUE     handed to QUEUE 200 ms after it began; we hang up when that is done, or has failed
    full, busy, unknown, draining      not let in, for that reason

On stdout is one JSON object a line: `ready`, `admitted`, `refused`, `released`, `began`, `ended`, and `counters` and
`stopped` when told to. It is told on stdin, one word a line: `counters`, `drain`, `stop`; the end of stdin is `stop`
too, so that no server outlives its test.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import gc
import json
import logging
import os
import re
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.clock import GridClock
from gateway.events import Emit
from gateway.media.frames import FRAME_MS
from gateway.transport.leg import HotlineState, Leg, LegInfo
from gateway.transport.sip import answering, transactions
from gateway.transport.sip.config import SipConfig
from gateway.transport.sip.endpoint import SipTransport
from gateway.transport.switchboard import Place, Refusal

TRANSFER_AFTER_MS = 200.0
SWITCH_INTERVAL_S = 0.0005
"""As the gateway itself sets it, for the sending thread."""
_STATE = HotlineState(speaking=False, listening=True)
_REFUSALS = {
    "full": Refusal.FULL,
    "busy": Refusal.BUSY,
    "unknown": Refusal.UNKNOWN_NUMBER,
    "draining": Refusal.DRAINING,
}
_HANG_UP = re.compile(r"hangup-after-(\d+)")
_TRANSFER = re.compile(r"transfer-(\w+)")


def say(event: str, **values: Any) -> None:
    """One line for whoever started us."""
    sys.stdout.write(json.dumps({"event": event, "at_ms": round(time.monotonic() * 1000, 1), **values}) + "\n")
    sys.stdout.flush()


@dataclass(slots=True)
class EchoCall:
    """One call that is on, and what happened in it."""

    number: int
    leg: Leg
    began_ms: float
    tell: Callable[..., None]
    hang_up_at_ms: float | None = None
    transfer_to: str | None = None
    keys: list[str] = field(default_factory=list)
    holds: int = 0
    held: bool = False
    handed_over: list[str] = field(default_factory=list)
    ticks: int = 0
    loudest: int = 0

    def tick(self, now_ms: float) -> bool:
        """Echo one frame; False when the call is over."""
        came = self.leg.receive(self.ticks * FRAME_MS, _STATE)
        self.ticks += 1
        self.keys += came.keys
        self.holds += came.on_hold and not self.held
        self.held = came.on_hold
        if came.handed_over is not None:
            self.handed_over.append("ok" if came.handed_over.ok else came.handed_over.reason)
        if came.hung_up:
            self._over(came.reason)
            return False
        if self.ticks % 25 == 0:
            self.loudest = max(self.loudest, int(abs(came.frame.astype("int32")).max()))
        self.leg.send(came.frame)
        if came.handed_over is not None:
            self.leg.hang_up("transferred" if came.handed_over.ok else "transfer_failed")
        elif self.hang_up_at_ms is not None and now_ms >= self.hang_up_at_ms:
            self.leg.hang_up("done")
        elif self.transfer_to is not None and now_ms >= self.began_ms + TRANSFER_AFTER_MS:
            self.leg.transfer(self.transfer_to)
            self.transfer_to = None
        return True

    def _over(self, reason: str) -> None:
        self.tell(
            "ended",
            call=self.number,
            caller=self.leg.info.caller_number,
            reason=reason,
            keys="".join(self.keys),
            holds=self.holds,
            handed_over=self.handed_over,
            ticks=self.ticks,
            loudest=self.loudest,
            line=self.leg.line,
        )


class EchoBoard:
    """A switchboard with room for `max_calls`, all of them ticked by one loop."""

    def __init__(self, max_calls: int, quiet: bool) -> None:
        self._max_calls = max_calls
        self._quiet = quiet
        self._places = 0
        self._numbers = 0
        self.draining = False
        self.calls: dict[int, EchoCall] = {}

    @property
    def accepting(self) -> bool:
        return not self.draining and self._places < self._max_calls

    def admit(self, info: LegInfo) -> Place | Refusal:
        refusal = _REFUSALS.get(info.called_number)
        if self.draining:
            refusal = Refusal.DRAINING
        elif refusal is None and self._places >= self._max_calls:
            refusal = Refusal.FULL
        if refusal is not None:
            say("refused", caller=info.caller_number, why=refusal.value)
            return refusal
        self._places += 1
        self._numbers += 1
        self.tell("admitted", call=self._numbers, caller=info.caller_number)
        return EchoPlace(self, self._numbers, info)

    def begin(self, number: int, leg: Leg) -> None:
        """A call is answered."""
        now_ms = time.monotonic() * 1000
        called = leg.info.called_number
        hang_up, transfer = _HANG_UP.fullmatch(called), _TRANSFER.fullmatch(called)
        self.calls[number] = EchoCall(
            number,
            leg,
            now_ms,
            self.tell,
            now_ms + int(hang_up[1]) if hang_up else None,
            transfer[1] if transfer else None,
        )
        info = leg.info
        self.tell("began", call=number, caller=info.caller_number, transport=info.transport, trunk=info.trunk)

    def let_go(self) -> None:
        """A place is free again."""
        self._places -= 1

    def tell(self, event: str, **values: Any) -> None:
        """What nobody who measures wants to pay for."""
        if not self._quiet:
            say(event, **values)

    @property
    def places(self) -> int:
        return self._places

    async def tick_for_ever(self) -> None:
        """Every call, every 20 ms, from absolute deadlines; a late loop catches up, as the gateway does."""
        clock = GridClock()
        due_ms = clock.now_ms()
        while True:
            due_ms += FRAME_MS
            await clock.sleep_until(due_ms)
            now_ms = clock.now_ms()
            for call in list(self.calls.values()):
                if not call.tick(now_ms):
                    del self.calls[call.number]
                    self.let_go()


class EchoPlace:
    """Implements `Place`, and says so when one is used twice."""

    def __init__(self, board: EchoBoard, number: int, info: LegInfo) -> None:
        self._board = board
        self._number = number
        self._info = info
        self._used = False

    def take(self, leg: Leg, watch: Emit | None = None) -> None:
        self._use()
        self._board.begin(self._number, leg)

    def release(self) -> None:
        self._use()
        self._board.let_go()
        self._board.tell("released", call=self._number, caller=self._info.caller_number)

    def _use(self) -> None:
        if self._used:
            say("error", what="a place was used twice", call=self._number)
        self._used = True


def counters(transport: SipTransport, board: EchoBoard) -> dict[str, Any]:
    """What is held now; `cpu_s` is all that the process has used."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # what was freed goes back, where the C library can do that
        ctypes.CDLL(None).malloc_trim(0)
    used = resource.getrusage(resource.RUSAGE_SELF)
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "calls": transport.calls,
        "transactions": transport.transactions,
        "echoes": len(board.calls),
        "places": board.places,
        "tasks": len(asyncio.all_tasks()),
        "fds": len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - names only, and fewer files than Path makes
        "rss_kb": pages * os.sysconf("SC_PAGE_SIZE") // 1024,
        "cpu_s": round(used.ru_utime + used.ru_stime, 3),
    }


@contextlib.contextmanager
def recognising(file: str | None) -> Iterator[None]:
    """Meanwhile have the embedded engine hear the same file again and again."""
    if file is None:
        yield
        return
    from asr.audio import read_audio
    from asr.engine import transcribe
    from asr.engines.whisper import WhisperEngine

    engine, pcm, over = WhisperEngine(threads=1), read_audio(file), threading.Event()

    def hear() -> None:
        while not over.is_set():
            transcribe(engine, pcm, ["查话费", "查流量"])

    thread = threading.Thread(target=hear, name="recogniser", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        engine.close()


async def orders() -> asyncio.StreamReader:
    """What we are told on stdin."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


async def serve(config: SipConfig, max_calls: int, quiet: bool) -> None:
    """Take calls until told to stop."""
    board = EchoBoard(max_calls, quiet)
    transport = SipTransport(config, board)
    told = await orders()
    await transport.start()
    ticking = asyncio.create_task(board.tick_for_ever())
    say("ready", addresses=transport.addresses, pid=os.getpid())
    while (order := (await told.readline()).decode().strip()) not in ("", "stop"):
        if order == "drain":
            board.draining = True
        say("counters", **counters(transport, board))
    began_ms = time.monotonic() * 1000
    await transport.stop()
    took_ms = round(time.monotonic() * 1000 - began_ms)
    await asyncio.sleep(3 * FRAME_MS / 1000)  # the last calls are told that they are over
    ticking.cancel()
    await asyncio.gather(ticking, return_exceptions=True)
    say("stopped", took_ms=took_ms, **counters(transport, board))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True, help="the table [sip] as JSON, or a file of it")
    parser.add_argument("--max-calls", type=int, default=1000)
    parser.add_argument("--t1-ms", type=float, default=transactions.T1_MS, help="RFC 3261's T1")
    parser.add_argument("--recognising", metavar="WAV", help="keep the real recogniser busy with this, on a thread")
    parser.add_argument("--quiet", action="store_true", help="say nothing of calls that are admitted, begin or end")
    options = parser.parse_args()
    transactions.T1_MS = options.t1_ms
    transactions.LIFE_MS = answering.LIFE_MS = 64 * options.t1_ms
    text = options.config if options.config.lstrip().startswith("{") else Path(options.config).read_text()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    with recognising(options.recognising):
        asyncio.run(serve(SipConfig.model_validate_json(text), options.max_calls, options.quiet))


if __name__ == "__main__":
    main()
