"""Turn latency over whole calls: from the end of the caller's speech to the first prompt sample sent.

Every caller sample that asks for a main-menu option is played through a call on virtual time, where recognition and
look-ups cost what they really take. The silence window (the wait that tells an end from a pause) is told apart from the
computing. Prints P50 and P95, and the peak memory of this process with the engine loaded.

    python bench/bench_latency.py [--json]
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML

from gateway.app import Gateway
from gateway.clock import VirtualClock
from gateway.events import Event, Turn, TurnFinished
from gateway.hotline import Hotline
from gateway.settings import Settings
from gateway.transport.leg import LegInfo
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import parse_steps

SAMPLES = Path(__file__).resolve().parent.parent / "audio_samples"
CALLER = "13900001001"


async def first_turns(files: list[Path], out: Path) -> list[Turn]:
    """The first turn of a call for each file; the very first call warms the machine up and is not counted."""
    settings = Settings()
    hotline = Hotline.load(settings, "mobile_hotline")
    turns: list[Turn] = []

    def keep(event: Event) -> None:
        if isinstance(event, TurnFinished) and event.turn.index == 0:
            turns.append(event.turn)

    async with Gateway.open(settings, hotline, out) as gateway:
        for file in [files[0], *files]:
            leg = LoopbackLeg(parse_steps([str(file)]), LegInfo(CALLER, "mobile_hotline", "loopback"))
            await gateway.take(leg, VirtualClock(), keep)
    return turns[1:]


def percentiles(values: list[float]) -> dict[str, float]:
    """P50 and P95, ms."""
    p50, p95 = np.percentile(values, [50, 95])
    return {"p50_ms": round(float(p50)), "p95_ms": round(float(p95))}


def main() -> None:
    """Measure and print."""
    rows = YAML(typ="safe").load(SAMPLES / "manifest.yaml")["samples"]
    files = [SAMPLES / row["file"] for row in rows if row["option"] and not row["file"].startswith("demo/")]
    with tempfile.TemporaryDirectory() as out:
        turns = asyncio.run(first_turns(files, Path(out)))
    latencies = [turn.turn_latency_ms for turn in turns if turn.turn_latency_ms is not None]
    windows = [turn.silence_window_ms for turn in turns]
    figures = {
        "turns": len(turns),
        "turn_latency": percentiles(latencies),
        "of_it_silence_window": percentiles(windows),
        "of_it_recognition": percentiles([turn.recognise_ms for turn in turns]),
        "peak_memory_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    if "--json" in sys.argv[1:]:
        print(json.dumps(figures))
        return
    print(f"turn latency over {figures['turns']} calls, end of speech to first prompt sample:")
    for name in ("turn_latency", "of_it_silence_window", "of_it_recognition"):
        figure = figures[name]
        print(f"  {name:22} P50 {figure['p50_ms']:5} ms   P95 {figure['p95_ms']:5} ms")
    print(f"peak memory of this process, engine loaded, all calls made: {figures['peak_memory_mib']} MiB (limit 700)")


if __name__ == "__main__":
    main()
