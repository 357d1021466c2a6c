"""A process in which a caller leaves a message in real time; prints every event as it happens."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from asr.engines.scripted import ScriptedEngine
from gateway.app import Gateway
from gateway.clock import RealClock
from gateway.events import Event, to_json
from gateway.records import Records
from gateway.settings import Settings
from gateway.store import Store
from gateway.transport.leg import LegInfo
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import parse_steps
from tests.support.after_hours import after_hours


def tell(event: Event) -> None:
    print(to_json(event), flush=True)


async def main(folder: Path, steps: list[str]) -> None:
    hotline = after_hours(folder)
    async with Gateway(
        Settings(), hotline, ScriptedEngine(["我家的宽带坏了"]), Records(Store.open(folder / "out"))
    ) as gateway:
        leg = LoopbackLeg(parse_steps(steps), LegInfo("13900001001", "after_hours", "loopback"))
        await gateway.take(leg, RealClock(), tell)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
