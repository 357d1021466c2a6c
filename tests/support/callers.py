"""Many callers in one light process: SIP over UDP from plain templates, one RTP socket each, all on one thread.

    python -m tests.support.callers 127.0.0.1:5060 --calls 100 --hold 10 [--sound balance_4.wav] [--per-second 20]

places the calls, waits until each is up or has failed, holds them all for so long and ends them. On stdout is one JSON
object a line: `up` when all are, `ending` when the hold is over, `report` at the end. As a library: `Callers`.

Packets go out at absolute deadlines, in four groups 5 ms apart. What comes is read from the sockets a few times a
second, with the time at which the kernel had it (`SO_TIMESTAMPNS`): so our own load disturbs no measurement of gaps.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import random
import select
import socket
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tests.support.caller import ANSWER_WITHIN_S, BYE_WITHIN_S, OVER, UP, Call, Plan
from tests.support.caller_rtp import Line, line_noise, speech
from tests.support.caller_sip import Message, Words, read

GROUPS = 4
GROUP_S = 0.005
DRAIN_EVERY = 32
"""Turns between two readings of a socket: 160 ms."""
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024


class Callers:
    """All calls to one server. Not for two threads; time passes in `run_for` and `run_until` only.

    Args:
        server: numeric host and port of SIP over UDP.
        host: our own address.
    """

    def __init__(self, server: tuple[str, int], host: str = "127.0.0.1") -> None:
        self.server, self.host = server, host
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self.sip.bind((host, 0))
        self.sip.setblocking(False)
        self.gaps_ms: array[float] = array("d")
        self.repeated = 0
        """Requests that had to be sent again."""
        self.calls: list[Call] = []
        self.probes: list[Message] = []
        """Answers that belong to no call."""
        self._by_id: dict[str, Call] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._groups: list[dict[int, Call]] = [{} for _ in range(GROUPS)]
        self._turn = 0
        self._due_s = time.perf_counter()

    def place(self, plan: Plan) -> Call:
        """Begin a call."""
        number = next(self._numbers)
        at = random.randrange(len(plan.sound)) if plan.sound else 0
        line = Line(self.host, self.gaps_ms, plan.sound, at)
        if plan.keep:
            line.came.kept = []
        here = self.host, int(self.sip.getsockname()[1])
        words = Words(self.server, here, f"139{number:08d}", plan.number, line.port)
        call = Call(self, plan, words, line)
        self.calls.append(call)
        self._by_id[words.call_id] = call
        return call

    # -------------------------------------------------------------------------------------------------- for the calls

    def tell(self, data: bytes) -> None:
        """Send a message to the server."""
        self.sip.sendto(data, self.server)

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call `call` once, later."""
        heapq.heappush(self._timers, (time.perf_counter() + delay_s, next(self._numbers), call))

    def speak(self, call: Call) -> None:
        """Send its sound from now on."""
        group = min(self._groups, key=len)
        group[id(call)] = call

    def silence(self, call: Call) -> None:
        """Send nothing more; idempotent."""
        for group in self._groups:
            group.pop(id(call), None)

    def ended(self, call: Call) -> None:
        """It is over: let its socket go."""
        self.silence(call)
        call.line.drain()
        call.line.close()

    # ---------------------------------------------------------------------------------------------------------- time

    def run_for(self, seconds: float) -> None:
        """Let time pass: send what is due, answer what comes."""
        self.run_until(lambda: False, seconds)

    def run_until(self, done: Callable[[], bool], within_s: float) -> bool:
        """Let time pass until something is so, at most so long; whether it came to be so."""
        end_s = time.perf_counter() + within_s
        while not done():
            now_s = time.perf_counter()
            if now_s >= end_s:
                return False
            if select.select([self.sip], [], [], max(0.0, self._due_s - now_s))[0]:
                self._read()
            if time.perf_counter() >= self._due_s:
                self._take_turn()
        return True

    def _take_turn(self) -> None:
        now_s = time.perf_counter()
        self._due_s = max(self._due_s + GROUP_S, now_s - 4 * GROUP_S)
        for call in self._groups[self._turn % GROUPS].values():
            call.line.send_next()
        self._turn += 1
        for call in itertools.islice(self.calls, self._turn % DRAIN_EVERY, None, DRAIN_EVERY):
            if call.state in (UP, "leaving", "ringing"):
                call.line.drain()
        while self._timers and self._timers[0][0] <= now_s:
            heapq.heappop(self._timers)[2]()

    def _read(self) -> None:
        for _ in range(100):
            try:
                message = read(self.sip.recv(65535))
            except BlockingIOError:
                return
            except ValueError:
                continue
            call = self._by_id.get(message.first("call-id"))
            if call is None:
                self.probes.append(message)
            elif message.status:
                call.on_response(message)
            else:
                call.on_request(message)

    # ------------------------------------------------------------------------------------------------- whole courses

    def hold_together(self, plans: Sequence[Plan], per_s: float, hold_s: float, tell: Callable[[str], None]) -> None:
        """Place calls at a steady rate, hold all that came up, end them; told are `up` and `ending`."""
        waiting = iter(plans)

        def next_one() -> None:
            if plan := next(waiting, None):
                self.place(plan)
                self.later(1 / per_s, next_one)

        next_one()
        everyone = len(plans)
        self.run_until(lambda: self._settled(everyone), everyone / per_s + ANSWER_WITHIN_S + 1)
        tell(UP)
        self.run_for(hold_s)
        tell("ending")
        for call in self.calls:
            call.hang_up()
            self.run_for(0.5 / per_s)
        self.run_until(lambda: all(call.state == OVER for call in self.calls), BYE_WITHIN_S + 1)

    def _settled(self, everyone: int) -> bool:
        return len(self.calls) == everyone and all(call.state in (UP, OVER) for call in self.calls)

    def in_parallel(self, plans: Iterable[Plan], at_once: int, within_s: float) -> bool:
        """One call after the other, `at_once` beside each other; whether all were over in time."""
        end_s = time.perf_counter() + within_s
        waiting = iter(plans)
        running: list[Call] = []
        while (left_s := end_s - time.perf_counter()) > 0:
            running = [call for call in running if call.state != OVER]
            while len(running) < at_once and (plan := next(waiting, None)):
                running.append(self.place(plan))
            if not running:
                return True
            self.run_until(lambda running=running: any(call.state == OVER for call in running), left_s)  # type: ignore[misc]
        return False

    def forget(self) -> None:
        """The calls that are over are counted no more."""
        self.calls = [call for call in self.calls if call.state != OVER]
        self._by_id = {call.words.call_id: call for call in self.calls}

    def report(self) -> dict[str, Any]:
        """What there is to tell of all calls."""
        setups = [call.setup_ms for call in self.calls if call.setup_ms is not None]
        return {
            "calls": len(self.calls),
            "outcomes": dict(Counter(call.outcome or call.state for call in self.calls)),
            "setup_ms": percentiles(setups),
            "gaps_ms": percentiles(self.gaps_ms),
            "sent": sum(call.line.sent for call in self.calls),
            "received": sum(call.line.came.packets for call in self.calls),
            "lost": sum(call.line.came.lost for call in self.calls),
            "copies": sum(call.line.came.copies for call in self.calls),
            "deaf": sum(call.plan.sound is not None and not call.line.came.packets for call in self.calls),
            "keys": sum(call.keys_sent for call in self.calls),
            "repeated": self.repeated,
        }

    def close(self) -> None:
        """Let all sockets go; idempotent."""
        for call in self.calls:
            call.line.close()
        self.sip.close()


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """P50, P95, P99 and the largest, ms; empty without values."""
    if not len(values):
        return {}
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    named = {"p50": p50, "p95": p95, "p99": p99, "max": max(values)}
    return {name: round(float(value), 2) for name, value in named.items()}


def main() -> None:
    """Place, hold, end, report."""
    parser = argparse.ArgumentParser(description="Callers for a load.")
    parser.add_argument("server", help="127.0.0.1:5060")
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--per-second", type=float, default=20.0)
    parser.add_argument("--hold", type=float, default=10.0, help="seconds, once all calls are up")
    parser.add_argument("--number", default="echo")
    parser.add_argument("--sound", default="", help="a file of audio_samples; otherwise line noise")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds of line noise around the sound")
    parser.add_argument("--speaking", type=int, help="so many speak, the others send line noise; all, unless told")
    parser.add_argument("--keys", default="")
    options = parser.parse_args()
    host, _, port = options.server.rpartition(":")
    noise = line_noise()
    sound = speech(options.sound, before_s=options.pause, after_s=options.pause) if options.sound else noise
    speaking = options.calls if options.speaking is None else options.speaking
    plans = [
        Plan(options.number, None, sound if number < speaking else noise, options.keys)
        for number in range(options.calls)
    ]
    callers = Callers((host, int(port)))
    used_s: dict[str, tuple[float, float]] = {}

    def tell(what: str) -> None:
        used_s[what] = time.process_time(), time.perf_counter()
        up = sum(call.state == UP for call in callers.calls)
        sys.stdout.write(json.dumps({"event": what, "calls": up}) + "\n")
        sys.stdout.flush()

    try:
        callers.hold_together(plans, options.per_second, options.hold, tell)
    finally:
        callers.close()
    (cpu_s, at_s), (cpu_end_s, end_s) = used_s[UP], used_s["ending"]
    own = round((cpu_end_s - cpu_s) / (end_s - at_s), 4)
    sys.stdout.write(json.dumps({"event": "report", "own_cpu": own, **callers.report()}) + "\n")


if __name__ == "__main__":
    main()
