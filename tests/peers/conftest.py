"""What several modules share: the demo's calls, and a browser before the console of the module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.support.console import ConsoleBrowser, ConsoleProcess, Desk
from tests.support.demo import Demo, make_demo, shared_folder


@pytest.fixture(scope="module")
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo's calls, to be read or copied; those of a second try are made anew."""
    is_again = getattr(request._pyfuncitem, "execution_count", 1) > 1
    folder = tmp_path_factory.mktemp("again") if is_again else shared_folder(tmp_path_factory)
    return make_demo(folder / "demo")


@pytest.fixture(scope="module")
def browser() -> Iterator[ConsoleBrowser]:
    """Ended with the module: while it is there, no other test in this process can run an event loop."""
    with sync_playwright() as playwright, ConsoleBrowser(playwright) as opened:
        yield opened


@pytest.fixture
def desk(console: ConsoleProcess, browser: ConsoleBrowser) -> Iterator[Callable[..., Desk]]:
    """Somebody sits down before the module's `console`; afterwards nothing may have gone wrong in their browser, but
    for answers of a status that is `expected` (browsers complain of 403 and the like)."""
    opened: list[tuple[Desk, str]] = []

    def log_in(role: str | None, *, expected: str = "no status", **how: Any) -> Desk:
        opened.append((browser.log_in(console, role, **how), expected))
        return opened[-1][0]

    yield log_in
    for one, _ in opened:
        one.close()
    assert [line for one, expected in opened for line in one.complaints if expected not in line] == []
