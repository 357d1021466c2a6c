"""Calls by SIP and RTP at rising numbers: CPU per call, gaps between the packets sent, setup times. 4-6 minutes.

    python bench/bench_telephone.py [--json] [--calls 1,20,50,100,200] [--hold SECONDS] [--only media,gateway,plain]

Three servers, each in a process of its own, are called by the same callers (`tests.support.callers`, a process too):

- plain: an echo on the same libraries and nothing else (`bench/plain_echo.py`): the floor.
- media: our transport, each call echoed through play-out buffer, codec and sending thread; nothing is recorded.
- gateway: `voice-gateway serve` whole, with VAD, dialogue, player and recorder; callers send line noise.

CPU is the server's user and system time over the hold, as a share of one core, from /proc. Gaps are between the times
at which the kernel had two packets of a call in a row. The recogniser is busy in two rows: beside an echo, on a thread
of the server that never rests, and in the gateway with callers who speak. What else ran on the machine is told with
each row (`others`); a limit that isn't met on a busy machine says little.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
SETTLE_S = 1.0
START_S = 60.0
PER_SECOND = 20.0
OPEN_DOORS = {"calls_per_second": 1000, "requests_per_second": 20_000, "rtp_ports": "20000-21999"}
SPEECH = "balance_4.wav"

LIMITS = {"media": 0.35, "gateway": 1.0}
"""% of a core per call, at 100 calls."""
LIMIT_AT = 100
GAP_P99_MS = 25.0
BUSY_CALLS = 50
BUSY_SPEAKING = 10
HELD = 200


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    address: str
    pid: int

    def used_s(self) -> float:
        """CPU until now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


@contextlib.contextmanager
def echo_server(*command: str) -> Iterator[Server]:
    """One that says `ready` in JSON and ends with its stdin."""
    process = subprocess.Popen(
        [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("no pipes")
    try:
        ready = json.loads(process.stdout.readline())
        yield Server(ready["addresses"][0].rpartition("/")[2], ready["pid"])
    finally:
        process.stdin.close()
        process.stdout.read()
        process.wait(START_S)


def media_server(*options: str) -> contextlib.AbstractContextManager[Server]:
    """Our transport with an echo on top."""
    config = json.dumps({"listen": ["sip+udp://127.0.0.1:0"], **OPEN_DOORS})
    return echo_server("-m", "tests.support.sip_server", "--quiet", "--config", config, *options)


@contextlib.contextmanager
def gateway_server() -> Iterator[Server]:
    """`voice-gateway serve`, listening on a free port."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w+b") as log:
        config = Path(folder) / "gateway.toml"
        sip = "".join(f"{name} = {json.dumps(value)}\n" for name, value in OPEN_DOORS.items())
        config.write_text(
            f'data_dir = "{folder}/data"\nflows_dir = "{ROOT}/ivr_flows"\nmax_calls = 250\ndrain_limit_s = 0\n'
            f'[webrtc]\nlisten = []\n[sip]\nlisten = ["sip+udp://127.0.0.1:0"]\n{sip}'
        )
        command = [str(Path(sys.executable).parent / "voice-gateway"), "serve", "--config", str(config)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder)
        if process.stdout is None:
            raise RuntimeError("no pipe")
        try:
            ready = re.search(r"ready: sip\+udp://(\S+)", process.stdout.readline())
            if ready is None:
                log.seek(0)
                raise RuntimeError(f"the gateway doesn't start: {log.read().decode()[-2000:]}")
            yield Server(ready[1], process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            process.wait(START_S)


def machine_busy_s() -> float:
    """What all processes together have used, all cores."""
    fields = [int(value) for value in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
    user, nice, system, _, _, irq, softirq = fields[:7]
    return (user + nice + system + irq + softirq) / TICKS_PER_S


def load(server: Server, calls: int, hold_s: float, *options: str, per_second: float = PER_SECOND) -> dict[str, Any]:
    """Hold so many calls; what it took, and what the callers noticed."""
    command = [sys.executable, "-m", "tests.support.callers", server.address, "--calls", str(calls)]
    command += ["--hold", str(hold_s), "--per-second", str(per_second), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        if process.stdout is None:
            raise RuntimeError("no pipe")
        process.stdout.readline()
        time.sleep(min(SETTLE_S, hold_s / 4))
        used_s, busy_s, began_s = server.used_s(), machine_busy_s(), time.perf_counter()
        time.sleep(max(0.5, hold_s - 2 * min(SETTLE_S, hold_s / 4)))
        used_s, busy_s = server.used_s() - used_s, machine_busy_s() - busy_s
        took_s = time.perf_counter() - began_s
        ending = json.loads(process.stdout.readline())
        report = json.loads(process.stdout.readline())
    others = max(0.0, (busy_s - used_s) / took_s - report["own_cpu"])
    return {
        "calls": calls,
        "cpu_percent": round(100 * used_s / took_s, 2),
        "cpu_percent_per_call": round(100 * used_s / took_s / calls, 3),
        "held": ending["calls"],
        "others_percent": round(100 * others, 1),
        "callers_percent": round(100 * report["own_cpu"], 1),
        **{name: report[name] for name in ("outcomes", "setup_ms", "gaps_ms", "lost", "repeated", "received")},
    }


def measure(sizes: list[int], hold_s: float, only: list[str]) -> dict[str, Any]:
    """All rows."""
    rows: list[dict[str, Any]] = []

    def note(name: str, row: dict[str, Any]) -> None:
        rows.append({"server": name, **row})
        print_row(rows[-1])

    servers: dict[str, Callable[[], contextlib.AbstractContextManager[Server]]] = {
        "plain": lambda: echo_server("bench/plain_echo.py"),
        "media": media_server,
        "gateway": gateway_server,
    }
    print_head()
    for name in only:
        with servers[name]() as server:
            load(server, 2, 0.5)  # the first calls pay for tables and imports
            for size in sizes:
                note(name, load(server, size, hold_s))
    if "media" in only:
        with media_server() as server:
            note("media, 10 calls/s", load(server, 100, 1.0, per_second=10.0))
        with media_server("--recognising", str(ROOT / "audio_samples" / SPEECH)) as server:
            note("media, recogniser", load(server, BUSY_CALLS, hold_s))
    if "gateway" in only:
        with gateway_server() as server:
            speaking = ("--sound", SPEECH, "--pause", "5", "--speaking", str(BUSY_SPEAKING))
            note("gateway, speaking", load(server, BUSY_CALLS, hold_s, *speaking))
    return {"machine": machine(), "rows": rows, "limits": judge(rows)}


def machine() -> str:
    """What this ran on."""
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return f"{found[1] if found else platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def judge(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The limits that rows were measured for."""
    limits = []

    def limit(what: str, value: float, wanted: float, unit: str) -> None:
        limits.append({"what": what, "value": value, "limit": wanted, "unit": unit, "met": value <= wanted})

    for row in rows:
        server, calls = row["server"], row["calls"]
        if server in LIMITS and calls == LIMIT_AT:
            limit(f"{server}: CPU per call at {calls}", row["cpu_percent_per_call"], LIMITS[server], "% of a core")
        if server in ("media, recogniser", "gateway, speaking"):
            limit(f"{server}: gaps p99 at {calls} calls", row["gaps_ms"]["p99"], GAP_P99_MS, "ms")
        if server in LIMITS and calls == HELD:
            limit(f"{server}: of {HELD} calls not held", HELD - row["held"], 0, "calls")
            limit(f"{server}: packets lost at {HELD} calls", row["lost"], 0, "packets")
    return limits


def print_head() -> None:
    print(
        f"{'server':20}{'calls':>6}{'CPU %':>8}{'per call':>10}{'gap p50':>9}{'p95':>7}{'p99':>7}{'max':>8}"
        f"{'setup p50':>11}{'p95 ms':>8}{'held':>6}{'lost':>6}{'callers %':>11}{'others %':>10}",
        file=sys.stderr,
    )


def print_row(row: dict[str, Any]) -> None:
    gaps, setup = row["gaps_ms"], row["setup_ms"]
    print(
        f"{row['server']:20}{row['calls']:6}{row['cpu_percent']:8.1f}{row['cpu_percent_per_call']:10.3f}"
        f"{gaps['p50']:9.1f}{gaps['p95']:7.1f}{gaps['p99']:7.1f}{gaps['max']:8.1f}{setup['p50']:11.1f}{setup['p95']:8.1f}"
        f"{row['held']:6}{row['lost']:6}{row['callers_percent']:11.1f}{row['others_percent']:10.1f}",
        file=sys.stderr,
        flush=True,
    )


def report(result: dict[str, Any]) -> None:
    print(result["machine"])
    by = {(row["server"], row["calls"]): row["cpu_percent_per_call"] for row in result["rows"]}
    for name in LIMITS:
        plain, ours = by.get(("plain", LIMIT_AT)), by.get((name, LIMIT_AT))
        if plain and ours:
            print(f"{name} at {LIMIT_AT} calls: {ours / plain:.1f} times the CPU of the plain echo beside it")
    for limit in result["limits"]:
        word = "pass" if limit["met"] else "FAIL"
        print(f"{word}  {limit['what']}: {limit['value']:g} {limit['unit']} (limit {limit['limit']:g})")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure telephone calls.")
    parser.add_argument("--json", action="store_true", help="print JSON; the table still goes to stderr")
    parser.add_argument("--calls", default="1,20,50,100,200", help="numbers of calls")
    parser.add_argument("--hold", type=float, default=10.0, help="seconds that each number of calls is held")
    parser.add_argument("--only", default="plain,media,gateway", help="which servers")
    options = parser.parse_args()
    result = measure([int(size) for size in options.calls.split(",")], options.hold, options.only.split(","))
    if options.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        report(result)


if __name__ == "__main__":
    main()
