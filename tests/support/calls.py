"""Whole calls on virtual time: the bundled hotline, its recordings and sample customers, a scripted caller."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar

from asr.engine import Capabilities, Engine, Stream
from asr.engines.scripted import ScriptedEngine
from gateway.app import Gateway
from gateway.clock import VirtualClock
from gateway.events import CallEnded, Event, PromptStarted
from gateway.hotline import Hotline
from gateway.records import Records
from gateway.settings import Settings
from gateway.store import Store
from gateway.transport.leg import HandOver, LegInfo
from gateway.transport.loopback.leg import TAKEN, LoopbackLeg
from gateway.transport.loopback.script import parse_steps

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "audio_samples"
E = TypeVar("E")

EVERYDAY, ELDER, OPEN_COMPLAINT, IN_ARREARS = "13900001001", "13900001002", "13900001003", "13900001004"
"""Sample customers, by what they are there for."""


class Lent:
    """A loaded engine that survives the gateways it is lent to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.name = engine.name
        self.capabilities: Capabilities = engine.capabilities

    def stream(self, hints: Sequence[str] = (), **_: object) -> Stream:
        return self._engine.stream(hints)

    def close(self) -> None:
        """Its owner closes it."""


@cache
def hotline() -> Hotline:
    """The bundled hotline; its sample back end forgets nothing between the tests of one process."""
    return Hotline.load(Settings(flows_dir=ROOT / "ivr_flows"), "mobile_hotline")


@dataclass
class Told:
    """What a call told while it ran, and its last event."""

    events: list[Event] = field(default_factory=list)

    @property
    def ended(self) -> CallEnded:
        last = self.events[-1]
        assert isinstance(last, CallEnded)
        return last

    @property
    def said(self) -> list[str]:
        """What the hotline said, in order."""
        return [event.text for event in self.all(PromptStarted)]

    def all(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


def place_call(
    out: Path,
    steps: list[str],
    heard: list[str] | Engine = (),
    *,
    caller: str = EVERYDAY,
    settings: Settings | None = None,
    to: Hotline | None = None,
    handing_over: HandOver | None = TAKEN,
) -> Told:
    """Run one call to its end, to the bundled hotline or another one.

    `heard`: what the recogniser makes of each utterance in turn, or a real engine. `handing_over`: how transfers go.
    """
    engine = Lent(heard) if isinstance(heard, Engine) else ScriptedEngine(heard)
    told = Told()

    async def run() -> None:
        gateway = Gateway(settings or Settings(), to or hotline(), engine, Records(Store.open(out)))
        async with gateway:
            leg = LoopbackLeg(
                parse_steps(steps), LegInfo(caller, "mobile_hotline", "loopback"), handing_over=handing_over
            )
            await gateway.take(leg, VirtualClock(), told.events.append)

    asyncio.run(run())
    return told
