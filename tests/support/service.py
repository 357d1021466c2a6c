"""A service with whole calls on a clock that the test moves on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from asr.engines.scripted import ScriptedEngine
from gateway.app import Gateway
from gateway.events import Event
from gateway.hotline import Hotline
from gateway.records import Records
from gateway.service import Service
from gateway.settings import Settings
from gateway.store import CallRecord, Store, list_calls
from gateway.transport.leg import LegInfo
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import Step
from gateway.transport.switchboard import Refusal
from tests.support.calls import ROOT, hotline
from tests.support.stepped_clock import SteppedClock


@cache
def broadband() -> Hotline:
    return Hotline.load(Settings(flows_dir=ROOT / "ivr_flows"), "broadband_repair")


class Bench:
    """A service with its gateway, clock and store."""

    def __init__(self, out: Path, settings: Settings, heard: Sequence[str] = ()) -> None:
        self.clock = SteppedClock()
        self.told: list[Event] = []
        """What all calls told."""
        self.gateway = Gateway(settings, hotline(), ScriptedEngine(heard), Records(Store.open(out)))
        known = {"mobile_hotline": hotline(), "broadband_repair": broadband()}
        self.service = Service(self.gateway, known, settings, self.clock)

    def call(self, *steps: Step, info: LegInfo) -> LoopbackLeg:
        """A call that is answered at once."""
        leg = LoopbackLeg(steps, info)
        self.answer(info, leg)
        return leg

    def answer(self, info: LegInfo, leg: Any) -> None:
        place = self.service.admit(info)
        assert not isinstance(place, Refusal)
        place.take(leg, self.told.append)

    async def settle(self) -> None:
        """Let what doesn't follow the clock come to its end: files are closed on threads."""
        await self.settle_to(0)

    async def settle_to(self, calls: int) -> None:
        """The same, until no more than so many calls are left."""
        for _ in range(500):
            if self.service.calls <= calls:
                return
            await asyncio.sleep(0.01)

    async def drained(self, limit_s: float, after_s: float) -> None:
        """Drain while time passes."""
        draining = asyncio.create_task(self.service.drain(limit_s))
        await self.clock.advance(after_s * 1000)
        await self.settle()
        await asyncio.wait_for(draining, 10)


def run(
    out: Path, talk: Callable[[Bench], Awaitable[None]], heard: Sequence[str] = (), **settings: Any
) -> list[CallRecord]:
    """Run `talk` on a service that recognises `heard`; returns the calls that are on record, oldest first."""

    async def serve() -> None:
        bench = Bench(out, Settings(**settings), heard)
        async with bench.gateway:
            try:
                await talk(bench)
            finally:
                closing = asyncio.create_task(bench.service.close())
                await bench.clock.advance(60)
                await closing

    asyncio.run(serve())
    with Store.open(out) as store:
        return sorted(list_calls(store), key=lambda call: (call.started_at, call.id))
