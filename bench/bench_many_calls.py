"""Many callers at once, in real time: how long they wait for an answer, and whether any frame is late.

Every caller speaks every 12 s (staggered, as callers come), whatever the hotline is saying then, and asks for something
of the main menu by voice: loopback legs without a network, the bundled hotline, the embedded engine, everything else as
in service, in one process. Told beside the goals:

- turn latency without the silence window (end of speech to first prompt sample, less the silence that tells an end from
  a pause): P95 under 800 ms;
- frames late by more than 40 ms: none (of each call's ticks, against its own 20 ms grid);
- memory: the process is not larger at the end than after a third of the time, but for 5 %.

    python bench/bench_many_calls.py [--calls N] [--seconds S] [--json]

With more calls than the machine can hear (`--calls 150`) it shows what is given up, step by step.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from asr.audio import read_audio
from asr.bench.machine import resident_kib
from gateway.app import Gateway, settle
from gateway.clock import GridClock
from gateway.events import Event, TurnFinished
from gateway.hotline import Hotline
from gateway.media.frames import FRAME_MS, Frame, Pcm, to_frames
from gateway.settings import Settings
from gateway.transport.leg import CALLER_HUNG_UP, HandOver, HotlineState, LegInfo, LegInput

SAMPLES = Path(__file__).resolve().parent.parent / "audio_samples"
CALLER = "13900001001"
EVERY_MS = 12_000.0
LATE_MS = 40.0
LATENCY_GOAL_MS = 800.0
GROWTH_GOAL = 1.05
WANTED = ("balance", "data_usage")
"""Options after which the hotline asks whether there is anything else, where they can be asked for again."""


class Talker:
    """A caller who says one of the samples every 12 s and hangs up when the time is over."""

    def __init__(self, said: list[Pcm], begin_ms: float, until_s: float) -> None:
        self._said = [list(to_frames(pcm)) for pcm in said]
        self._next_ms = begin_ms
        self._until_s = until_s
        self._frames: list[Frame] = []
        self._turn = 0
        self._began_ms: float | None = None
        self._noise = np.random.default_rng(0).normal(0.0, 10.0, (50, 320)).round().astype(np.int16)
        self._hung_up = False
        self.late_ms: list[float] = []

    @property
    def info(self) -> LegInfo:
        return LegInfo(CALLER, "mobile_hotline", "loopback")

    @property
    def line(self) -> None:
        return None

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:  # noqa: ARG002 - impatient callers
        at_ms = time.monotonic() * 1000
        if self._began_ms is None:
            self._began_ms = at_ms - now_ms
        self.late_ms.append(at_ms - self._began_ms - now_ms)
        if now_ms >= self._next_ms:
            self._next_ms += EVERY_MS
            self._frames = list(reversed(self._said[self._turn % len(self._said)]))
            self._turn += 1
        over = self._hung_up or time.monotonic() >= self._until_s
        noise: Frame = self._noise[int(now_ms // FRAME_MS) % len(self._noise)]
        frame: Frame = self._frames.pop() if self._frames else noise
        return LegInput(frame, (), hung_up=over, reason=CALLER_HUNG_UP, handed_over=HandOver(ok=True))

    def send(self, frame: Frame) -> None:
        """Nobody listens."""

    def transfer(self, queue: str) -> None:
        """Taken at once."""

    def hang_up(self, reason: str) -> None:  # noqa: ARG002
        self._hung_up = True


async def measure(calls: int, seconds: float) -> dict[str, Any]:
    """Run the calls; what they took."""
    settings = Settings()
    hotline = Hotline.load(settings, "mobile_hotline")
    hotline.warm()
    rows = YAML(typ="safe").load(SAMPLES / "manifest.yaml")["samples"]
    files = [SAMPLES / row["file"] for row in rows if row["option"] in WANTED and row["rate_hz"] == 8000]
    said = [read_audio(file) for file in files]
    turns: list[tuple[float, float, float]] = []
    late: list[float] = []
    steps: Counter[str] = Counter()
    memory: list[float] = []
    outcomes: Counter[str] = Counter()
    begin = time.monotonic()
    until_s = begin + seconds
    clock = GridClock()

    def keep(event: Event) -> None:
        if isinstance(event, TurnFinished):
            outcomes[event.turn.outcome] += 1
            if event.turn.kind == "speech" and event.turn.turn_latency_ms is not None:
                turns.append((event.turn.turn_latency_ms, event.turn.silence_window_ms, event.turn.recognise_ms))

    async def caller(number: int, gateway: Gateway) -> None:
        """One place in the line: when a call ends by itself, another begins there."""
        rng = np.random.default_rng(number)
        await asyncio.sleep(EVERY_MS / 1000 * number / calls)
        while time.monotonic() < until_s - 1:
            order = [said[index] for index in rng.permutation(len(said))]
            leg = Talker(order, 3000.0, until_s)
            await gateway.take(leg, clock, keep)
            late.extend(leg.late_ms)

    async def watch(gateway: Gateway) -> None:
        while time.monotonic() < until_s:
            steps[gateway.load_step.name] += 1
            memory.append(resident_kib() / 1024)
            await asyncio.sleep(0.5)

    cpu = time.process_time()
    with tempfile.TemporaryDirectory() as out:
        async with Gateway.open(settings, hotline, Path(out)) as gateway:
            settle()
            await asyncio.gather(watch(gateway), *(caller(number, gateway) for number in range(calls)))
    cpu = time.process_time() - cpu
    spent = time.monotonic() - begin
    net = [latency - window for latency, window, _ in turns]
    third = max(1, len(memory) // 3)
    return {
        "calls": calls,
        "seconds": round(spent, 1),
        "turns": len(turns),
        "outcomes": dict(outcomes),
        "net_latency_ms": percentiles(net),
        "turn_latency_ms": percentiles([latency for latency, _, _ in turns]),
        "silence_window_ms": percentiles([window for _, window, _ in turns]),
        "recognise_ms": percentiles([recognise for _, _, recognise in turns]),
        "frames": len(late),
        "frames_late": sum(one > LATE_MS for one in late),
        "latest_ms": round(max(late), 1),
        "cpu_of_all_cores": round(cpu / spent, 2),
        "memory_mib": [round(max(memory[:third])), round(max(memory[-third:]))],
        "steps": dict(steps),
    }


def percentiles(values: list[float]) -> dict[str, float]:
    """P50, P95 and the longest."""
    if not values:
        return {"p50": float("nan"), "p95": float("nan"), "max": float("nan")}
    p50, p95, longest = np.percentile(values, [50, 95, 100])
    return {"p50": round(float(p50)), "p95": round(float(p95)), "max": round(float(longest))}


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    logging.getLogger("gateway").setLevel(logging.ERROR)
    result = asyncio.run(measure(args.calls, args.seconds))
    net, memory = result["net_latency_ms"], result["memory_mib"]
    late = f"{result['frames_late']} of {result['frames']}"
    goals = [
        (f"net turn latency, P95: {net['p95']:.0f} ms (goal < {LATENCY_GOAL_MS:.0f})", net["p95"] < LATENCY_GOAL_MS),
        (f"frames late by more than {LATE_MS:.0f} ms: {late} (goal 0)", not result["frames_late"]),
        (f"memory: {memory[0]}, then {memory[1]} MiB (goal <= +5 %)", memory[1] <= memory[0] * GROWTH_GOAL),
    ]
    if args.json:
        print(json.dumps(result))
        return 0 if all(met for _, met in goals) else 1
    print(f"{args.calls} calls at once, each speaking every 12 s, for {result['seconds']} s: {result['turns']} turns")
    for goal, met in goals:
        print(f"  {'met   ' if met else 'MISSED'}  {goal}")
    for name in ("turn_latency_ms", "silence_window_ms", "recognise_ms"):
        figure = result[name]
        print(f"  {name:20} P50 {figure['p50']:5.0f}   P95 {figure['p95']:5.0f}   longest {figure['max']:5.0f}")
    print(f"  latest frame {result['latest_ms']} ms; {result['cpu_of_all_cores']} cores; outcomes {result['outcomes']}")
    print(f"  load steps (samples of 0.5 s): {result['steps']}")
    return 0 if all(met for _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
