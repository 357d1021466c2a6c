"""A person with a real browser, Chromium, at `voice-gateway serve` with the real hotline and the real recogniser."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import sync_playwright

from asr.engine import Engine
from asr.registry import load_engine
from asr.text import normalize_for_scoring
from gateway.store import CallRecord
from tests.support.calls import EVERYDAY, SAMPLES
from tests.support.chromium import PHONE, Caller, Chromium, microphone
from tests.support.gateway_process import GatewayProcess
from tests.support.listening import tells_the_balance, words_of
from tests.support.netns import Loopback

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]

SAYS = [4.0, SAMPLES / "balance_1.wav"]
"""查话费, over the menu."""
NARROW = {"width": 360, "height": 740}
_TOO_WIDE = "document.documentElement.scrollWidth > window.innerWidth"
_TAP = """
(() => {
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real { constructor(...given) { super(...given); window.__peer = this; } };
})();
"""


@dataclass
class Scene:
    """The gateway and its callers."""

    gateway: GatewayProcess
    quiet: Chromium
    """A browser whose microphone hears nothing."""
    balance: Caller
    """Who has asked for the balance by voice, once that call is over."""
    sockets_before: int

    @property
    def url(self) -> str:
        return f"http://{self.gateway.addresses[0]}?processing=off"

    def call(self, number: str, **view: object) -> Caller:
        """A page that says it calls from `number`, by which its record is found."""
        return self.quiet.open(f"{self.url}&from={number}", **view)

    def record(self, number: str, within_s: float = 10.0) -> CallRecord:
        """Of the call from `number`, once it has ended."""
        deadline = time.monotonic() + within_s
        while True:
            found = [call for call in self.gateway.calls() if call.caller_number == number and call.ended_at]
            if found:
                return found[0]
            assert time.monotonic() < deadline, f"the call from {number} has no end:\n{self.gateway.log[-3000:]}"
            time.sleep(0.1)


def udp_sockets(gateway: GatewayProcess) -> int:
    """How many the gateway has open: one for each browser call."""
    own: set[str] = set()
    for descriptor in Path(f"/proc/{gateway.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            own.add(descriptor.readlink().name.removeprefix("socket:[").rstrip("]"))
    table = Path(f"/proc/{gateway.process.pid}/net/udp").read_text().splitlines()[1:]
    return sum(line.split()[9] in own for line in table)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("chromium")
    speaking = microphone(folder / "speaking.wav", SAYS)
    silent = microphone(folder / "silent.wav", [])
    webrtc = {"listen": ["http://127.0.0.1:0"], "claimed_numbers": True, "queues": {"*": "tel:10086"}}
    with (
        Loopback() as net,
        GatewayProcess(folder / "gateway", sip={"listen": []}, webrtc=webrtc, prefix=net.prefix) as gateway,
        sync_playwright() as driver,
        Chromium(driver, folder / "speaking", net.prefix, speaking) as talker,
        Chromium(driver, folder / "quiet", net.prefix, silent) as quiet,
    ):
        before = udp_sockets(gateway)
        balance = talker.open(f"http://{gateway.addresses[0]}?processing=off&from={EVERYDAY}")
        balance.dial()
        balance.record()
        balance.wait_words("还需要办别的", within_s=30)
        balance.page.wait_for_timeout(2000)
        balance.page.click('#pad button[data-key="8"]')
        balance.wait_state("ended", within_s=20)
        yield Scene(gateway, quiet, balance, before)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    loaded = load_engine("whisper")
    yield loaded
    loaded.close()


def test_the_balance_is_asked_for_and_told_by_voice(scene: Scene) -> None:
    caller = scene.balance
    record = scene.record(EVERYDAY)
    assert (record.disposition, record.transport, record.trunk) == ("completed", "webrtc", "browser")
    assert record.options == ("balance", "nothing")
    assert "tell_balance" in record.path
    assert [turn.matched for turn in record.turns] == ["balance", "nothing"]
    said = caller.words
    for text in ("欢迎致电", "查话费", "您的话费余额为三十五元六角", "您按了 8"):
        assert text in said
    assert caller.complaints == []


def test_the_line_was_clean(scene: Scene) -> None:
    line = scene.record(EVERYDAY).line
    assert line is not None
    assert (line["codec"], line["srtp"], line["lost"], line["not_authentic"]) == ("opus", "DTLS-SRTP", 0, 0)
    assert line["packets_received"] > 500
    assert line["packets_sent"] > 500
    assert line["rtcp_received"] > 0
    assert line["remote_lost"] == 0


def test_what_the_browser_played_can_be_understood(scene: Scene, engine: Engine) -> None:
    heard = scene.balance.heard()
    assert np.sqrt(np.mean(heard.astype(float) ** 2)) > 300
    assert tells_the_balance(words_of(engine, heard))


def test_both_sides_of_the_recording_can_be_understood(scene: Scene, engine: Engine) -> None:
    record = scene.record(EVERYDAY)
    assert record.recording is not None
    stereo, rate_hz = soundfile.read(record.recording, dtype="int16")
    assert (rate_hz, stereo.shape[1]) == (16_000, 2)
    assert tells_the_balance(words_of(engine, stereo[:, 1]))
    turn = record.turns[0]
    asked = words_of(engine, stereo[:, 0], turn.start_ms, turn.end_ms, ["查话费", "查流量"])
    assert normalize_for_scoring("查话费") in asked.split()


def test_the_page_is_chinese_has_one_pad_and_one_button_and_says_what_to_do(scene: Scene) -> None:
    page = scene.call("13800000000")
    page.wait_state("idle")
    assert page.page.title() == "移动客服热线"
    assert page.page.get_attribute("html", "lang") == "zh-CN"
    assert [key.get_attribute("data-key") for key in page.page.query_selector_all("#pad button")] == list(
        "123456789*0#"
    )
    assert page.page.inner_text("#call") == "拨打"
    assert "拨打" in page.line
    page.close()


@pytest.mark.parametrize("view", [PHONE, NARROW], ids=["phone", "narrow"])
def test_on_a_phone_it_is_one_column_without_sideways_scrolling(scene: Scene, view: dict[str, int]) -> None:
    page = scene.call("13800000000", viewport=view)
    page.wait_state("idle")
    assert not page.page.evaluate(_TOO_WIDE)
    button, pad = page.page.locator("#call").bounding_box(), page.page.locator("#pad").bounding_box()
    assert button is not None
    assert pad is not None
    assert button["height"] >= 56
    assert button["y"] + button["height"] <= view["height"], "the button is on the first screen"
    assert page.page.locator("#pad button").first.bounding_box()["height"] >= 56
    page.page.click("#bigger")
    assert not page.page.evaluate(_TOO_WIDE)
    page.close()


def test_keys_by_click_and_by_keyboard_work_and_the_gateway_hangs_up_when_the_flow_ends(scene: Scene) -> None:
    caller = scene.call("13900001003")
    caller.dial()
    caller.wait_words("欢迎致电")
    caller.page.click('#pad button[data-key="1"]')
    caller.wait_words("您按了 1")
    caller.wait_words("话费余额")
    caller.wait_words("还需要办别的")
    caller.page.keyboard.press("8")
    caller.wait_words("您按了 8")
    assert caller.wait_state("ended", "broken", "failed", within_s=20) == "ended"
    assert "通话已结束" in caller.line
    record = scene.record("13900001003")
    assert (record.disposition, record.options) == ("completed", ("balance", "nothing"))
    assert [turn.keys for turn in record.turns] == ["1", "8"]
    assert caller.complaints == []
    caller.close()


def test_keys_as_the_browsers_own_telephone_events_work_too(scene: Scene) -> None:
    caller = scene.call("13900001004", init=_TAP)
    caller.dial()
    caller.wait_words("欢迎致电")
    assert caller.page.evaluate("() => window.__peer.getSenders()[0].dtmf.canInsertDTMF")
    caller.page.evaluate("() => window.__peer.getSenders()[0].dtmf.insertDTMF('2', 120)")
    caller.wait_words("您按了 2")
    caller.wait_words("流量")
    caller.page.click("#call")
    caller.wait_state("ended")
    record = scene.record("13900001004")
    assert [turn.keys for turn in record.turns] == ["2"]
    caller.close()


def test_who_wants_a_human_gets_a_link_and_is_transferred_by_following_it(scene: Scene) -> None:
    caller = scene.call("13900001005")
    caller.dial()
    caller.wait_words("欢迎致电")
    caller.page.keyboard.press("0")
    caller.page.wait_for_selector("#human:not([hidden])", timeout=20_000)
    assert caller.page.get_attribute("#human", "href") == "tel:10086"
    caller.page.click("#human")
    caller.wait_state("ended", within_s=15)
    record = scene.record("13900001005")
    assert (record.disposition, record.reason) == ("transferred", "queue:general")
    assert record.transfer is not None
    caller.close()


def test_a_window_that_is_closed_hangs_up_at_once(scene: Scene) -> None:
    caller = scene.call("13900001006")
    caller.dial()
    caller.wait_words("欢迎致电")
    caller.page.close(run_before_unload=False)
    caller.close()
    assert scene.record("13900001006", within_s=3).reason == "caller_hung_up"


def test_it_can_be_used_by_keyboard_alone_and_by_its_roles(scene: Scene) -> None:
    caller = scene.call("13900001007")
    caller.wait_state("idle")
    page = caller.page
    assert page.get_by_role("button", name="拨打").count() == 1
    assert page.get_by_role("group", name="数字键盘").count() == 1
    assert page.get_by_role("log", name="对话文字").count() == 1
    page.wait_for_selector("#call:not([aria-disabled])")
    page.get_by_role("button", name="拨打").focus()
    page.keyboard.press("Enter")
    caller.wait_state("talking", within_s=15)
    page.keyboard.press("Escape")
    page.wait_for_timeout(1000)
    assert caller.state == "talking", "Escape hangs up nobody"
    page.keyboard.press("Enter")
    caller.wait_state("ended")
    assert scene.record("13900001007").reason == "caller_hung_up"
    caller.close()


def test_afterwards_nothing_is_left_of_the_calls(scene: Scene) -> None:
    deadline = time.monotonic() + 10
    while udp_sockets(scene.gateway) != scene.sockets_before:
        assert time.monotonic() < deadline, f"{udp_sockets(scene.gateway)} sockets are open"
        time.sleep(0.1)
    assert "Traceback" not in scene.gateway.log
