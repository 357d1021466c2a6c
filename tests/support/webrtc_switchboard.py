"""The browser transport in this process, on loopback, with a switchboard that measures what its calls bring."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import ClientSession

from gateway.clock import GridClock
from gateway.events import Emit
from gateway.media.frames import FRAME_MS, SILENCE, Frame, Pcm
from gateway.transport.leg import HotlineState, Leg, LegInfo
from gateway.transport.switchboard import Place, Refusal
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.endpoint import WebrtcTransport
from tests.support.webrtc_client import Callers
from tests.support.webrtc_sound import ClickWatch

_STATE = HotlineState(speaking=False, listening=True)


def udp_ports(pid: int | None = None) -> set[int]:
    """The UDP ports that a process has bound; this one's when left out."""
    folder = Path(f"/proc/{pid or os.getpid()}")
    own = set()
    for file in (folder / "fd").iterdir():
        try:
            own.add(str(file.readlink()))
        except OSError:  # closed in the meantime
            continue
    ports = set()
    for table in ("udp", "udp6"):
        for line in (folder / "net" / table).read_text().splitlines()[1:]:
            words = line.split()
            if f"socket:[{words[9]}]" in own:
                ports.add(int(words[1].rpartition(":")[2], 16))
    return ports


async def soon(what: Callable[[], Any], within_s: float = 2.0, name: str = "it") -> float:
    """Wait until something is so; how long that took, s. A deadline that passes fails the test."""
    began_s = time.monotonic()
    while not what():
        assert time.monotonic() - began_s < within_s, f"{name} isn't so after {within_s} s"
        await asyncio.sleep(0.01)
    return time.monotonic() - began_s


@dataclass
class TakenCall:
    """A call as the switchboard has it."""

    leg: Leg
    says: Sequence[Frame]
    """Said once, from the beginning; silence then."""
    then_hang_up: bool = False
    """We hang up, because of `done`, right after the last of it."""
    ticks: int = 0
    heard: list[Frame] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    watch: ClickWatch = field(default_factory=ClickWatch)
    reason: str | None = None
    """Why it ended, once it has."""
    ended_s: float = 0.0
    """When, monotonic."""
    late_ms: list[float] = field(default_factory=list)
    """How late each tick was: this process's own fault, or its machine's."""

    @property
    def line(self) -> dict[str, Any]:
        """How the line was."""
        return dict(self.leg.line or {})

    @property
    def sound(self) -> Pcm:
        """All that came."""
        return np.concatenate([np.zeros(0, np.int16), *self.heard])

    def tick(self) -> bool:
        """20 ms; False when it is over."""
        came = self.leg.receive(self.ticks * FRAME_MS, _STATE)
        self.keys += came.keys
        if came.hung_up:
            self.reason, self.ended_s = came.reason, time.monotonic()
            return False
        self.heard.append(came.frame.copy())
        self.watch.hear(came.frame, time.monotonic() * 1000)
        self.leg.send(self.says[self.ticks] if self.ticks < len(self.says) else SILENCE)
        self.ticks += 1
        if self.then_hang_up and self.ticks == len(self.says):
            self.leg.hang_up("done")
        return True


@dataclass
class Switchboard:
    """Lets in whoever comes, unless told otherwise, and ticks each call in a task of its own."""

    says: Sequence[Frame] = ()
    then_hang_up: bool = False
    max_calls: int = 100
    refusal: Refusal | None = None
    """For whoever comes next."""
    places: int = 0
    calls: list[TakenCall] = field(default_factory=list)
    admitted: list[LegInfo] = field(default_factory=list)
    clock: GridClock = field(default_factory=GridClock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def accepting(self) -> bool:
        return self.refusal is None and self.places < self.max_calls

    def admit(self, info: LegInfo) -> Place | Refusal:
        if self.refusal is not None or self.places >= self.max_calls:
            return self.refusal or Refusal.BUSY
        self.places += 1
        self.admitted.append(info)
        return _Place(self)

    def begin(self, leg: Leg) -> None:
        """A call is answered."""
        call = TakenCall(leg, self.says, self.then_hang_up)
        self.calls.append(call)
        task = asyncio.create_task(self._run(call), name="ticking")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, call: TakenCall) -> None:
        due_ms = self.clock.begin_ms()
        try:
            while call.tick():
                due_ms += FRAME_MS
                await self.clock.sleep_until(due_ms)
                call.late_ms.append(self.clock.now_ms() - due_ms)
        finally:
            self.places -= 1

    async def close(self) -> None:
        """Wait for what is left of the calls: the transport has ended them."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2.0)
        assert not self._tasks, "calls that the transport has stopped don't end"


@dataclass
class _Place:
    """Implements `Place`."""

    board: Switchboard
    used: bool = False

    def take(self, leg: Leg, watch: Emit | None = None) -> None:
        self._use()
        self.board.begin(leg)

    def release(self) -> None:
        self._use()
        self.board.places -= 1

    def _use(self) -> None:
        assert not self.used, "a place was used twice"
        self.used = True


@dataclass
class Office:
    """A transport that runs, its switchboard, and its callers."""

    transport: WebrtcTransport
    board: Switchboard
    callers: Callers
    session: ClientSession
    ports: set[int]
    """UDP ports of this process before any call."""
    tasks: set[asyncio.Task[Any]]

    @property
    def url(self) -> str:
        return self.transport.addresses[0].rstrip("/")

    async def taken(self, number: int = 0) -> TakenCall:
        """A call, once it has begun."""
        await soon(lambda: len(self.board.calls) > number, 5.0, "a call that was placed")
        return self.board.calls[number]

    async def freed(self, within_s: float = 2.0) -> float:
        """Until nothing is left of any call, neither here nor at the callers'; how long that took, s."""
        return await soon(lambda: not self.left(), within_s, f"that nothing of the calls is left ({self.left()})")

    def left(self) -> list[str]:
        """What is there that wasn't before any call."""
        now = asyncio.all_tasks() - self.tasks
        # HTTP connections stay for a while, for the next request
        tasks = [name for task in now if "RequestHandler" not in (name := repr(task.get_coro()))]
        ports = [f"port {port}" for port in udp_ports() - self.ports]
        return [*tasks, *ports, *["a call"] * self.transport.calls, *["a place"] * self.board.places]

    async def post(self, body: Any, path: str = "/whip", **headers: str) -> tuple[int, dict[str, str], str]:
        """One offer: status, headers and body of what comes back."""
        told = {"Content-Type": "application/sdp", **headers}
        async with self.session.post(self.url + path, data=body, headers=told) as response:
            return response.status, dict(response.headers), await response.text()


@asynccontextmanager
async def office(board: Switchboard | None = None, **settings: Any) -> AsyncIterator[Office]:
    """A transport from its start to its stop; nothing of a call may be left then.

    Args:
        board: its switchboard, when it is a special one.
        settings: of the table `[webrtc]`; it listens on a free port of loopback.
    """
    board = board or Switchboard()
    told: dict[str, Any] = {"listen": ["http://127.0.0.1:0"], "calls_per_minute": 10_000, **settings}
    transport = WebrtcTransport(WebrtcConfig(**told), board, "试验热线")
    await transport.start()
    try:
        async with Callers() as callers, ClientSession() as session:
            async with session.get(f"{transport.addresses[0]}healthz") as response:
                assert response.status == 200
            yield Office(transport, board, callers, session, udp_ports(), asyncio.all_tasks())
    finally:
        await transport.stop()
        await board.close()
