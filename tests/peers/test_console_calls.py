"""The page of calls before a real browser: found by flag and by words, the address, keys, phone, export, numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from gateway.events import CallAnalyzed
from gateway.findings import CallFindings, CallMood, Evidence, Flag, Route
from gateway.store import Store
from gateway.store.record import record_next
from tests.support.console import PHONE, ConsoleProcess, Desk
from tests.support.stored import CALLER, StoredCall, store_calls

pytestmark = pytest.mark.peers

ANGRY, SCRIPT = "call-angry", "call-script"
SAID = "你们乱扣费我要去工信部投诉你们"


def analysed(store: Store, call_id: str, *, anger: int, flag: Flag | None = None) -> None:
    route = Route(route="billing_dispute", probability=0.97, skill_group="billing_dispute")
    polarity: Any = "negative" if anger else "neutral"
    mood = CallMood(polarity=polarity, anger=anger, at_end=polarity, trend="worse")
    found = CallFindings(route=route, mood=mood, flags=(flag,) if flag else (), turns=())
    with store.writing() as session:
        record_next(session, CallAnalyzed(call_id=call_id, at_ms=9000.0, findings=found))


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    folder = tmp_path_factory.mktemp("console")
    calls = [
        StoredCall(f"call-{number:02}", at=f"2026-11-20T10:{number:02}:00+08:00").says("查一下话费").ends()
        for number in range(58)
    ]
    calls.append(StoredCall(ANGRY, at="2026-11-21T10:00:00+08:00").says(SAID).ends())
    calls.append(StoredCall(SCRIPT, at="2026-11-21T11:00:00+08:00").says("<img src=x onerror=alert(1)>流量").ends())
    store_calls(folder / "store", calls)
    evidence = Evidence(segment=0, start=8, end=11, text="工信部", begin_ms=0.0, end_ms=900.0)
    flag = Flag(flag="regulator", title="<b>监管</b>", severity="high", at_ms=900.0, evidence=(evidence,))
    with Store.open(folder / "store") as store:
        analysed(store, ANGRY, anger=3, flag=flag)
        odd = Flag(flag="<script>1</script>", title="<img src=x onerror=alert(1)>", severity="low", at_ms=1.0)
        analysed(store, SCRIPT, anger=0, flag=odd)
    with ConsoleProcess(folder, folder / "store") as running:
        yield running


def asked(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def test_the_angry_call_is_found_by_its_flag_and_the_address_keeps_the_filter(desk: Callable[..., Desk]) -> None:
    window = desk("qa")
    page = window.open("/")
    rows = page.locator("tr.vg-item")
    expect(rows).to_have_count(50)
    expect(page.get_by_text("共 60 通")).to_be_visible()
    page.get_by_label("标记").click()
    page.get_by_role("option", name="监管").click()
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("负面 · 愤怒")
    expect(rows).to_contain_text("待复核")
    assert asked(page.url) == {"flag": ["regulator"]}
    page.keyboard.press("Escape")
    expect(page.locator(".q-menu")).to_have_count(0)
    assert window.violations() == []

    page.reload()
    expect(rows).to_have_count(1)
    expect(page.get_by_text("共 1 通")).to_be_visible()
    page.go_back()
    expect(rows).to_have_count(50)
    page.go_forward()
    expect(rows).to_have_count(1)

    rows.click()
    expect(page).to_have_url(re.compile(f"/calls/{ANGRY}$"))
    page.go_back()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="清除").click()
    expect(rows).to_have_count(50)
    assert asked(page.url) == {}


def test_words_inside_a_sentence_are_found_and_shown_as_text_whatever_they_are(desk: Callable[..., Desk]) -> None:
    window = desk("qa")
    page = window.open("/")
    rows = page.locator("tr.vg-item")
    expect(rows).to_have_count(50)
    page.keyboard.press("/")
    page.keyboard.type("扣费")
    expect(rows).to_have_count(1)
    expect(page.locator("a.vg-item-link")).to_have_attribute("href", f"/calls/{ANGRY}")
    page.get_by_label("搜索来电者说的话").fill("流量")
    expect(page.locator(f"a[href='/calls/{SCRIPT}']")).to_be_visible()
    expect(page.get_by_text("<img src=x onerror=alert(1)>")).to_be_visible()
    page.get_by_label("搜索来电者说的话").fill("' OR 1=1 --\" * NEAR")
    expect(page.get_by_text("没有符合条件的通话")).to_be_visible()
    assert asked(page.url) == {"q": ["' OR 1=1 --\" * NEAR"]}


def test_pages_are_turned_and_calls_opened_by_keys(desk: Callable[..., Desk]) -> None:
    page = desk("qa").open("/")
    expect(page.locator("tr.vg-item")).to_have_count(50)
    links = page.locator("a.vg-item-link")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(links.nth(0)).to_be_focused()
    page.get_by_role("button", name="下一页").click()
    expect(page.locator("tr.vg-item")).to_have_count(10)
    page.reload()
    expect(page.locator("tr.vg-item")).to_have_count(10)
    page.get_by_role("button", name="上一页").click()
    expect(page.locator("tr.vg-item")).to_have_count(50)
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/calls/{SCRIPT}$"))


def test_a_filter_is_saved_and_used_again(desk: Callable[..., Desk]) -> None:
    window = desk("qa")
    page = window.open("/?flag=regulator&anger=2")
    expect(page.locator("tr.vg-item")).to_have_count(1)
    page.get_by_role("button", name="常用筛选").click()
    page.get_by_text("保存当前筛选…").click()
    page.get_by_label("名称").fill("<b>生气</b>")
    page.get_by_role("button", name="保存", exact=True).click()
    page.get_by_text("已保存").wait_for()
    page = window.open("/")
    expect(page.locator("tr.vg-item")).to_have_count(50)
    page.get_by_role("button", name="常用筛选").click()
    page.get_by_role("menuitem", name="<b>生气</b>").click()
    expect(page.locator("tr.vg-item")).to_have_count(1)
    assert asked(page.url) == {"flag": ["regulator"], "anger": ["2"]}


def test_a_phone_has_cards_without_anything_beside_the_screen(desk: Callable[..., Desk]) -> None:
    window = desk("qa", viewport=PHONE)
    page = window.open("/?flag=regulator")
    expect(page.locator(".vg-grid-card.vg-item")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert window.violations() == []
    page.locator(".vg-grid-card.vg-item").click()
    expect(page).to_have_url(re.compile(f"/calls/{ANGRY}$"))


def test_numbers_are_whole_for_who_may_see_them_and_on_record(
    console: ConsoleProcess, desk: Callable[..., Desk], tmp_path: Path
) -> None:
    page = desk("qa").open("/?flag=regulator")
    expect(page.locator("tr.vg-item")).to_contain_text("139****1001")
    assert CALLER not in page.content()
    assert page.get_by_role("switch", name="完整号码").count() == 0
    with page.expect_download() as started:
        page.get_by_role("button", name="导出").click()
    started.value.save_as(tmp_path / "calls.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "calls.csv").read_text("utf-8-sig"))))
    assert [row[0] for row in rows] == ["通话编号", ANGRY]
    assert rows[1][2] == "139****1001"
    assert console.audit(action="export")[0].account == "qa"
    assert console.audit(action="unmask") == []

    page = desk("admin").open("/?flag=regulator")
    expect(page.locator("tr.vg-item")).to_contain_text("139****1001")
    page.get_by_role("switch", name="完整号码").click()
    expect(page.locator("tr.vg-item")).to_contain_text(CALLER)
    assert [(entry.account, entry.detail["flag"]) for entry in console.audit(action="unmask")] == [
        ("admin", "regulator")
    ]
