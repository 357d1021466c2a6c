"""The console beside a gateway: started by it, and ended with it."""

from __future__ import annotations

import asyncio
import socket
import time
from pathlib import Path

import httpx
import pytest

from gateway.cli.console_beside import ConsoleBeside
from tests.support.console import add_accounts
from tests.support.gateway_process import to_toml

pytestmark = pytest.mark.peers


def test_beside_a_gateway_it_ends_with_it(tmp_path: Path) -> None:
    store = tmp_path / "store"
    add_accounts(store, ())
    port = _free_port()
    config = tmp_path / "gateway.toml"
    config.write_text(to_toml({"console": {"listen": f"http://127.0.0.1:{port}"}}))

    async def scenario() -> None:
        async with ConsoleBeside(config, store):
            await asyncio.to_thread(_wait_served, f"http://127.0.0.1:{port}/login")

    asyncio.run(scenario())
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/login")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait_served(url: str, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            httpx.get(url)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the console isn't served"
            time.sleep(0.1)
        else:
            return
