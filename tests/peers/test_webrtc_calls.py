"""aiortc's clients at `voice-gateway serve` with the real hotline and the real recogniser, the telephone beside them.

The calls of the first part don't know of each other, so they are all placed at once; each test looks at one of them. A
call is known by the number that it calls: the hotline answers to any.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
import soundfile
import soxr

from asr.engine import Engine
from asr.registry import load_engine
from gateway import events
from gateway.media.frames import SAMPLE_RATE_HZ, Pcm, ms_to_samples
from gateway.store import CallRecord
from gateway.store.refusals import turned_away
from tests.support.calls import EVERYDAY, SAMPLES
from tests.support.gateway_process import GatewayProcess
from tests.support.listening import tells_the_balance, words_of
from tests.support.sipp import Sipp
from tests.support.webrtc_browser_like import BrowserLike
from tests.support.webrtc_client import Callers, LightCall, RefusedError, Trouble
from tests.support.webrtc_offer import offer
from tests.support.webrtc_sound import Sound, encode, line_noise
from tests.support.webrtc_switchboard import soon, udp_ports

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]

OVER_THE_MENU_S = 9.5
"""The menu is being said from the 7th second on."""
LOSS = Trouble(loss=0.05, seed=11)
TOKEN, WRONG = "a-token-of-this-test", "another-token-of-this-test"
Talk = Callable[[Callers, LightCall], Coroutine[Any, Any, None]]


def says(name: str, after_s: float) -> Pcm:
    """A sample caller who speaks after a while and is silent then, 16 kHz."""
    pcm, rate_hz = soundfile.read(SAMPLES / name, dtype="int16")
    before, after = (np.zeros(int(seconds * SAMPLE_RATE_HZ), np.int16) for seconds in (after_s, 60.0))
    return np.concatenate([before, soxr.resample(pcm, rate_hz, SAMPLE_RATE_HZ), after])


def url_of(gateway: GatewayProcess) -> str:
    """Where browsers call."""
    return f"http://{gateway.addresses[-1].rstrip('/')}"


@dataclass
class Placed:
    """One call, when it is over."""

    record: CallRecord
    events: list[events.Event]
    heard: Pcm
    """By the caller."""
    messages: list[dict[str, Any]]
    """Of the data channel."""
    notes: dict[str, float] = field(default_factory=dict)

    @property
    def line(self) -> dict[str, Any]:
        assert self.record.line is not None
        return self.record.line

    def told(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a kind."""
        return [message for message in self.messages if message["type"] == kind]

    def captions(self, who: str) -> list[str]:
        """What the page showed of one side."""
        return [message["text"] for message in self.told("said") if message["who"] == who]

    def times_of(self, node: str) -> tuple[float, float]:
        """From when to when the prompt of a node was said, ms."""
        (began,) = (one for one in self.events if isinstance(one, events.PromptStarted) and one.node == node)
        (ended,) = (one for one in self.events if isinstance(one, events.PromptEnded) and one.node == node)
        return began.at_ms, ended.at_ms


class Scene:
    """The gateway and everybody who calls, each in a thread of its own."""

    def __init__(self, gateway: GatewayProcess, folder: Path, pool: ThreadPoolExecutor) -> None:
        self.gateway = gateway
        self.folder = folder
        self._pool = pool
        self._calls: dict[str, Future[Placed]] = {}

    def place(self, number: str, script: Callable[[str], Placed]) -> None:
        """Begin a call."""
        self._calls[number] = self._pool.submit(script, number)

    def __getitem__(self, number: str) -> Placed:
        """The call, once it is over."""
        return self._calls[number].result(timeout=120)

    def query(self, number: str) -> str:
        return f"number={number}&from={EVERYDAY}"

    def hears(self, number: str, node: str) -> None:
        """Wait until a node's prompt has been said to its end."""
        said = lambda event: isinstance(event, events.PromptEnded) and event.node == node  # noqa: E731
        self.gateway.wait_told(number, said, f"end of the prompt of {node}", 40)

    def placed(self, number: str, heard: Pcm, messages: list[dict[str, Any]], **notes: float) -> Placed:
        return Placed(self.gateway.ended(number), self.gateway.told(number), heard, messages, notes)

    def light(self, sound: Sound, talk: Talk, *, trouble: Trouble | None = None, data: bool = True) -> Any:
        """A script: a light call; `talk` is what its caller does once it is up."""

        def run(number: str) -> Placed:
            async def whole() -> tuple[Pcm, list[dict[str, Any]]]:
                async with Callers() as callers:
                    options: dict[str, Any] = {"data": data, "keep": True, "query": self.query(number)}
                    page = await callers.call(url_of(self.gateway), sound, trouble, **options)
                    await talk(callers, page)
                    await callers.let_go(page)
                    return page.came.pcm(), [message for _, message in page.messages]

            return self.placed(number, *asyncio.run(whole()))

        return run

    async def at(self, number: str, node: str) -> None:
        """Until a call is at a node."""
        await asyncio.to_thread(self.gateway.wait_node, number, node)

    # ------------------------------------------------------------------------------------------------- what callers do

    def voice(self, number: str) -> Placed:
        """Ask for the balance, hear it, hang up by DELETE."""
        spoken, heard = self.folder / "says.wav", self.folder / "heard.wav"
        soundfile.write(spoken, says("balance_1.wav", OVER_THE_MENU_S), SAMPLE_RATE_HZ, subtype="PCM_16")
        options = ("--say", str(spoken), "--record", str(heard), "--query", self.query(number))
        with BrowserLike(url_of(self.gateway), *options) as browser:
            browser.wait("connected")
            self.hears(number, "tell_balance")
            browser.tell("hangup")
            deleted = browser.wait("deleted")
            browser.wait("ended")
        messages = [event["message"] for event in browser.events if event["event"] == "message"]
        pcm, _ = soundfile.read(heard, dtype="int16")
        return self.placed(number, pcm, messages, deleted=deleted["status"])

    def killed(self, number: str) -> Placed:
        """Be there for a moment, then die."""
        with BrowserLike(url_of(self.gateway), "--query", self.query(number)) as browser:
            browser.wait("connected")
            self.gateway.wait_node(number, "welcome")
            time.sleep(1.0)
            browser.kill()
            at_s = time.monotonic()
            self.gateway.ended(number)
            return self.placed(number, np.zeros(0, np.int16), [], noticed_s=time.monotonic() - at_s)

    def spoken_over_a_bad_line(self, number: str) -> Placed:
        async def talk(callers: Callers, page: LightCall) -> None:
            await asyncio.to_thread(self.hears, number, "tell_balance")
            await callers.hang_up(page)

        return self.light(encode(says("balance_1.wav", OVER_THE_MENU_S)), talk, trouble=LOSS)(number)

    def keys(self, number: str) -> Placed:
        """Two keys by message; the second one is for goodbye, so that it is the hotline that hangs up."""

        async def talk(callers: Callers, page: LightCall) -> None:
            await self.at(number, "main")
            page.tell({"type": "key", "key": "1"})
            await self.at(number, "anything_else")
            page.tell({"type": "key", "key": "8"})
            await asyncio.wait_for(page.over.wait(), 20)

        return self.light(line_noise(), talk)(number)

    def keys_without_data_channel(self, number: str) -> Placed:
        async def talk(callers: Callers, page: LightCall) -> None:
            await self.at(number, "main")
            page.press("1", clock_hz=8000)
            await self.at(number, "anything_else")
            page.press("8")
            await asyncio.wait_for(page.over.wait(), 20)

        return self.light(line_noise(), talk, data=False)(number)

    def outage(self, number: str) -> Placed:
        """Two seconds in which nothing comes through, in the middle of the menu; then a key."""

        async def talk(callers: Callers, page: LightCall) -> None:
            await self.at(number, "main")
            page.outage(2.0)
            await asyncio.sleep(2.5)
            page.press("1")
            await asyncio.to_thread(self.hears, number, "tell_balance")
            await callers.hang_up(page)

        return self.light(line_noise(), talk)(number)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("scene")
    webrtc = {"listen": ["http://127.0.0.1:0"], "claimed_numbers": True, "calls_per_minute": 1000}
    with GatewayProcess(folder / "gateway", webrtc=webrtc) as gateway, ThreadPoolExecutor(8) as pool:
        scene = Scene(gateway, folder, pool)
        telephone = Sipp("info_call", gateway.address, folder, caller=EVERYDAY, service="10087")
        try:
            scene.place("1001", scene.voice)
            scene.place("1002", scene.spoken_over_a_bad_line)
            scene.place("1003", scene.keys)
            scene.place("1004", scene.keys_without_data_channel)
            scene.place("1005", scene.killed)
            scene.place("1006", scene.outage)
            for number in range(1001, 1007):
                scene[str(number)]
            telephone.finish()
        finally:
            telephone.kill()
        yield scene


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = load_engine("whisper")
    yield engine
    engine.close()


def prompt_heard(engine: Engine, call: Placed, node: str) -> str:
    """What our recogniser makes of a node's prompt as the caller heard it."""
    return words_of(engine, call.heard, *call.times_of(node))


def test_a_balance_query_by_voice_is_understood_and_its_record_is_right(scene: Scene) -> None:
    call = scene["1001"]
    record, line = call.record, call.line
    assert record.options == ("balance",)
    assert (record.disposition, record.reason) == ("completed", "caller_hung_up")
    assert (record.transport, record.trunk, record.caller_number) == ("webrtc", "browser", EVERYDAY)
    assert {"main", "balance", "tell_balance"} <= set(record.path)
    assert record.turns[0].matched == "balance"
    assert call.notes["deleted"] == 200
    assert (line["codec"], line["ptime_ms"], line["srtp"], line["lost"]) == ("opus", 20, "DTLS-SRTP", 0)
    assert line["ice"].startswith("host/")
    assert record.duration_ms is not None
    for way in ("packets_received", "packets_sent"):
        assert line[way] == pytest.approx(record.duration_ms / 20, rel=0.1)
    assert line["rtcp_received"] > 0
    assert line["remote_lost"] == 0


def test_the_caller_hears_the_balance(scene: Scene, engine: Engine) -> None:
    assert tells_the_balance(prompt_heard(engine, scene["1001"], "tell_balance"))


def test_captions_of_both_sides_come_over_the_data_channel(scene: Scene) -> None:
    call = scene["1001"]
    assert any("查话费" in text for text in call.captions("caller"))
    assert any("欢迎致电" in text for text in call.captions("hotline"))
    assert any("余额为" in text for text in call.captions("hotline"))
    states = [message["state"] for message in call.told("state")]
    assert {"speaking", "thinking"} <= set(states)
    assert all(one != other for one, other in itertools.pairwise(states)), "each change is told once"
    assert call.record.duration_ms is not None
    assert len(call.told("alive")) == pytest.approx(call.record.duration_ms / 1000, abs=3)


def test_both_sides_of_the_recording_are_intelligible(scene: Scene, engine: Engine) -> None:
    call = scene["1001"]
    assert call.record.recording is not None
    pcm, rate_hz = soundfile.read(call.record.recording, dtype="int16")
    assert (rate_hz, pcm.shape[1]) == (SAMPLE_RATE_HZ, 2)
    turn = call.record.turns[0]
    assert "查话费" in words_of(engine, pcm[:, 0], turn.start_ms, turn.end_ms, ["查话费"])
    assert tells_the_balance(words_of(engine, pcm[:, 1], *call.times_of("tell_balance")))


def test_through_five_percent_loss_the_caller_is_understood(scene: Scene, engine: Engine) -> None:
    call = scene["1002"]
    assert call.record.options == ("balance",)
    assert call.record.turns[0].matched == "balance"
    assert 2 < call.line["loss_percent"] < 9
    assert call.line["playout_delay_ms"] < 150
    assert tells_the_balance(prompt_heard(engine, call, "tell_balance")), "nothing was lost on the way back"


@pytest.mark.parametrize("number", ["1003", "1004"], ids=["by message", "by event"])
def test_keys_lead_through_a_call_to_its_end(scene: Scene, number: str, engine: Engine) -> None:
    call = scene[number]
    assert [event.key for event in call.events if isinstance(event, events.KeyPressed)] == ["1", "8"]
    assert call.record.options == ("balance", "nothing")
    assert (call.record.disposition, call.record.reason) == ("completed", "completed")
    assert "再见" in prompt_heard(engine, call, "goodbye"), "the last word is heard"


def test_the_page_is_told_that_the_hotline_hangs_up(scene: Scene) -> None:
    call = scene["1003"]
    last = call.messages[-1]
    assert (last["type"], last["reason"]) == ("ended", "call_ended")
    assert [message["key"] for message in call.told("key")] == ["1", "8"]


def test_a_browser_that_dies_is_noticed_within_three_seconds(scene: Scene) -> None:
    call = scene["1005"]
    assert call.record.reason == "connection_lost"
    print(f"noticed after {call.notes['noticed_s']:.2f} s")
    assert call.notes["noticed_s"] < 3.0 + 1.0, "until its record is written"


def test_a_call_survives_an_outage_of_two_seconds(scene: Scene, engine: Engine) -> None:
    call = scene["1006"]
    assert call.record.options == ("balance",)
    assert call.line["lost"] >= 90
    assert (call.record.disposition, call.record.reason) == ("completed", "caller_hung_up")
    assert tells_the_balance(prompt_heard(engine, call, "tell_balance"))


def test_the_telephone_works_beside_it(scene: Scene) -> None:
    record = scene.gateway.ended("10087")
    assert (record.transport, record.reason) == ("sip+udp", "caller_hung_up")
    assert "balance" in record.options


def test_nothing_is_left_of_all_these_calls(scene: Scene) -> None:
    assert scene.gateway.call("1001") is not None
    port = int(scene.gateway.address.rpartition(":")[2])
    deadline = time.monotonic() + 5
    while (left := udp_ports(scene.gateway.process.pid)) != {port}:
        assert time.monotonic() < deadline, f"sockets are left: {left - {port}}"
        time.sleep(0.1)
    assert "Traceback" not in scene.gateway.log
    assert "ERROR" not in scene.gateway.log


# --------------------------------------------------------------------------------------------------------------- limits


async def problem(url: str, **headers: str) -> tuple[int, str]:
    """An offer that is refused: status and reason."""
    told = {"Content-Type": "application/sdp", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/whip", data=offer().encode(), headers=told) as response,
    ):
        return response.status, json.loads(await response.text())["reason"]


def test_a_drain_refuses_new_calls_and_ends_the_running_one_with_a_goodbye(tmp_path: Path) -> None:
    webrtc = {"listen": ["http://127.0.0.1:0"], "claimed_numbers": True, "access_token": TOKEN, "max_calls": 1}

    async def visit(gateway: GatewayProcess) -> Pcm:
        url, right = url_of(gateway), {"Authorization": f"Bearer {TOKEN}"}
        async with Callers() as callers:
            with pytest.raises(RefusedError, match="401"):
                await callers.call(url, token=WRONG)
            page = await callers.call(url, line_noise(), token=TOKEN, query=f"number=1&from={EVERYDAY}", keep=True)
            assert await problem(url, **right) == (503, "busy")
            await asyncio.to_thread(gateway.wait_node, "1", "main")
            gateway.drain()
            await asyncio.sleep(0.3)
            assert await problem(url, **right) == (503, "draining")
            assert page.up
            await asyncio.wait_for(page.over.wait(), 20)
            captions = [message.get("text", "") for _, message in page.messages]
            assert any("系统需要维护" in text for text in captions)
            assert page.messages[-1][1]["type"] == "ended"
            return page.came.pcm()

    with GatewayProcess(tmp_path / "gateway", sip={"listen": []}, webrtc=webrtc, drain_limit_s=1) as gateway:
        heard = asyncio.run(visit(gateway))
        gateway.wait_stopped()
        call = gateway.ended("1")
        assert call.reason == "drain_forced"
        last = heard[-ms_to_samples(3000) :].astype(int)
        assert np.abs(last).max() > 3000, "the goodbye is heard"
        with gateway.store.session() as session:
            assert sum(away.count for away in turned_away(session)) == 2


def test_a_second_sigterm_ends_calls_at_once_and_on_record(tmp_path: Path) -> None:
    webrtc = {"listen": ["http://127.0.0.1:0"], "claimed_numbers": True}

    async def visit(gateway: GatewayProcess) -> None:
        async with Callers() as callers:
            page = await callers.call(url_of(gateway), line_noise(), query=f"number=1&from={EVERYDAY}")
            await asyncio.to_thread(gateway.wait_node, "1", "welcome")
            await asyncio.sleep(1.0)
            gateway.drain()
            await asyncio.sleep(0.5)
            assert page.up
            assert gateway.process.poll() is None
            gateway.drain()
            took_s = await soon(page.over.is_set, 4.0, "the end of the call")
            print(f"ended {took_s:.2f} s after the second SIGTERM")
            assert page.messages[-1][1]["reason"] == "shutdown"

    with GatewayProcess(tmp_path / "gateway", sip={"listen": []}, webrtc=webrtc) as gateway:
        asyncio.run(visit(gateway))
        gateway.wait_stopped(5.0)
        call = gateway.ended("1")
        assert call.reason == "shutdown"
        assert call.recording is not None
        assert len(soundfile.read(call.recording)[0]) > SAMPLE_RATE_HZ
