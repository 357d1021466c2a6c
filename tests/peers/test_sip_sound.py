"""The sound of telephone calls: echoed to one caller and to a hundred, keys in it, and what its absence means."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from gateway.media.g711 import A_LAW
from tests.support.caller_rtp import Line, Sound, line_noise
from tests.support.sip_process import Event, SipServer
from tests.support.sipp import Sipp, caller

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SipServer]:
    with SipServer(tmp_path_factory.mktemp("sound")) as running:
        yield running


def tone_file(folder: Path, seconds: float = 1.0) -> Path:
    """A-law of 440 Hz at half of full scale, as SIPp plays it: bare bytes."""
    at = np.arange(int(8000 * seconds)) / 8000
    path = folder / "tone.alaw"
    path.write_bytes(A_LAW.encode((16_000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)))
    return path


def talk(
    server: SipServer,
    folder: Path,
    line: Line,
    script: Callable[[float], None],
    *,
    seconds: float,
    scenario: str = "media",
) -> Event:
    """A call whose signalling is SIPp's and whose sound is `line`'s.

    Args:
        script: called before each 20 ms with the seconds since the sound began.
    """
    who = caller()
    fill = {"media_port": str(line.port), "talk_ms": str(int(seconds * 1000) + 200)}
    sipp = Sipp(scenario, server.address, folder, caller=who, fill=fill)
    try:
        server.wait(lambda event: event["event"] == "began" and event["caller"] == who)
        (answer,) = sipp.received("SIP/2.0 200", "INVITE")
        line.connect(answer.media)
        began = time.monotonic()
        for number in range(int(seconds * 50)):
            time.sleep(max(0.0, began + number * 0.02 - time.monotonic()))
            script(number * 0.02)
            line.send_next()
            line.drain()
        sipp.finish()
        line.drain()
    finally:
        sipp.kill()
    return server.ended(who)


@pytest.fixture
def line() -> Iterator[Line]:
    """A caller's sound."""
    made = Line("127.0.0.1", array("d"), line_noise())
    yield made
    made.close()


def at_times(what: dict[float, Callable[[], None]]) -> Callable[[float], None]:
    """Do each thing once, when its time has come."""
    left = dict(sorted(what.items()))

    def tick(now_s: float) -> None:
        while left and next(iter(left)) <= now_s:
            left.pop(next(iter(left)))()

    return tick


def test_what_a_caller_says_comes_back(server: SipServer, tmp_path: Path, line: Line) -> None:
    line.sound = _tone()
    line.came.kept = []
    ended = talk(server, tmp_path, line, lambda _: None, seconds=2)
    told = ended["line"]
    assert told["codec"] == "PCMA"
    assert told["packets_received"] == line.sent
    assert (told["lost"], told["malformed"], told["foreign"]) == (0, 0, 0)
    assert told["jitter_ms"] < 20
    assert line.came.packets >= 100
    assert (line.came.lost, line.came.copies) == (0, 0)
    loud = np.abs(A_LAW.decode(b"".join(line.came.kept[-40:-5])).astype(int)).max()
    assert 12_000 < loud < 20_000


def _tone() -> Sound:
    at = np.arange(8000) / 8000
    data = A_LAW.encode((16_000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16))
    return [data[start : start + 160] for start in range(0, 8000, 160)]


def test_keys_in_the_sound_count_once_each(server: SipServer, tmp_path: Path, line: Line) -> None:
    pressed = "1590*#1155D"
    presses = {0.3 + 0.25 * number: lambda key=key: line.press(key) for number, key in enumerate(pressed)}
    ended = talk(server, tmp_path, line, at_times(presses), seconds=3.5)
    assert ended["keys"] == pressed


def test_a_key_that_is_told_in_two_ways_counts_once(server: SipServer, tmp_path: Path, line: Line) -> None:
    presses = {0.5: lambda: line.press("5"), 1.2: lambda: line.press("6")}
    ended = talk(server, tmp_path, line, at_times(presses), seconds=1.6, scenario="media_info")
    assert ended["keys"] == "56"


def test_our_ringing_tone_is_heard_before_the_answer(tmp_path: Path, line: Line) -> None:
    with SipServer(tmp_path, answer_after_ms=800, early_media=True) as ringing:
        line.came.kept = []
        who = caller()
        fill = {"media_port": str(line.port), "talk_ms": "300", "status": "183"}
        sipp = Sipp("early_media", ringing.address, tmp_path, caller=who, fill=fill)
        ringing.wait(lambda event: event["event"] == "began")
        line.drain()
        before = len(line.came.kept)
        sipp.finish()
        assert ringing.ended(who)["reason"] == "caller_hung_up"
        assert before >= 25, "of 40 that 800 ms hold"
        assert np.abs(A_LAW.decode(b"".join(line.came.kept[5:before])).astype(int)).max() > 1000
        (early,) = sipp.received("SIP/2.0 183")
        (answer,) = sipp.received("SIP/2.0 200", "INVITE")
        assert early.media == answer.media


def test_early_sound_can_be_told_reliably(tmp_path: Path) -> None:
    with SipServer(tmp_path, answer_after_ms=300, early_media=True) as ringing:
        who = caller()
        fill = {"status": "183", "prack_after_ms": "10"}
        Sipp("prack", ringing.address, tmp_path, caller=who, fill=fill).finish()
        assert ringing.ended(who)["reason"] == "caller_hung_up"


def test_a_line_without_sound_is_dead_but_one_on_hold_is_not(tmp_path: Path) -> None:
    with SipServer(tmp_path, rtp_timeout_s=1, hold_timeout_s=3) as strict:
        dead, held = caller(), caller()
        first = Sipp("hung_up", strict.address, tmp_path, caller=dead)
        second = Sipp("on_hold", strict.address, tmp_path, caller=held)
        first.finish()
        second.finish()
        silent, waiting = strict.ended(dead), strict.ended(held)
        assert (silent["reason"], waiting["reason"]) == ("rtp_timeout", "hold_timeout")
        assert 45 <= silent["ticks"] <= 90
        assert waiting["ticks"] >= 150


def test_a_hundred_calls_at_once_are_echoed(server: SipServer, tmp_path: Path) -> None:
    before = server.settled()
    who = caller()
    fill = {"sound": str(tone_file(tmp_path)), "talk_ms": "6000"}
    sipp = Sipp("stream", server.address, tmp_path, caller=who, calls=100, rate=50, fill=fill, timeout_s=40)
    sipp.finish()
    server.wait(lambda event: event["event"] == "ended" and event["caller"] == who, count=100)
    ended = server.of(who, "ended")
    assert {event["reason"] for event in ended} == {"caller_hung_up"}
    lines = [event["line"] for event in ended]
    assert min(line["packets_received"] for line in lines) >= 285, "of 300 that 6 s hold"
    assert min(line["packets_sent"] for line in lines) >= 285
    assert sum(line["lost"] for line in lines) <= 3, "a loop that stands still may lose some, this machine is shared"
    assert min(event["loudest"] for event in ended) > 12_000
    assert not sum(len(sipp.received(f"SIP/2.0 {status}")) for status in (4, 5))
    after = server.settled()
    assert after["fds"] == before["fds"]
    assert after["tasks"] == before["tasks"]
