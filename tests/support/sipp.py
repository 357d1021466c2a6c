"""SIPp as a peer: runs a scenario against a server, within bounded time, and keeps every message for a test that fails.

Scenarios are in `tests/peers/sipp`, written as SIPp wants them but for what repeats: `{{part argument ...}}` stands for
the file of that name in `parts`, where `{1}` is the first argument; `{name}` is what the test fills in. What SIPp was
given in the end lies in the test's folder.
"""

from __future__ import annotations

import itertools
import random
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.calls import ROOT

SCENARIOS = ROOT / "tests" / "peers" / "sipp"
_PART = re.compile(r"\{\{(\w+)((?: [^{}]*)?)\}\}")
_HOLE = re.compile(r"\{(\w+)\}")
_MESSAGE = re.compile(r"-{20,} \S+ \S+.*?\n(?:UDP|TCP) message (sent|received) .*?\n\n(.*?)(?=\n-{20,}|\Z)", re.DOTALL)
_PORTS = itertools.cycle(range(10_000, 16_000, 8))
"""Below those that the system itself and the gateway give out."""
for _ in range(random.Random().randrange(750)):  # two test runs beside each other begin elsewhere
    next(_PORTS)
_CALLERS = itertools.count(70_001)


def caller() -> str:
    """A caller's number that no other test has."""
    return str(next(_CALLERS))


def free_port() -> int:
    """An even port with seven free ones behind it, for SIP and sound."""
    for port in itertools.islice(_PORTS, 750):
        try:
            for number, kind in itertools.product(range(port, port + 8), (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
                with socket.socket(socket.AF_INET6, kind) as tried:
                    tried.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
                    tried.bind(("::", number))
        except OSError:
            continue
        return port
    raise AssertionError("no ports")


def render(text: str, fill: Mapping[str, str]) -> str:
    """A scenario with its parts and what the test fills in."""

    def part(found: re.Match[str]) -> str:
        arguments = found[2].split()
        body = (SCENARIOS / "parts" / f"{found[1]}.xml").read_text().rstrip("\n")
        holes = {str(number): argument for number, argument in enumerate(arguments, 1)}
        return render(_HOLE.sub(lambda hole: holes.get(hole[1], "" if hole[1].isdigit() else hole[0]), body), fill)

    return _PART.sub(part, _HOLE.sub(lambda hole: fill.get(hole[1], hole[0]), text))


@dataclass(frozen=True)
class Message:
    """One SIP message that SIPp sent or received."""

    received: bool
    text: str

    @property
    def first(self) -> str:
        return self.text.partition("\n")[0].strip()

    def header(self, name: str) -> str:
        """Its first value, empty when it isn't there."""
        found = re.search(rf"^{name}\s*:\s*(.*?)\s*$", self.text, re.IGNORECASE | re.MULTILINE)
        return found[1] if found else ""

    @property
    def media(self) -> tuple[str, int]:
        """Where its SDP wants sound."""
        body = {line[0]: line[2:].split() for line in self.text.splitlines() if line[1:2] == "="}
        return body["c"][2], int(body["m"][1])


class Sipp:
    """One run of a scenario, begun when it is made.

    Args:
        scenario: name of a file in `tests/peers/sipp`.
        server: `127.0.0.1:5060` to call; None to be called.
        folder: for the scenario, the logs and what SIPp shows.
        caller: the user of the From header, and `service` that of the Request-URI: how the server behaves.
        calls, rate: how many calls, and how many of them a second.
        fill: for holes of the scenario.
        options: further ones of SIPp's.
        timeout_s: it is over by then, or has failed.
    """

    def __init__(
        self,
        scenario: str,
        server: str | None,
        folder: Path,
        *,
        caller: str = "70000",
        service: str = "echo",
        calls: int = 1,
        rate: float = 10,
        carrier: str = "udp",
        host: str = "127.0.0.1",
        port: int | None = None,
        fill: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
        timeout_s: float = 20,
        trace: bool = True,
    ) -> None:
        program = shutil.which("sipp")
        assert program, "this test calls by sipp: install sip-tester"
        self.scenario = scenario
        self.port = port or free_port()
        """Where it speaks SIP; sound is at `media_port`."""
        self.media_port = self.port + 2
        self._deadline = time.monotonic() + timeout_s + 5
        self._stem = folder / f"{scenario}-{self.port}"
        source = self._path("xml")
        source.write_text(render((SCENARIOS / f"{scenario}.xml").read_text(), fill or {}), encoding="utf-8")
        command = [program, *([server] if server else []), "-sf", str(source), "-t", "t1" if carrier == "tcp" else "u1"]
        command += ["-i", host, "-mi", host, "-p", str(self.port), "-mp", str(self.media_port)]
        command += ["-key", "caller", caller, "-s", service, "-m", str(calls), "-r", str(rate), "-l", str(calls)]
        command += ["-nostdin", "-timeout", f"{timeout_s}s", "-timeout_error"]
        command += ["-trace_err", "-error_file", str(self._path("errors"))]
        if trace:
            command += ["-trace_msg", "-message_file", str(self._path("messages"))]
        with self._path("screen").open("wb") as screen:
            self._process = subprocess.Popen(
                [*command, *options], stdin=subprocess.DEVNULL, stdout=screen, stderr=screen, cwd=folder
            )

    def _path(self, kind: str) -> Path:
        return self._stem.with_suffix(f".{kind}")

    def finish(self) -> Sipp:
        """Wait for its end; all its calls must have gone as the scenario says."""
        status = self.end()
        assert status == 0, f"{self.scenario}: sipp exited with {status}{self.told()}"
        return self

    def end(self) -> int:
        """Wait for its end; the exit status, 0 when all went as the scenario says."""
        try:
            return self._process.wait(max(0.1, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it now; idempotent."""
        self._process.kill()
        self._process.wait()

    @property
    def messages(self) -> list[Message]:
        """What was sent and received until now, in order."""
        path = self._path("messages")
        log = path.read_text(errors="replace") if path.exists() else ""
        return [Message(found[1] == "received", found[2].strip() + "\n") for found in _MESSAGE.finditer(log)]

    def received(self, begins: str, method: str = "") -> list[Message]:
        """Those that came whose first line begins so: `SIP/2.0 200`, `BYE`; to a request of ours, if named."""
        came = (message for message in self.messages if message.received and message.first.startswith(begins))
        return [message for message in came if message.header("CSeq").endswith(method)]

    def told(self) -> str:
        """All that it knows, for a test that failed."""
        parts = []
        for kind, most in (("errors", 3000), ("messages", 12_000), ("screen", 2500)):
            path = self._path(kind)
            if path.exists() and (text := path.read_text(errors="replace")[-most:]):
                parts.append(f"\n==== {path.name}\n{text}")
        return "".join(parts)
