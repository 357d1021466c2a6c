"""`voice-gateway console` as people use it: a process of its own over a store, with an account of every role, and a
real browser before it.

    with ConsoleProcess(folder, store) as console, ConsoleBrowser(playwright) as browser:
        desk = browser.log_in(console, "qa")
        desk.open("/")
        ...
        assert desk.complaints == [] and desk.violations() == []
"""

from __future__ import annotations

import functools
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from argon2 import PasswordHasher
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from gateway.console.rights import ROLES, TITLES, Role
from gateway.store import Store
from gateway.store import accounts as kept
from gateway.store.accounts import Account
from tests.support.command import COMMAND
from tests.support.gateway_process import to_toml

PASSWORD = "correct horse 12"  # noqa: S105  # of every account of these stores
QUEUES = ("general",)
HOTLINES = ("mobile_hotline",)
START_S = 60.0
STOP_S = 20.0
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
SERIOUS = ("serious", "critical")
LOOKS = 3


@functools.cache
def _hash() -> str:
    """As it is kept, but cheap to check: what a check costs stands in the hash."""
    return PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)


def account(role: str, name: str | None = None, **values: Any) -> Account:
    """An account of a role, named after it, whose password is PASSWORD."""
    told: dict[str, Any] = {"title": TITLES[role], "queues": QUEUES, "hotlines": HOTLINES}  # type: ignore[index]
    told |= {"password_hash": _hash(), "created_at": datetime(2026, 1, 1, tzinfo=UTC), **values}
    return Account(name=name or role, role=role, **told)


def add_accounts(store: Path, roles: Sequence[Role] = ROLES) -> None:
    """Give the store in a folder, made if there is none, an account of each role; those that are there stay."""
    if not (store / "voice-gateway.db").exists():
        Store.open(store).close()
    with Store.open_beside(store) as opened:
        there = {each.name for each in kept.list_accounts(opened)}
        for role in roles:
            if role not in there:
                kept.add_account(opened, account(role))


@functools.cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        Store.open(Path(folder)).close()
        return (Path(folder) / "voice-gateway.db").read_bytes()


@contextmanager
def store_with(folder: Path, roles: Sequence[Role]) -> Iterator[Store]:
    """A store that has accounts of these roles and nothing else, quickly: its tables are made once a process."""
    (folder / "voice-gateway.db").write_bytes(_empty())
    add_accounts(folder, roles)
    with Store.open_beside(folder) as store:
        yield store


class ConsoleProcess:
    """One console. A context manager: at the end it must stop cleanly, unless the test ended it otherwise.

    Args:
        folder: for its settings and its log.
        store: folder of the store, made if there is none; it gets an account of every role.
        settings: of the table `[console]`; it listens on a free port of loopback unless they say otherwise.
        others: other settings.
    """

    def __init__(self, folder: Path, store: Path, settings: Mapping[str, Any] | None = None, **others: Any) -> None:
        add_accounts(store)
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.store = store
        config = folder / "gateway.toml"
        config.write_text(to_toml({**others, "console": {"listen": "http://127.0.0.1:0", **(settings or {})}}))
        with (folder / "stdout").open("wb") as out, (folder / "log").open("wb") as log:
            command = [COMMAND, "console", "--store", str(store), "--config", str(config)]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=log, cwd=folder)
        try:
            self.url = self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _wait_until_ready(self) -> str:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self.process.poll() is None:
            if found := re.search(r"^ready: (\S+)\n", (self.folder / "stdout").read_text(), re.MULTILINE):
                return found[1]
            time.sleep(0.05)
        raise AssertionError(f"the console doesn't start:\n{self.log}")

    @property
    def log(self) -> str:
        """All that it logged until now."""
        return (self.folder / "log").read_text(errors="replace")

    @contextmanager
    def client(self, role: str | None = None) -> Iterator[httpx.Client]:
        """A program that uses the plain routes; logged in, unless `role` is None."""
        with httpx.Client(base_url=self.url, timeout=30) as client:
            if role is not None:
                form = csrf_of(client.get("/login", headers={"Accept": "text/html"}).text)
                answer = client.post("/login", data={"name": role, "password": PASSWORD, "csrf": form})
                assert answer.status_code == 303, f"{role} can't log in: {answer.status_code}"
            yield client

    def audit(self, **wanted: Any) -> list[kept.Audited]:
        """What the audit has, newest first."""
        with Store.open_for_reading(self.store) as store:
            return [told for _, told in kept.list_audit(store, **wanted)]

    def kill(self) -> None:
        """End it as a power cut would; idempotent."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if kind is None and self.process.returncode is None:
                self.process.send_signal(signal.SIGTERM)
                status = self.process.wait(STOP_S)
                assert status == 0, f"exit status {status}\n{self.log[-4000:]}"
                assert "Traceback" not in self.log, self.log[-8000:]
        finally:
            self.kill()


def csrf_of(page: str) -> str:
    """The token of the form in a page of ours, or of the page itself."""
    found = re.search(r'name="csrf(?:-token)?" (?:value|content)="([^"]+)"', page)
    assert found, "no token in the page"
    return found[1]


class ConsoleBrowser:
    """Debian's Chromium, without a screen. A context manager; open one for a module."""

    def __init__(self, playwright: Playwright) -> None:
        self._browser: Browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", headless=True, args=["--autoplay-policy=no-user-gesture-required"]
        )

    def log_in(
        self,
        console: ConsoleProcess,
        role: str | None,
        *,
        viewport: Mapping[str, int] = DESKTOP,
        dark: bool = False,
    ) -> Desk:
        """Somebody's window, on no page yet. Close it.

        Args:
            role: the account's name; None for a stranger.
        """
        context = self._browser.new_context(
            base_url=console.url,
            viewport={"width": viewport["width"], "height": viewport["height"]},
            locale="zh-CN",
            reduced_motion="reduce",
        )
        context.add_cookies([{"name": "vg_theme", "value": "dark" if dark else "light", "url": console.url}])
        if role is not None:
            form = csrf_of(context.request.get("/login", headers={"Accept": "text/html"}).text())
            answer = context.request.post(
                "/login", form={"name": role, "password": PASSWORD, "csrf": form}, max_redirects=0
            )
            assert answer.status == 303, f"{role} can't log in: {answer.status}"
        return Desk(context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._browser.close()


class Desk:
    """A window and who looks at it."""

    def __init__(self, context: BrowserContext) -> None:
        self.context = context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.complaints: list[str] = []
        """What the browser complained of: errors of scripts, breaches of the content security policy."""
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)[:300]))
        self.page.on("console", lambda line: self.complaints.append(line.text[:300]) if line.type == "error" else None)

    def open(self, path: str) -> Page:
        """A page, once it is alive (its websocket stands)."""
        self.page.goto(path)
        if self.page.locator("#main.vg-main").count():
            self.page.wait_for_function("() => window.socket?.connected && window.did_handshake")
        return self.page

    def violations(self) -> list[str]:
        """What axe-core finds that is serious: `rule: where it is`.

        A page that is still changing (a menu that fades, the theme that comes) is looked at again: what stays counts.
        """
        for _ in range(LOOKS):
            if not (found := self._violations()):
                break
            self.page.wait_for_timeout(1000)
        return found

    def _violations(self) -> list[str]:
        found = Axe().run(self.page).response["violations"]
        return [
            f"{one['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
            for one in found
            if one["impact"] in SERIOUS
            for node in one["nodes"]
        ]

    def screenshot(self, file: Path, *, whole: bool = True) -> Path:
        """The page as it looks."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=file, full_page=whole)
        return file

    def close(self) -> None:
        """Close the window."""
        self.context.close()


def look(console: ConsoleProcess, role: str, paths: Mapping[str, str], folder: Path) -> None:
    """Screenshots of pages (by name) at both widths, light and dark: to be looked at, and to find what axe sees."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, ConsoleBrowser(playwright) as browser:
        for width, viewport in (("1440", DESKTOP), ("390", PHONE)):
            for dark in (False, True):
                desk = browser.log_in(console, role, viewport=viewport, dark=dark)
                for name, path in paths.items():
                    desk.open(path)
                    desk.page.wait_for_timeout(700)
                    shot = desk.screenshot(folder / f"{name}-{width}-{'dark' if dark else 'light'}.png")
                    print(shot, desk.violations(), desk.complaints)
                desk.close()
