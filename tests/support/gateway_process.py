"""`voice-gateway serve` as an operator runs it: a process of its own, with its settings in a file."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gateway import events
from gateway.store import CallRecord, Store, list_calls
from gateway.store import events as told_events
from tests.support.calls import ROOT
from tests.support.command import COMMAND

START_S = 60.0
STOP_S = 30.0


class GatewayProcess:
    """One gateway. A context manager: at the end it must stop cleanly, unless the test ended it otherwise.

    Args:
        folder: for its settings, its data and its log; its alone, but for one that ran there before.
        sip: settings of the table `[sip]`; it listens on a free UDP port of loopback unless they say otherwise.
        webrtc: settings of the table `[webrtc]`; it serves no browsers unless they say otherwise.
        prefix: of its command, when it is to run in a namespace.
        settings: others.
    """

    def __init__(
        self,
        folder: Path,
        *,
        sip: Mapping[str, Any] | None = None,
        webrtc: Mapping[str, Any] | None = None,
        prefix: Sequence[str] = (),
        **settings: Any,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.data = folder / "data"
        config = folder / "gateway.toml"
        told: dict[str, Any] = {"flows_dir": str(ROOT / "ivr_flows"), "data_dir": str(self.data), **settings}
        told["sip"] = {"listen": ["sip+udp://127.0.0.1:0"], **(sip or {})}
        told["webrtc"] = {"listen": [], **(webrtc or {})}
        config.write_text(to_toml(told))
        with (folder / "stdout").open("wb") as out, (folder / "log").open("wb") as log:
            command = [*prefix, COMMAND, "serve", "--config", str(config)]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, cwd=folder)
        try:
            ready = self._wait_until_ready()
        except BaseException:
            self.kill()
            raise
        self.addresses = [address.partition("://")[2] for address in ready.split()]
        """All that it listens on, in the order of `listen`: `127.0.0.1:5060`."""
        self.address = self.addresses[0]
        self._store: Store | None = None

    def _wait_until_ready(self) -> str:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"^ready: (.+)\n", (self.folder / "stdout").read_text(), re.MULTILINE):
                return found[1]
            time.sleep(0.05)
        raise AssertionError(f"the gateway doesn't start:\n{self.log}")

    @property
    def log(self) -> str:
        """All that it logged until now."""
        return (self.folder / "log").read_text(errors="replace")

    # ------------------------------------------------------------------------------------------------ what it remembers

    @property
    def store(self) -> Store:
        """Its store, read beside it or after it."""
        self._store = self._store or Store.open_for_reading(self.data)
        return self._store

    def calls(self) -> list[CallRecord]:
        """All calls, newest first."""
        return list_calls(self.store, 1000)

    def call(self, called: str) -> CallRecord | None:
        """The only call to a number; None while there is none."""
        found = [call for call in self.calls() if call.called_number == called]
        assert len(found) <= 1, f"{len(found)} calls to {called}"
        return found[0] if found else None

    def told(self, called: str) -> list[events.Event]:
        """What happened in the only call to a number until now."""
        call = self.call(called)
        return told_events(self.store, call.id) if call else []

    def wait_told(self, called: str, wanted: Callable[[events.Event], bool], what: str, within_s: float) -> None:
        """Until something wanted has happened in the call to a number."""
        deadline = time.monotonic() + within_s
        while True:
            told = self.told(called)
            if any(map(wanted, told)):
                return
            if time.monotonic() > deadline:
                seen = "\n".join(map(str, told))
                raise AssertionError(f"{called}: no {what} within {within_s} s:\n{seen}\nlog:\n{self.log[-4000:]}")
            time.sleep(0.1)

    def wait_node(self, called: str, node: str, within_s: float = 30.0) -> None:
        """Until the call to a number has come to a node."""
        entered = lambda event: isinstance(event, events.NodeEntered) and event.node == node  # noqa: E731
        self.wait_told(called, entered, f"node {node}", within_s)

    def ended(self, called: str, within_s: float = 15.0) -> CallRecord:
        """The record of the call to a number, once it has ended."""
        self.wait_told(called, lambda event: isinstance(event, events.CallEnded), "end", within_s)
        call = self.call(called)
        assert call is not None
        return call

    # ---------------------------------------------------------------------------------------------------------- its end

    def drain(self) -> None:
        """Tell it to stop once its calls are over."""
        self.process.send_signal(signal.SIGTERM)

    def wait_stopped(self, within_s: float = STOP_S) -> None:
        """It has been told to, and ends well."""
        try:
            status = self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the gateway doesn't stop:\n{self.log[-4000:]}") from None
        assert status == 0, f"exit status {status}\n{self.log[-4000:]}"
        assert "Traceback" not in self.log, self.log[-8000:]

    def kill(self) -> None:
        """End it as a power cut would; idempotent."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None and self.process.returncode is None:
                self.drain()
                self.wait_stopped()
        finally:
            if self.process.returncode is None:
                self.kill()
            if self._store:
                self._store.close()


def to_toml(values: Mapping[str, Any], table: str = "") -> str:
    """Settings as a file: texts, numbers, switches, lists and tables of those."""
    plain = {name: value for name, value in values.items() if not isinstance(value, Mapping)}
    text = f"[{table}]\n" if table else ""
    text += "".join(f"{json.dumps(name)} = {_value(value)}\n" for name, value in plain.items())
    for name in values.keys() - plain.keys():
        text += "\n" + to_toml(values[name], f"{table}.{json.dumps(name)}" if table else json.dumps(name))
    return text


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)
