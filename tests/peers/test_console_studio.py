"""The flow studio before a real browser: what is broken isn't saved, what is mended is; calls and phrases are tried."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gateway.store import Store
from gateway.store import accounts as kept
from tests.support.clean_flow import CLEAN, write_clean
from tests.support.console import PASSWORD, PHONE, ConsoleProcess, Desk
from tests.support.stored import StoredCall, store_calls

pytestmark = pytest.mark.peers

SMALL = CLEAN.replace("flow: clean", "flow: small")
DIALOGUES = """\
dialogues:
  asks for a human:
    steps: [{keys: "0", hears: [您找错了]}]
    ends: {queue: general}
"""


@pytest.fixture(scope="module")
def flows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flows")


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory, flows: Path) -> Iterator[ConsoleProcess]:
    folder = tmp_path_factory.mktemp("console")
    now = dt.datetime.now(dt.UTC).isoformat()
    said = ("用了多少钱", "账单")
    calls = [
        StoredCall(f"c{n}", at=now).enters("main").says(said[0]).says(said[1], matched="bill").ends() for n in (1, 2)
    ]
    store_calls(folder / "store", calls)
    # What isn't recorded could be made: the flows of these tests have no recordings
    with ConsoleProcess(folder, folder / "store", flows_dir=str(flows), synthesiser="true {out}") as running:
        yield running


@pytest.fixture(autouse=True)
def _small_flow(flows: Path) -> None:
    shutil.rmtree(flows / "small", ignore_errors=True)
    file = write_clean(flows / "small", SMALL)
    (file.parent / "dialogues").mkdir(exist_ok=True)
    (file.parent / "dialogues" / "a.yaml").write_text(DIALOGUES)


def replace(page: Page, old: str, new: str) -> None:
    """Select some words of the editor, and type others over them."""
    found = page.evaluate(
        """(words) => {
          const content = document.querySelector('.vg-code .cm-content');
          const walker = document.createTreeWalker(content, NodeFilter.SHOW_TEXT);
          for (let node; (node = walker.nextNode()); ) {
            const at = node.data.indexOf(words);
            if (at < 0) continue;
            content.focus();
            getSelection().setBaseAndExtent(node, at, node, at + words.length);
            return true;
          }
          return false;
        }""",
        old,
    )
    assert found, f"{old} isn't to be seen in the editor"
    page.keyboard.insert_text(new)


def test_a_broken_flow_cannot_be_saved_and_a_mended_one_can(
    console: ConsoleProcess, desk: Callable[..., Desk], flows: Path
) -> None:
    window = desk("designer")
    page = window.open("/studio")
    expect(page.get_by_role("table")).to_contain_text("没有问题")
    page.get_by_role("link", name="干净的热线").click()
    save = page.get_by_role("button", name="保存", exact=True)
    expect(page.get_by_text("没有问题，可以保存。")).to_be_visible()
    assert window.violations() == []
    expect(save).to_be_disabled()
    replace(page, "profile", "nowhere")
    finding = page.get_by_role("button").filter(has_text="flow.yaml:4")
    expect(finding).to_contain_text("nowhere")
    expect(page.locator(".vg-line-error")).to_have_text("entry: nowhere")
    save.click()
    expect(page.get_by_text("没有保存：有 1 个错误")).to_be_visible()
    file = flows / "small" / "flow.yaml"
    assert file.read_text() == SMALL
    replace(page, "nowhere", "profile")
    replace(page, "干净的热线", "更好的热线")
    expect(page.get_by_text("没有问题，可以保存。")).to_be_visible()
    save.click()
    expect(page.get_by_text("已保存")).to_be_visible()
    assert file.read_text() == SMALL.replace("干净的热线", "更好的热线")
    expect(save).to_be_disabled()
    told = console.audit(action="flow_saved")[0]
    assert (told.account, told.detail) == ("designer", {"flow": "small/flow.yaml"})
    page.get_by_role("tab", name="历史版本").click()
    page.get_by_role("button", name="列出这个文件的历史版本").click()
    page.get_by_role("button", name="放进编辑器").click()
    expect(page.locator(".cm-content")).to_contain_text("干净的热线")
    expect(save).to_be_enabled()
    file.write_text(SMALL.replace("干净的热线", "别人的热线"))
    save.click()
    conflict = page.get_by_role("dialog")
    expect(conflict).to_contain_text("-title: 别人的热线")
    conflict.get_by_role("button", name="用磁盘上的").click()
    expect(page.locator(".cm-content")).to_contain_text("别人的热线")
    expect(save).to_be_disabled()


def test_a_call_a_dialogue_and_a_phrase_are_tried_in_the_unsaved_text(desk: Callable[..., Desk], flows: Path) -> None:
    window = desk("designer")
    page = window.open("/studio/small")
    page.get_by_role("tab", name="试打").click()
    page.get_by_label("来电时间").fill("2026-11-30T10:00")
    page.get_by_role("button", name="打电话").click()
    log = page.get_by_role("log")
    expect(log).to_contain_text("请说要办什么")
    page.get_by_label("来电者说的话").fill("密码")
    page.keyboard.press("Enter")
    expect(log).to_contain_text("请输入密码")
    assert window.violations() == []
    page.get_by_role("tab", name="流程图").click()
    expect(page.get_by_role("img", name="干净的热线流程图")).to_be_visible()
    assert window.violations() == []
    page.get_by_role("tab", name="测试对话").click()
    page.get_by_role("button", name="运行测试对话").click()
    expect(page.get_by_text("1 个对话，1 个不符")).to_be_visible()
    page.get_by_role("tab", name="没听懂的话").click()
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_text("用了多少钱（2）")).to_be_visible()
    assert window.violations() == []
    page.get_by_role("button", name="加入").click()
    expect(page.get_by_text("已加进文字")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("phrases: [账单, 用了多少钱]")
    page.get_by_role("tab", name="问题").click()
    expect(page.get_by_text("没有问题，可以保存。")).to_be_visible()
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存")).to_be_visible()
    assert (flows / "small" / "flow.yaml").read_text() == SMALL.replace("[账单]", "[账单, 用了多少钱]")


def test_what_was_typed_outlives_a_login_that_ends(
    console: ConsoleProcess, desk: Callable[..., Desk], flows: Path
) -> None:
    window = desk("designer")
    page = window.open("/studio/small")
    expect(page.get_by_text("没有问题，可以保存。")).to_be_visible()
    with Store.open_beside(console.store) as store:
        kept.close_logins(store, "designer")
    replace(page, "干净的热线", "没丢的热线")
    again = page.get_by_role("dialog", name="请重新登录")
    expect(again).to_be_visible()
    again.get_by_label("口令").fill(PASSWORD)
    again.get_by_role("button", name="继续").click()
    expect(again).to_be_hidden()
    page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text("已保存")).to_be_visible()
    assert "没丢的热线" in (flows / "small" / "flow.yaml").read_text()


def test_others_see_no_studio_and_a_phone_shows_it(desk: Callable[..., Desk]) -> None:
    agent = desk("agent", expected="403")
    agent.open("/studio/small")
    expect(agent.page.get_by_role("heading", name="没有权限")).to_be_visible()
    phone = desk("admin", viewport=PHONE, dark=True, expected="404")
    page = phone.open("/studio/..%2f..%2fetc")
    page = phone.open("/studio/nobody")
    expect(page.get_by_text("没有这条热线")).to_be_visible()
    page = phone.open("/studio/small")
    expect(page.get_by_text("没有问题，可以保存。")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert phone.violations() == []
