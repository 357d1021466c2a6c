"""Connections that keep the gateway waiting, and those that are too many, on real sockets."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.errors import TransportError
from gateway.transport.webrtc import listeners
from gateway.transport.webrtc.config import WebAddress, WebrtcConfig
from gateway.transport.webrtc.listeners import Listeners
from gateway.transport.webrtc.site import web_app
from tests.support.webrtc_calls import FakeCalls

pytestmark = pytest.mark.peers

ANYWHERE = WebAddress.parse("http://127.0.0.1:0")


class Clock:
    """Moved on by the test."""

    def __init__(self) -> None:
        self.now_ms = 0.0

    def __call__(self) -> float:
        return self.now_ms


@asynccontextmanager
async def served(clock: Clock, address: WebAddress = ANYWHERE, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The site, listening; its port."""
    site = Listeners(web_app(WebrtcConfig(), FakeCalls(), title="热线", now_ms=clock), clock)
    url = await site.open(address, tls)
    try:
        yield int(url.rstrip("/").rpartition(":")[2])
    finally:
        await site.close()
        await site.close()


async def connect(port: int, **options: object) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port, **options)  # type: ignore[arg-type]


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """The status line of the health probe."""
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    await asyncio.wait_for(reader.readexactly(2), 5)
    return head.split(b"\r\n")[0]


async def gone(reader: asyncio.StreamReader, within_s: float) -> bool:
    """Whether the other side has closed the connection, by then."""
    try:
        return await asyncio.wait_for(reader.read(), within_s) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_who_asks_for_nothing_is_closed_and_who_has_asked_may_rest_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "_LOOK_EVERY_S", 0.05)

    async def run() -> None:
        clock = Clock()
        async with served(clock) as port:
            silent, asking = await connect(port), await connect(port)
            half = await connect(port)
            half[1].write(b"GET / HTTP/1.1\r\nHost: local")
            assert await ask(*asking) == b"HTTP/1.1 200 OK"
            clock.now_ms = listeners.ASK_WITHIN_MS - 1
            assert not await gone(silent[0], 0.3)
            clock.now_ms += 2
            assert await gone(silent[0], 2)
            assert await gone(half[0], 2)
            assert await ask(*asking) == b"HTTP/1.1 200 OK"
            asking[1].write(b"GET / HTTP/1.1\r\nHost: local")
            clock.now_ms += listeners.REST_MS - 10
            assert not await gone(asking[0], 0.3)
            clock.now_ms += 20
            assert await gone(asking[0], 2)
            for _, writer in (silent, asking, half):
                writer.close()

    asyncio.run(run())


def test_for_connections_too_many_those_that_rest_make_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listeners, "MAX_CONNECTIONS", 3)

    async def run() -> None:
        clock = Clock()
        async with served(clock) as port:
            silent, first, second = [await connect(port) for _ in range(3)]
            clock.now_ms = 1.0
            await ask(*first)
            clock.now_ms = 2.0
            await ask(*second)
            late = await connect(port)
            assert await ask(*late) == b"HTTP/1.1 200 OK"
            assert await gone(first[0], 2), "it has rested for longest"
            assert await ask(*second) == b"HTTP/1.1 200 OK"
            for _, writer in (silent, first, second, late):
                writer.close()
            await asyncio.sleep(0.1)
            silent_ones = [await connect(port) for _ in range(3)]
            await asyncio.sleep(0.1)
            refused = await connect(port)
            assert await gone(refused[0], 2), "nobody has asked for anything, and nobody is sent away"
            for _, writer in (*silent_ones, refused):
                writer.close()

    asyncio.run(run())


def test_an_address_that_is_taken_is_one_clear_error() -> None:
    async def run() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            address = WebAddress.parse(f"http://127.0.0.1:{taken.getsockname()[1]}")
            site = Listeners(web_app(WebrtcConfig(), FakeCalls(), title="热线", now_ms=Clock()), Clock())
            with pytest.raises(TransportError, match=f"webrtc.listen: http://127.0.0.1:{address.port}: can.t listen"):
                await site.open(address, None)
            await site.close()

    asyncio.run(run())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    key, made = folder / "key.pem", folder / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(made), *names], check=True, capture_output=True)
    return made, key


def test_https_is_spoken_and_says_that_it_stays(certificate: tuple[Path, Path]) -> None:
    made, key = certificate
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(made, key)
    trusting = ssl.create_default_context(cafile=str(made))

    async def run() -> None:
        async with served(Clock(), WebAddress.parse("https://127.0.0.1:0"), tls) as port:
            reader, writer = await connect(port, ssl=trusting, server_hostname="localhost")
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = await asyncio.wait_for(reader.read(), 5)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nStrict-Transport-Security: " in answer
            writer.close()
            await writer.wait_closed()

    asyncio.run(run())
