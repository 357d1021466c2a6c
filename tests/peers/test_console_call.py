"""The page of one call in a real browser: heard, read, judged; numbers hidden, bad texts harmless, calls going on."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from gateway.analytics.copies import redacted_copy
from gateway.cli.demo import CALLS
from gateway.events import CallEnded, Event, FlagRaised, PromptEnded, PromptStarted
from gateway.findings import Flag
from gateway.store import Store, queries
from gateway.store.record import record_next
from tests.support.console import PHONE, ConsoleProcess, Desk
from tests.support.demo import Demo
from tests.support.flagged_calls import LENGTH_MS, NUMBER, FlaggedCall, add_call, record

pytestmark = pytest.mark.peers

BAD = '<script>window.broken=1</script><img src=x onerror="window.broken=1">{{ window.broken=1 }}'


@dataclass(frozen=True)
class Desks:
    """The console over a store with the demo's angry call and some others."""

    console: ConsoleProcess
    angry: str

    def add(self, call: FlaggedCall) -> FlaggedCall:
        with Store.open_beside(self.console.store) as store:
            return add_call(store, call)

    def tell(self, *events: Event) -> None:
        """Something happens in a call that is going on."""
        with Store.open_beside(self.console.store) as store, store.writing() as session:
            for event in events:
                record_next(session, event)


@pytest.fixture(scope="module")
def console(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    folder = tmp_path_factory.mktemp("console")
    with ConsoleProcess(folder, demo.copied(folder / "store")) as running:
        yield running


@pytest.fixture(scope="module")
def desks(console: ConsoleProcess) -> Desks:
    with Store.open_for_reading(console.store) as store:
        [call] = [call for call in queries.list_calls(store) if call.caller_number == CALLS[2].caller]
    return Desks(console, call.id)


def position(page: Page) -> float:
    """Of the sound, in seconds."""
    return float(page.evaluate("() => document.querySelector('audio').currentTime"))


def wait_until_after(page: Page, moment_s: float) -> None:
    """Until the sound is beyond it."""
    page.wait_for_function("(moment) => document.querySelector('audio').currentTime > moment", arg=moment_s)


def seconds(sentence: Locator) -> float:
    """When a sentence begins, as it says itself."""
    minutes, rest = sentence.locator(".vc-turn-time").inner_text().split(":")
    return 60.0 * int(minutes) + int(rest)


def test_the_angry_call_is_heard_followed_and_confirmed(desks: Desks, desk: Callable[..., Desk]) -> None:
    window = desk("qa")
    page = window.open(f"/calls/{desks.angry}")
    expect(page.get_by_role("heading", level=1)).to_have_text("来电 139****1004")
    expect(page.locator("mark", has_text="12315")).to_have_class(re.compile("vc-chosen"))

    page.keyboard.press("2")
    page.keyboard.press("1")
    page.keyboard.press(" ")
    expect(page.locator(".vc-turn.vc-now .vc-said")).to_contain_text("12315")
    wait_until_after(page, 5.0)
    sentence = page.locator(".vc-turn", has_text="您的投诉已经受理")
    sentence.get_by_role("button").click()
    wait_until_after(page, seconds(sentence) + 0.3)
    expect(page.locator(".vc-turn.vc-now .vc-said")).to_contain_text("您的投诉已经受理")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press(" ")
    expect(page.get_by_role("button", name="播放", exact=True)).to_be_visible()

    page.get_by_label("说明").first.fill("确实提到了 12315，cd12 不是快捷键")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("c")
    expect(page.locator(".vc-flag.vc-chosen .vc-flag-state")).to_have_text("属实")
    expect(page.locator(".vc-history").last).to_contain_text("qa")

    [review] = desks.console.audit(action="review", call_id=desks.angry)
    assert (review.account, review.detail["flag"], review.detail["verdict"]) == ("qa", "regulator", "confirmed")
    assert review.detail["comment"].endswith("不是快捷键")
    assert [told.detail for told in desks.console.audit(action="listen", account="qa")] == [{"original": False}]
    audit = desk("manager").open(f"/audit?call={desks.angry}")
    expect(audit.locator("tr", has_text="复核").first).to_contain_text("属实")


def test_keys_move_the_sound_but_not_while_somebody_types(desks: Desks, desk: Callable[..., Desk]) -> None:
    page = desk("qa").open(f"/calls/{desks.angry}")
    page.wait_for_function("() => document.querySelector('.vc-wave canvas').width > 300")
    now = page.locator(".vc-time span")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    expect(now).to_have_text("00:05")
    before = page.locator(".vc-turn").evaluate_all("all => all.findIndex(one => one.classList.contains('vc-now'))")
    page.keyboard.press("ArrowDown")
    following = page.locator(".vc-turn").nth(before + 1)
    expect(following).to_have_class(re.compile("vc-now"))
    there = now.inner_text()
    assert there == following.locator(".vc-turn-time").inner_text()

    page.get_by_label("说明").first.click()
    page.keyboard.type("1 2d")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_label("说明").first).to_have_value("1 2d")
    expect(now).to_have_text(there)
    assert position(page) == 0
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("播放或暂停")


def test_who_may_not_see_numbers_neither_sees_nor_hears_them(desks: Desks, desk: Callable[..., Desk]) -> None:
    page = desk("qa").open(f"/calls/{desks.angry}")
    expect(page.locator(".vc-turn", has_text="[电话号码]").first).to_be_visible()
    assert NUMBER not in page.content()
    assert page.get_by_label("显示完整号码").count() == 0
    with desks.console.client("qa") as client:
        assert NUMBER not in client.get(f"/api/calls/{desks.angry}").text
        heard = client.get(f"/api/calls/{desks.angry}/audio")
        assert client.get(f"/api/calls/{desks.angry}/audio?original=1").status_code == 403
    with Store.open_for_reading(desks.console.store) as store:
        copy = redacted_copy(store, desks.angry).read_bytes()
        call = queries.get_call(store, desks.angry)
    assert call is not None
    assert heard.content == copy
    assert heard.content != Path(call.recording or "").read_bytes()


def test_who_may_unmask_sees_and_hears_numbers_on_record(desks: Desks, desk: Callable[..., Desk]) -> None:
    page = desk("admin").open(f"/calls/{desks.angry}")
    expect(page.locator(".vc-turn", has_text="[电话号码]").first).to_be_visible()
    assert NUMBER not in page.content()

    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"来电 {NUMBER}")
    expect(page.locator(".vc-turn", has_text=NUMBER).first).to_be_visible()
    with page.expect_request(lambda request: "audio" in request.url and "original=1" in request.url):
        page.keyboard.press(" ")
    page.wait_for_function("() => document.querySelector('audio').currentTime > 0.1")
    assert len(desks.console.audit(action="unmask", call_id=desks.angry)) == 1
    assert desks.console.audit(action="listen", account="admin")[0].detail == {"original": True}

    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text("来电 139****1004")
    expect(page.locator(".vc-turn", has_text=NUMBER)).to_have_count(0)


def test_the_second_of_two_reviewers_is_told_of_the_first(desks: Desks, desk: Callable[..., Desk]) -> None:
    desks.add(FlaggedCall(id="disputed"))
    first, second = (desk(role).open("/calls/disputed") for role in ("qa", "admin"))
    first.get_by_label("说明").fill("确实要去投诉")
    first.get_by_role("button", name="确认").click()
    expect(first.locator(".vc-flag-state")).to_have_text("属实")

    second.get_by_label("说明").fill("只是气话")
    second.get_by_role("button", name="驳回").click()
    told = second.locator(".q-notification")
    expect(told).to_contain_text("已经有人先复核了：qa")
    expect(told).to_contain_text("确实要去投诉")
    expect(second.get_by_label("说明")).to_have_value("只是气话")
    expect(second.locator(".vc-flag-state")).to_have_text("属实")

    second.get_by_role("button", name="驳回").click()
    expect(second.locator(".vc-flag-state")).to_have_text("不属实")
    verdicts = [told.detail["verdict"] for told in desks.console.audit(action="review", call_id="disputed")]
    assert verdicts == ["dismissed", "confirmed"]


def test_the_agents_side_appeals_and_the_manager_decides(desks: Desks, desk: Callable[..., Desk]) -> None:
    desks.add(FlaggedCall(id="appealed", queue="general"))
    agent = desk("agent").open("/calls/appealed")
    assert agent.get_by_role("button", name="确认").count() == 0
    agent.get_by_role("button", name="申诉").first.click()
    agent.get_by_label("理由").fill(f"误报 {BAD}")
    agent.get_by_role("button", name="提交").click()
    expect(agent.locator(".vc-appeal")).to_contain_text("等待裁定")

    manager = desk("manager").open("/calls/appealed")
    expect(manager.locator(".vc-appeal")).to_contain_text(BAD)
    manager.get_by_label("裁定说明").fill("同意")
    manager.get_by_role("button", name="申诉成立").click()
    expect(manager.locator(".vc-appeal")).to_contain_text("申诉成立（manager）：同意")
    assert [told.account for told in desks.console.audit(action="decide")] == ["manager"]
    assert not manager.evaluate("() => window.broken")


def test_scripts_in_texts_numbers_and_names_show_as_text(desks: Desks, desk: Callable[..., Desk]) -> None:
    bad = FlaggedCall(
        id='"><b onclick=x>', words=f"我要投诉{BAD}", threat="投诉", title=BAD, number=BAD, node=f'a["]-->b{BAD}',
        greeting=BAD, flag="odd", queue=BAD,
    )  # fmt: skip
    desks.add(bad)
    page = desk("admin").open("/calls/%22%3E%3Cb%20onclick=x%3E")
    expect(page.locator(".vc-turn[data-who=customer] .vc-said")).to_have_text(bad.words)
    expect(page.locator(".vc-flag-title")).to_have_text(BAD)
    expect(page.locator(".vc-path")).to_contain_text(bad.node)
    page.keyboard.press("u")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"来电 {BAD}")
    page.get_by_label("说明").fill(BAD)
    page.get_by_role("button", name="确认").click()
    expect(page.locator(".vc-history").last).to_contain_text(BAD)
    assert not page.evaluate("() => window.broken || document.querySelector('main img, main script')")


def test_a_call_that_is_going_on_grows_and_its_flag_lights_up(desks: Desks, desk: Callable[..., Desk]) -> None:
    call = desks.add(FlaggedCall(id="live", ended=False, flag="first", title="第一个"))
    page = desk("qa").open("/calls/live")
    expect(page.get_by_text("通话中")).to_be_visible()
    expect(page.get_by_role("button", name="播放", exact=True)).to_be_disabled()
    page.get_by_label("说明").first.fill("正在写")

    here = {"call_id": "live", "at_ms": 9000.0}
    raised = Flag(flag="churn", title="要销户", severity="critical", at_ms=9000.0, evidence=())
    desks.tell(
        PromptStarted(**here, node="main", text="请您稍等一下"),
        PromptEnded(**here | {"at_ms": 9500.0}, node="main", played_ms=500.0),
        FlagRaised(**here, flag=raised),
    )
    expect(page.locator(".vc-turn").last).to_contain_text("请您稍等一下")
    expect(page.locator(".vc-flag-title")).to_have_text(["要销户", "第一个"])
    expect(page.get_by_label("说明").last).to_have_value("正在写")

    ended = CallEnded(
        **here, disposition="completed", reason="x", duration_ms=9000.0, path=[], options=[], slots={}, turns=[],
        mode="standard", transfer=None, recording=str(desks.console.store / "recordings" / f"{call.id}.wav"),
    )  # fmt: skip
    desks.tell(ended)
    expect(page.get_by_role("button", name="播放", exact=True)).to_be_enabled()


def test_a_recording_that_is_gone_is_told_and_the_words_stay(desks: Desks, desk: Callable[..., Desk]) -> None:
    desks.add(FlaggedCall(id="gone"))
    page = desk("qa", expected="404").open("/calls/gone")
    expect(page.locator(".vc-player-told")).to_be_empty()
    for file in (desks.console.store / "recordings").glob("gone*.wav"):
        file.unlink()
    page.get_by_role("button", name="播放", exact=True).click()
    expect(page.locator(".vc-player-told")).to_contain_text("保留期限")
    expect(page.locator(".vc-turn")).to_have_count(2)
    again = page.goto("/calls/gone")
    assert again is not None
    expect(page.locator(".vc-player-told")).to_contain_text("保留期限")


def test_a_message_that_was_left_is_heard_by_itself_and_on_record(desks: Desks, desk: Callable[..., Desk]) -> None:
    file = record(desks.console.store / "recordings", "left-message-1.wav")
    left = {"node": "leave_message", "path": str(file), "start_ms": 0.0, "end_ms": LENGTH_MS}
    desks.add(FlaggedCall(id="left", messages=(left, {**left, "path": None})))
    window = desk("admin", expected="404")
    page = window.open("/calls/left")
    players = page.locator(".vc-message")
    expect(players.last).to_contain_text("已按保留期限删除")
    expect(page.get_by_role("button", name="播放留言 2")).to_be_disabled()
    expect(players.first.locator(".vc-time")).to_have_text("00:00 / 00:08")
    assert window.violations() == []

    page.get_by_role("button", name="播放", exact=True).click()
    wait_until_after(page, 0.1)
    page.get_by_role("button", name="播放留言 1").click()
    expect(players.first.locator(".vc-time")).to_have_text("00:01 / 00:08")
    expect(page.get_by_role("button", name="播放", exact=True)).to_be_visible()
    page.get_by_role("switch", name="显示完整号码").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"来电 {NUMBER}")
    page.get_by_role("button", name="播放留言 1").click()
    expect(page.get_by_role("button", name="暂停留言 1")).to_be_visible()
    heard = [told.detail for told in desks.console.audit(action="listen", call_id="left")]
    message = {"original": False, "message": "0"}
    assert heard == [{**message, "original": True}, message, {"original": False}]

    page.reload()
    file.unlink()
    file.with_name("left-message-1-redacted.wav").unlink()
    page.get_by_role("button", name="播放留言 1").click()
    expect(players.first).to_contain_text("保留期限")


def test_the_next_flagged_call_comes_with_one_key(desks: Desks, desk: Callable[..., Desk]) -> None:
    desks.add(FlaggedCall(id="gravest", severity="critical", flag="danger", at="2026-11-30T10:00:00+08:00"))
    page = desk("qa", viewport=PHONE, expected="404").open(f"/calls/{desks.angry}")
    expect(page.locator(".vc-turn").first).to_be_visible()
    deadline = time.monotonic() + 60
    while "/calls/gravest" not in page.url:
        assert time.monotonic() < deadline
        before = page.url
        page.keyboard.press("n")
        page.wait_for_url(lambda url, before=before: url != before)
        page.wait_for_function("() => window.socket?.connected && window.did_handshake")
    expect(page.locator(".vc-flag-title")).to_have_text("提到监管部门、媒体或法律途径")


def test_a_call_out_of_sight_does_not_exist(desks: Desks, desk: Callable[..., Desk]) -> None:
    page = desk("agent", expected="404").page
    answer = page.goto(f"/calls/{desks.angry}")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_have_text("没有这通电话")


@pytest.mark.parametrize("dark", [False, True])
def test_the_page_is_for_everybody(desks: Desks, desk: Callable[..., Desk], dark: bool) -> None:
    window = desk("admin", dark=dark, **({"viewport": PHONE} if dark else {}))
    page = window.open(f"/calls/{desks.angry}")
    expect(page.locator(".vc-turn").first).to_be_visible()
    assert window.violations() == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
