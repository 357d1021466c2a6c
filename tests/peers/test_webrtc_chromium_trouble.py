"""What goes wrong for a person with a real browser, and what the page says of it: each has words and a way on."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from gateway.store import CallRecord
from tests.support.calls import EVERYDAY
from tests.support.chromium import Caller, Chromium, microphone
from tests.support.gateway_process import GatewayProcess
from tests.support.netns import Loopback

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]

TOKEN = "correct-horse-battery"  # noqa: S105 - of this test alone
NO_MICROPHONE = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotReadableError"); };
"""
NO_WEBRTC = "delete window.RTCPeerConnection;"
NO_MEDIA = "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"


@dataclass
class Place:
    """A network with a gateway that asks for a token and takes one call, and a browser."""

    net: Loopback
    gateway: GatewayProcess
    quiet: Chromium
    driver: Playwright
    folder: Path

    @property
    def url(self) -> str:
        return f"http://{self.gateway.addresses[0]}"

    def open(self, query: str = "", init: str = "") -> Caller:
        """A page whose address has the token, ready to call."""
        caller = self.quiet.open(f"{self.url}?processing=off{query}#token={TOKEN}", init=init)
        caller.wait_state("idle", "failed")
        return caller

    def line(self, state: str) -> None:
        """Pull the network cable, `down`, or put it back, `up`."""
        ip: Sequence[str] = ("env", "PATH=/usr/sbin:/sbin:/usr/bin:/bin", "ip", "link", "set", "lo", state)
        subprocess.run([*self.net.prefix, *ip], check=True)

    def calls(self, number: str) -> list[CallRecord]:
        """From that number, newest first."""
        return [call for call in self.gateway.calls() if call.caller_number == number]

    def wait_nobody(self) -> None:
        """Until no call is left, so that the next test finds the line free."""
        deadline = time.monotonic() + 10
        while any(call.ended_at is None for call in self.gateway.calls()):
            assert time.monotonic() < deadline, self.gateway.log[-2000:]
            time.sleep(0.1)
        time.sleep(0.5)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("trouble")
    silent = microphone(folder / "silent.wav", [])
    webrtc = {
        "listen": ["http://127.0.0.1:0"],
        "claimed_numbers": True,
        "access_token": TOKEN,
        "max_calls": 1,
        "calls_per_minute": 1000,
        "connect_timeout_s": 5,
    }
    with (
        Loopback() as net,
        GatewayProcess(folder / "gateway", sip={"listen": []}, webrtc=webrtc, prefix=net.prefix) as gateway,
        sync_playwright() as driver,
        Chromium(driver, folder / "quiet", net.prefix, silent) as quiet,
    ):
        yield Place(net, gateway, quiet, driver, folder)


@pytest.fixture(autouse=True)
def _line_free(place: Place) -> Iterator[None]:
    yield
    place.line("up")
    place.wait_nobody()


def test_a_wrong_token_is_asked_for_again_and_the_right_one_calls(place: Place) -> None:
    caller = place.quiet.open(f"{place.url}?processing=off")
    caller.page.fill("#token", "not-the-right-one")
    caller.page.click("#call")
    caller.wait_state("failed")
    assert (caller.reason, "口令" in caller.line) == ("token", True)
    caller.page.fill("#token", TOKEN)
    caller.page.wait_for_selector("#call:not([aria-disabled])")
    caller.dial()
    caller.close()


def test_the_token_leaves_the_address_bar(place: Place) -> None:
    caller = place.open()
    assert TOKEN not in caller.page.url
    caller.dial()
    caller.close()


def test_a_line_that_is_taken_is_busy_and_free_afterwards(place: Place) -> None:
    first, second = place.open(), place.open()
    first.dial()
    second.page.click("#call")
    second.wait_state("failed")
    assert (second.reason, "线路正忙" in second.line) == ("busy", True)
    first.page.wait_for_selector("#call:not([aria-disabled])")
    first.page.click("#call")
    first.wait_state("ended")
    place.wait_nobody()
    second.dial()
    second.close()
    first.close()


@pytest.mark.parametrize(
    ("init", "reason", "words"),
    [
        (NO_MICROPHONE, "microphone_busy", "被别的程序占用"),
        (NO_WEBRTC, "no_webrtc", "这个浏览器不能打电话"),
        (NO_MEDIA, "insecure", "https://"),
    ],
    ids=["busy device", "old browser", "no secure context"],
)
def test_what_the_browser_cannot_do_is_said_with_what_to_do(place: Place, init: str, reason: str, words: str) -> None:
    caller = place.open(init=init)
    if caller.state == "idle":
        caller.page.click("#call")
    caller.wait_state("failed")
    assert caller.reason == reason
    assert words in caller.line
    caller.close()


@pytest.mark.parametrize(
    ("denied", "reason", "words"),
    [(False, "microphone_missing", "没有找到麦克风"), (True, "microphone_refused", "麦克风没有被允许")],
    ids=["none", "refused"],
)
def test_without_a_microphone_the_page_says_so(place: Place, denied: bool, reason: str, words: str) -> None:
    microphone = place.folder / "silent.wav" if denied else None
    with Chromium(place.driver, place.folder / reason, place.net.prefix, microphone, denied=denied) as browser:
        caller = browser.open(f"{place.url}#token={TOKEN}")
        caller.wait_state("idle")
        caller.page.click("#call")
        caller.wait_state("failed")
        assert caller.reason == reason
        assert words in caller.line
        caller.close()


def test_an_outage_of_two_seconds_is_survived(place: Place) -> None:
    caller = place.open(f"&from={EVERYDAY}")
    caller.dial()
    caller.wait_words("欢迎致电")
    place.line("down")
    time.sleep(2.0)
    place.line("up")
    caller.wait_words("请直接说您要办的事", within_s=20)
    assert caller.state == "talking"
    caller.page.keyboard.press("1")
    caller.wait_words("您按了 1")
    caller.wait_words("话费余额")
    caller.page.click("#call")
    caller.wait_state("ended")
    place.wait_nobody()
    record = place.calls(EVERYDAY)[0]
    assert record.line is not None
    assert 75 <= record.line["lost"] <= 150, "the packets of about 2 s"
    assert [turn.keys for turn in record.turns] == ["1"]
    caller.close()


def test_a_broken_line_is_told_and_the_caller_goes_on_where_they_were(place: Place) -> None:
    number = "13900001003"
    caller = place.open(f"&from={number}")
    caller.dial()
    caller.wait_words("欢迎致电")
    caller.page.keyboard.press("1")
    caller.wait_words("还需要办别的", within_s=30)
    place.line("down")
    broke_s = time.monotonic()
    caller.wait_state("broken", within_s=6)
    noticed_s = time.monotonic() - broke_s
    assert noticed_s < 4.5, "3 s, and what a busy machine takes"
    assert "连接断开了" in caller.line
    place.wait_nobody()
    (lost,) = place.calls(number)
    assert (lost.disposition, lost.reason) == ("completed", "connection_lost"), "they had heard what they wanted"
    place.line("up")
    caller.page.wait_for_selector("#resume:not([hidden]):not([aria-disabled])")
    caller.page.click("#resume")
    caller.wait_state("talking", within_s=15)
    caller.wait_words("刚才的电话断了，我们接着办")
    assert caller.words.count("欢迎致电") == 1, "nobody is greeted twice"
    caller.wait_words("还需要办别的")
    caller.page.wait_for_timeout(500)
    caller.page.keyboard.press("8")
    caller.wait_state("ended", within_s=20)
    place.wait_nobody()
    resumed = place.calls(number)[0]
    assert (resumed.disposition, resumed.options) == ("completed", ("nothing",))
    assert "欢迎致电" in caller.words, "what was said before the break can still be read"
    caller.close()


def test_who_would_rather_begin_anew_does(place: Place) -> None:
    caller = place.open("&from=13900001004")
    caller.dial()
    caller.wait_words("欢迎致电")
    place.line("down")
    caller.wait_state("broken", within_s=6)
    place.wait_nobody()
    place.line("up")
    caller.page.wait_for_selector("#call:not([aria-disabled])")
    caller.dial()
    caller.wait_words("欢迎致电")
    assert "我们接着办" not in caller.words
    caller.close()


def test_a_browser_that_is_killed_is_noticed_within_three_seconds(place: Place) -> None:
    number = "13900001005"
    launcher = place.folder / "killed"
    with Chromium(place.driver, launcher, place.net.prefix, place.folder / "silent.wav") as browser:
        caller = browser.open(f"{place.url}?processing=off&from={number}#token={TOKEN}")
        caller.wait_state("idle")
        caller.dial()
        caller.wait_words("欢迎致电")
        browser.kill()
        killed_s = time.monotonic()
        place.wait_nobody()
        assert time.monotonic() - killed_s < 5.0, "3 s, and what a busy machine takes"
    assert place.calls(number)[0].reason == "connection_lost"


def test_a_gateway_that_has_gone_is_told_too(place: Place) -> None:
    caller = place.open()
    place.line("down")
    caller.page.click("#call")
    caller.wait_state("failed", within_s=20)
    assert caller.reason in ("unreachable", "slow")
    assert "网络" in caller.line
    caller.close()


def test_a_service_that_stops_says_goodbye_on_the_page(place: Place) -> None:
    caller = place.open("&from=13900001006")
    caller.dial()
    caller.wait_words("欢迎致电")
    place.gateway.drain()
    time.sleep(0.5)
    place.gateway.drain()
    caller.wait_state("ended", within_s=10)
    assert "维护" in caller.line
    place.gateway.wait_stopped()
    assert place.calls("13900001006")[0].reason == "shutdown"
    caller.close()
