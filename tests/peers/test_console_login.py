"""The door of the console before a real browser: log in, be asked again with nothing lost, manage accounts."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from gateway.store import Store
from gateway.store import accounts as kept
from tests.support.console import DESKTOP, PASSWORD, PHONE, ConsoleProcess, Desk, account

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    folder = tmp_path_factory.mktemp("console")
    with ConsoleProcess(folder, folder / "store") as running:
        yield running


def with_store(console: ConsoleProcess, change: Callable[[Store], object]) -> None:
    with Store.open_beside(console.store) as store:
        change(store)


def test_a_stranger_logs_in_without_scripts_and_comes_where_they_wanted(
    console: ConsoleProcess, desk: Callable[..., Desk]
) -> None:
    page = desk(None, viewport=PHONE, expected="403").page
    page.goto("/audit")
    page.get_by_label("账号").fill("manager")
    page.get_by_label("口令").fill("wrong password")
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("alert")).to_contain_text("账号或口令不对")
    page.get_by_label("口令").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="审计")).to_be_visible()
    assert page.evaluate("document.cookie").find("vg_login") == -1
    actions = [told.action for told in console.audit(account="manager")]
    assert actions[:2] == ["login", "login_failed"]


def test_each_role_sees_its_places_and_is_told_where_it_may_not_go(desk: Callable[..., Desk]) -> None:
    agent = desk("agent", expected="403")
    agent.open("/")
    navigation = agent.page.get_by_role("navigation", name="主导航")
    expect(navigation.get_by_role("link")).to_have_count(2)
    for name in ("通话", "服务指标"):
        expect(navigation.get_by_role("link", name=name, exact=True)).to_be_visible()
    agent.open("/accounts")
    expect(agent.page.get_by_role("heading", name="没有权限")).to_be_visible()


def test_what_was_typed_outlives_the_login_and_nothing_is_done_without_one(
    console: ConsoleProcess, desk: Callable[..., Desk]
) -> None:
    admin = desk("admin", expected="403")
    page = admin.open("/accounts")
    page.get_by_role("button", name="添加账号").click()
    page.get_by_label("账号名").fill("late.comer")
    page.get_by_label("姓名").fill("王迟到")
    page.get_by_label("口令（至少").fill("three quiet rivers")
    with_store(console, lambda store: kept.close_logins(store, "admin"))
    page.get_by_role("button", name="添加", exact=True).click()
    again = page.get_by_role("dialog", name="请重新登录")
    again.get_by_label("口令").fill("wrong password")
    again.get_by_role("button", name="继续").click()
    expect(again.get_by_role("alert")).to_contain_text("账号或口令不对")
    assert not console.audit(action="account_added")
    assert admin.violations() == []
    again.get_by_label("口令").fill(PASSWORD)
    again.get_by_role("button", name="继续").click()
    expect(page.get_by_role("button", name="修改账号 late.comer")).to_be_visible()
    assert [told.detail["account"] for told in console.audit(action="account_added")] == ["late.comer"]


def test_who_is_disabled_by_an_admin_is_out_at_their_next_step(
    console: ConsoleProcess, desk: Callable[..., Desk]
) -> None:
    with_store(console, lambda store: kept.add_account(store, account("manager", "leaving")))
    leaving = desk("leaving", expected="403").open("/audit")
    admin = desk("admin").open("/accounts")
    admin.get_by_role("button", name="修改账号 leaving").click()
    admin.get_by_role("button", name="停用账号").click()
    expect(admin.get_by_role("row", name="leaving")).to_contain_text("已停用")
    leaving.get_by_label("账号", exact=True).fill("admin")
    again = leaving.get_by_role("dialog", name="请重新登录")
    again.get_by_label("口令").fill(PASSWORD)
    again.get_by_role("button", name="继续").click()
    expect(again.get_by_role("alert")).to_contain_text("已停用")


def test_logging_out_ends_every_page_of_the_login(console: ConsoleProcess, desk: Callable[..., Desk]) -> None:
    window = desk("qa")
    first = window.open("/")
    second = window.context.new_page()
    second.goto("/")
    first.get_by_role("button", name="我的账号").click()
    first.get_by_text("退出登录").click()
    expect(first.get_by_role("heading", name="登录")).to_be_visible()
    expect(second.get_by_role("dialog", name="请重新登录")).to_be_visible()
    assert console.audit(account="qa")[0].action == "logout"


def test_light_and_dark_are_remembered_and_keys_are_explained(desk: Callable[..., Desk]) -> None:
    window = desk("qa")
    page = window.open("/")
    expect(page.locator("body")).to_have_class(re.compile("body--light"))
    page.get_by_role("button", name="切换浅色和深色").click()
    window.open("/")
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="键盘快捷键")).to_be_visible()


@pytest.mark.parametrize(("viewport", "dark"), [(DESKTOP, True), (PHONE, False)])
def test_accounts_and_audit_have_no_serious_barrier(
    desk: Callable[..., Desk], viewport: dict[str, int], dark: bool
) -> None:
    window = desk("admin", viewport=viewport, dark=dark)
    for path in ("/accounts", "/audit"):
        window.open(path)
        assert window.violations() == []
        width = window.page.evaluate("document.documentElement.scrollWidth")
        assert width <= viewport["width"], f"{path} is {width} px wide"


def test_scripts_in_names_stay_text(console: ConsoleProcess, desk: Callable[..., Desk]) -> None:
    attack = '<img src=x onerror="document.title=1">{{1+1}}'
    with_store(console, lambda store: kept.add_account(store, account("agent", "attacker", title=attack)))
    admin = desk("admin")
    page = admin.open("/accounts")
    expect(page.get_by_text(attack)).to_be_visible()
    window = desk("attacker")
    window.open("/")
    expect(window.page.get_by_role("banner").get_by_text(attack)).to_be_visible()


def test_a_websocket_without_a_login_or_from_another_site_is_refused(console: ConsoleProcess) -> None:
    address = console.url.replace("http:", "ws:") + "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with console.client("qa") as client:
        cookie = f"vg_login={client.cookies['vg_login']}"
        for origin, headers in (
            (console.url, {}),
            ("http://evil.example", {"Cookie": cookie}),
            (None, {"Cookie": cookie}),
        ):
            with pytest.raises(InvalidStatus, match="403"):
                connect(address, origin=origin, additional_headers=headers).close()  # type: ignore[arg-type]
        with connect(address, origin=console.url, additional_headers={"Cookie": cookie}) as line:  # type: ignore[arg-type]
            assert str(line.recv(5)).startswith("0")
        polling = client.get("/_nicegui_ws/socket.io/?EIO=4&transport=polling")
        assert polling.status_code == 404


def test_a_store_that_another_program_holds_is_told_in_words(console: ConsoleProcess) -> None:
    with console.client() as client:
        holder = sqlite3.connect(console.store / "voice-gateway.db", isolation_level=None)
        try:
            form = client.get("/login", headers={"Accept": "text/html"}).text
            holder.execute("BEGIN IMMEDIATE")
            token = form.partition('name="csrf" value="')[2].partition('"')[0]
            answer = client.post(
                "/login", data={"name": "qa", "password": PASSWORD, "csrf": token}, headers={"Accept": "text/html"}
            )
        finally:
            holder.close()
    assert answer.status_code == 503
    assert "正被另一个程序占用" in answer.text
    assert "Traceback" not in answer.text
