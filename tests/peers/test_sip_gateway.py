"""`voice-gateway serve` called by SIPp: a whole call by keys with its record and recording, and how it stops."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway import events
from gateway.media.g711 import A_LAW
from gateway.store import CallRecord
from tests.support.caller_rtp import Came, Line, line_noise
from tests.support.calls import EVERYDAY
from tests.support.gateway_process import GatewayProcess
from tests.support.sipp import Sipp

pytestmark = pytest.mark.peers


class Talker:
    """A caller whose signalling is SIPp's and whose sound is ours."""

    def __init__(self, gateway: GatewayProcess, folder: Path, called: str) -> None:
        self._gateway = gateway
        self._called = called
        self.line = Line("127.0.0.1", array("d"), line_noise())
        self.line.came.kept = []
        fill = {"media_port": str(self.line.port)}
        options = {"caller": EVERYDAY, "service": called, "fill": fill, "timeout_s": 60}
        self.sipp = Sipp("guest", gateway.address, folder, **options)
        deadline = time.monotonic() + 10
        while not (answers := self.sipp.received("SIP/2.0 200", "INVITE")):
            assert time.monotonic() < deadline, self.sipp.told() + gateway.log
            time.sleep(0.05)
        self.line.connect(answers[0].media)
        self._due = time.monotonic()

    def talk(self, seconds: float) -> None:
        """Send sound, and take what comes."""
        for _ in range(int(seconds * 50)):
            self._due += 0.02
            time.sleep(max(0.0, self._due - time.monotonic()))
            self.line.send_next()
            self.line.drain()

    def talk_until(self, node: str) -> None:
        """Until the call has come to a node, and a little into it."""
        deadline = time.monotonic() + 30
        entered = lambda event: isinstance(event, events.NodeEntered) and event.node == node  # noqa: E731
        while not any(map(entered, self._gateway.told(self._called))):
            assert time.monotonic() < deadline, f"{self._called} doesn't come to {node}\n{self._gateway.log}"
            self.talk(0.2)
        self.talk(0.3)

    def talk_to_the_end(self) -> None:
        """Until SIPp's call is over."""
        while self.sipp.running:
            self.talk(0.2)
        self.sipp.finish()

    def close(self) -> None:
        self.sipp.kill()
        self.line.close()


@contextmanager
def talking(gateway: GatewayProcess, folder: Path, called: str) -> Iterator[Talker]:
    """A call, whose SIPp and socket are gone afterwards, whatever happens."""
    talker = Talker(gateway, folder, called)
    try:
        yield talker
    finally:
        talker.close()


@dataclass
class Day:
    """What is left of a gateway that had two calls and was told to stop while both were running."""

    gateway: GatewayProcess
    keys: CallRecord
    """By RFC 4733, to 10086."""
    info: CallRecord
    """By INFO, to 10087."""
    heard: Came
    """By the first of them."""
    refused: list[Sipp]
    """A probe and a call to 10088, after SIGTERM."""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    """The whole day."""
    folder = tmp_path_factory.mktemp("day")
    with GatewayProcess(folder / "gateway") as gateway:
        Sipp("options", gateway.address, folder, fill={"status": "200"}).finish()
        info = Sipp("info_call", gateway.address, folder, caller=EVERYDAY, service="10087")
        try:
            with talking(gateway, folder, "10086") as talker:
                talker.talk_until("main")
                gateway.drain()
                probe = Sipp("options", gateway.address, folder, fill={"status": "503"})
                new = Sipp("refused", gateway.address, folder, service="10088", fill={"status": "503"})
                talker.talk(0.6)
                talker.line.press("1")
                talker.talk_until("anything_else")
                talker.line.press("8")
                talker.talk_to_the_end()
                heard = talker.line.came
            info.finish()
        finally:
            info.kill()
        gateway.wait_stopped()
        yield Day(gateway, gateway.ended("10086"), gateway.ended("10087"), heard, [probe, new])


def test_a_balance_query_by_keys_leaves_its_record(day: Day) -> None:
    call, line = day.keys, day.keys.line
    assert (call.disposition, call.reason, call.options) == ("completed", "completed", ("balance", "nothing"))
    assert (call.caller_number, call.transport) == (EVERYDAY, "sip+udp")
    pressed = [event.key for event in day.gateway.told("10086") if isinstance(event, events.KeyPressed)]
    assert pressed == ["1", "8"]
    assert line is not None
    assert call.duration_ms is not None
    assert (line["codec"], line["lost"], line["ptime_ms"]) == ("PCMA", 0, 20)
    assert 0 <= line["jitter_ms"] < 20
    assert line["packets_received"] > call.duration_ms / 20 * 0.8
    assert line["packets_sent"] > call.duration_ms / 20 * 0.8


def test_the_caller_hears_the_hotline(day: Day) -> None:
    assert day.heard.lost == 0
    assert day.heard.kept is not None
    assert np.abs(A_LAW.decode(b"".join(day.heard.kept)).astype(int)).max() > 3000


def test_the_recording_has_the_hotline_on_the_right(day: Day) -> None:
    assert day.keys.recording is not None
    pcm, _ = soundfile.read(day.keys.recording)
    assert pcm.shape[1] == 2
    assert np.abs(pcm[:, 1]).max() > 0.1
    assert np.abs(pcm[:, 0]).max() < 0.1, "the caller on the left has said nothing"


def test_keys_by_info_lead_through_a_call_too(day: Day) -> None:
    assert "balance" in day.info.options
    assert [turn.keys for turn in day.info.turns][:1] == ["1"]
    assert day.info.reason == "caller_hung_up"


def test_after_sigterm_nobody_new_is_let_in(day: Day) -> None:
    for sipp in day.refused:
        assert sipp.finish().received("SIP/2.0 503")[0].header("Retry-After")
    assert day.gateway.call("10088") is None


def test_a_second_sigterm_ends_every_call_at_once_and_on_record(tmp_path: Path) -> None:
    with GatewayProcess(tmp_path / "gateway") as gateway:
        with talking(gateway, tmp_path, "10086") as talker:
            talker.talk_until("main")
            talker.talk(1.0)
            gateway.drain()
            talker.talk(0.3)
            assert gateway.process.poll() is None
            told_s = time.monotonic()
            gateway.drain()
            talker.talk_to_the_end()
            assert time.monotonic() - told_s < 4
        gateway.wait_stopped()
        call = gateway.ended("10086")
        assert call.reason == "shutdown"
        assert call.recording is not None
        assert len(soundfile.read(call.recording)[0]) > 16_000
