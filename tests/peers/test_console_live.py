"""The floor in a real browser: a call comes, its flag lights up, it leaves; the figures are those of the report."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect
from typer.testing import CliRunner

from gateway.cli import app
from gateway.events import CallAnalyzed, CallStarted, FlagRaised, TurnAnalyzed
from gateway.findings import CallFindings, CallMood, Flag, Mood, Route, TurnFindings, WordMood
from gateway.store import Store, StoreWriter
from gateway.store.record import record_next
from tests.support.console import PHONE, ConsoleProcess, Desk
from tests.support.stored import StoredCall

pytestmark = pytest.mark.peers

HOTLINE = "mobile_hotline"
ROUTE = Route(route="billing_dispute", probability=0.9, skill_group="billing_dispute")
WAIT_MS = 8000


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The gateway's own, with calls of two weeks: of those of this week, most complain of lost points."""
    now = dt.datetime.now(dt.UTC)
    with Store.open(tmp_path_factory.mktemp("floor") / "store") as opened:
        for number in range(24):
            is_new = number % 2 == 0
            at = now - dt.timedelta(days=2 if is_new else 9, minutes=number)
            words = "积分被清零了" if is_new else "多扣了我三十块"
            call = StoredCall(f"past{number}", at=at.isoformat())
            call.enters("welcome:play", "main").says(words, "main", "balance_number:call", matched="balance")
            call.ends(*(("abandoned", "caller_hung_up") if number < 6 else ("completed", "completed")))
            put(opened, *told(call), analyzed(call))
        yield opened


@pytest.fixture(scope="module")
def console(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    with ConsoleProcess(tmp_path_factory.mktemp("console"), store.directory) as started:
        yield started


def told(call: StoredCall) -> list[Any]:
    """Its events, as those of a call to the hotline."""
    return [replace(one, flow=HOTLINE) if isinstance(one, CallStarted) else one for one in call.events]


def put(store: Store, *events: Any) -> None:
    with store.writing() as session:
        for one in events:
            record_next(session, one)


def analyzed(call: StoredCall) -> CallAnalyzed:
    mood = CallMood(polarity="negative", anger=1, at_end="negative", trend="steady")
    return CallAnalyzed(
        call_id=call.call_id, at_ms=9e4, findings=CallFindings(route=ROUTE, mood=mood, flags=(), turns=())
    )


def test_a_live_call_appears_its_flag_lights_up_and_it_leaves(store: Store, desk: Callable[..., Desk]) -> None:
    window = desk("floor")
    page = window.open("/live")
    expect(page.get_by_text("现在没有进行中的通话")).to_be_visible()
    page.evaluate("() => { window.notReloaded = true; }")
    writer = StoreWriter(store)
    call = StoredCall("up", at=dt.datetime.now(dt.UTC).isoformat()).enters("main")
    for one in told(call):
        writer.emit(one)
    row = page.locator("tbody tr").filter(has_text="139****1001")
    expect(row).to_contain_text("main", timeout=WAIT_MS)
    expect(row).to_contain_text("通话中")
    before = len(call.events)
    call.says("我要去工信部投诉 我的号码是13812345678", "main")
    mood = Mood(polarity="negative", anger=2, words=WordMood(polarity="negative", score=-0.9, anger=2))
    found = TurnFindings(segment=1, route=ROUTE, mood=mood)
    flag = Flag(flag="regulator", title="<b>扬言</b>投诉", severity="high", at_ms=2000.0)
    for one in [
        *call.events[before:],
        TurnAnalyzed(call_id="up", at_ms=2800.0, turn=0, findings=found),
        FlagRaised(call_id="up", at_ms=2800.0, flag=flag),
    ]:
        writer.emit(one)
    lit = row.locator(".vg-live-high.vg-live-fresh")
    expect(lit).to_have_text("<b>扬言</b>投诉", timeout=WAIT_MS)
    expect(row).to_contain_text("138****5678")
    expect(row).to_contain_text("生气")
    alert = page.locator("a.vg-alert-high")
    expect(alert).to_contain_text("<b>扬言</b>投诉")
    expect(alert).to_have_attribute("href", "/calls/up")
    assert "13812345678" not in page.content()
    assert window.violations() == []
    writer.emit(call.ends().events[-1])
    expect(row).to_contain_text("来电者挂断", timeout=WAIT_MS)
    expect(row).to_have_count(0, timeout=2 * WAIT_MS)
    assert page.evaluate("() => window.notReloaded")
    writer.close()
    assert writer.error is None


def test_who_may_not_watch_the_floor_does_not(desk: Callable[..., Desk]) -> None:
    window = desk("agent", expected="403")
    window.page.goto("/live")
    expect(window.page.get_by_text("没有权限")).to_be_visible()


def test_the_figures_are_those_of_the_report(store: Store, desk: Callable[..., Desk]) -> None:
    report = json.loads(CliRunner().invoke(app, ["report", "--store", str(store.directory), "--json"]).stdout)
    window = desk("manager")
    page = window.open("/service?period=all")
    expect(page.locator('[data-figure="calls"]')).to_have_text(str(report["calls"]))
    shown = {one: page.locator(f'[data-figure="{one}"]').inner_text() for one in report["figures"] if one != "answered"}
    units = {"satisfaction_score": "{:.2f} 分", "handling_time": "{:.1f} 秒"}
    assert shown == {
        name: "—" if figure["value"] is None else units.get(name, "{:.1%}").format(figure["value"])
        for name, figure in report["figures"].items()
        if name != "answered"
    }


def test_the_service_page_shows_where_callers_give_up_and_what_they_say_more(desk: Callable[..., Desk]) -> None:
    window = desk("manager")
    page = window.open("/service?figure=abandonment&period=30d")
    word = page.locator(".vg-rising-word")
    expect(word.locator("a").first).to_have_text("积分被清零", timeout=WAIT_MS)
    assert "q=" in (word.locator("a").first.get_attribute("href") or "")
    expect(page.get_by_text("中途放弃率高于 20%").first).to_be_visible()
    node = page.locator('.vg-flow [data-name="balance_number"]')
    expect(node).to_contain_text("24 次 · 放弃 6（25%）")
    node.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("在这里放弃")).to_have_count(6)
    expect(dialog.get_by_role("link").first).to_have_attribute("href", "/calls/past0")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert window.violations() == []


def test_a_team_leader_sees_the_figures_of_their_queues_alone(desk: Callable[..., Desk]) -> None:
    window = desk("team_leader", viewport=PHONE)
    page = window.open("/service?period=all")
    expect(page.locator('[data-figure="calls"]')).to_have_text("0")
    expect(page.get_by_text("这段时间里没有通话")).to_be_visible()
    assert window.violations() == []
