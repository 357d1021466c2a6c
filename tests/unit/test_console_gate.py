"""The gate of a page's websocket: what is done without a login waits for one, in order, and is not lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.console.config import ConsoleConfig
from gateway.console.gate import MAX_HELD, Gate
from gateway.console.logins import Logins
from gateway.console.presence import Presence
from gateway.store import Store
from gateway.store import accounts as kept
from tests.support.console import PASSWORD, store_with

pytestmark = pytest.mark.unit


class Line:
    """A websocket to a page of an agent's, and what gets through."""

    def __init__(self, store: Store) -> None:
        self.logins = Logins(store, ConsoleConfig())
        self.asked = 0
        self.presence = Presence(self.enter(), self._ask)
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._gate = Gate(self._sent.get, self.presence, self.logins)

    def enter(self) -> Any:
        opened = self.logins.attempt("agent", PASSWORD, "127.0.0.1")
        assert opened is not None
        return opened.visitor

    def _ask(self) -> None:
        self.asked += 1

    def send(self, *frames: str) -> None:
        for text in frames:
            self._sent.put_nowait({"type": "websocket.receive", "text": text})

    async def got(self, count: int) -> list[str]:
        return [str((await asyncio.wait_for(self._gate.receive(), 5))["text"]) for _ in range(count)]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with store_with(tmp_path, ["agent"]) as opened:
        yield opened


def event(number: int) -> str:
    return f'42["event",{{"id":{number}}}]'


def test_everything_passes_while_the_login_stands(store: Store) -> None:
    async def scenario() -> None:
        line = Line(store)
        line.send("2probe", event(1), '42["ack",{}]')
        assert await line.got(3) == ["2probe", event(1), '42["ack",{}]']

    asyncio.run(scenario())


def test_what_is_done_after_a_login_has_ended_waits_in_order_while_the_line_stays_alive(store: Store) -> None:
    async def scenario() -> None:
        line = Line(store)
        kept.close_logins(store, "agent")
        line.send(event(1), "3", event(2), "3")
        assert await line.got(2) == ["3", "3"]
        assert line.asked == 1
        waiting = asyncio.create_task(line.got(3))
        await asyncio.sleep(0)
        assert line.presence.reopen(line.enter())
        line.send(event(3))
        assert await waiting == [event(1), event(2), event(3)]

    asyncio.run(scenario())


def test_nobody_can_fill_the_memory_with_what_waits(store: Store) -> None:
    async def scenario() -> None:
        line = Line(store)
        line.presence.lapse()
        line.send(*map(event, range(MAX_HELD + 100)), "3")
        assert await line.got(1) == ["3"]
        line.presence.reopen(line.enter())
        assert await line.got(MAX_HELD) == [event(number) for number in range(100, MAX_HELD + 100)]

    asyncio.run(scenario())


def test_who_comes_back_with_another_role_gets_the_page_anew(store: Store) -> None:
    async def scenario() -> None:
        line = Line(store)
        kept.change_account(store, "agent", role="manager")
        assert not line.presence.reopen(line.enter())

    asyncio.run(scenario())
