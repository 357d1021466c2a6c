"""Connections that are there only to be there: they take nothing from calls."""

from __future__ import annotations

import asyncio
import resource
import socket
from contextlib import ExitStack, suppress

import pytest

from gateway.cli.serve import allow_open_files
from gateway.transport.sip import streams
from gateway.transport.sip.config import SipConfig
from gateway.transport.sip.endpoint import SipTransport
from tests.support.sip import text
from tests.support.sip_line import Board

pytestmark = pytest.mark.peers

ELSEWHERE = ("192.0.2.0/24",)
LISTEN = ("sip+tcp://127.0.0.1:0",)


async def _open(transport: SipTransport, opened: ExitStack, number: int) -> list[socket.socket]:
    """So many connections to it, from here."""
    port = int(transport.addresses[0].rpartition(":")[2])
    loop, made = asyncio.get_running_loop(), []
    for _ in range(number):
        sock = opened.enter_context(socket.socket())
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        made.append(sock)
    return made


async def _alive(socks: list[socket.socket]) -> int:
    """How many of them are still open after a moment."""
    await asyncio.sleep(0.3)
    alive = 0
    for sock in socks:
        try:
            alive += sock.recv(1) != b""
        except BlockingIOError:
            alive += 1
        except OSError:
            pass
    return alive


@pytest.mark.parametrize(("allow", "kept"), [(ELSEWHERE, streams.MAX_STRANGERS), (("127.0.0.0/8",), 150)])
def test_who_may_not_call_gets_only_so_many_connections(allow: tuple[str, ...], kept: int) -> None:
    async def come() -> int:
        transport = SipTransport(SipConfig(listen=LISTEN, allow=allow), Board())
        await transport.start()
        try:
            with ExitStack() as opened:
                return await _alive(await _open(transport, opened, 150))
        finally:
            await transport.stop()

    assert asyncio.run(come()) == kept


def test_a_stranger_who_goes_makes_room_for_another() -> None:
    async def come() -> int:
        transport = SipTransport(SipConfig(listen=LISTEN, allow=ELSEWHERE), Board())
        await transport.start()
        try:
            with ExitStack() as first:
                await _alive(await _open(transport, first, streams.MAX_STRANGERS))
            with ExitStack() as second:
                await asyncio.sleep(0.3)
                return await _alive(await _open(transport, second, 10))
        finally:
            await transport.stop()

    assert asyncio.run(come()) == 10


def test_who_connects_has_to_say_something_soon_and_may_then_be_quiet_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MESSAGE_WITHIN_S", 0.5)
    via = "SIP/2.0/TCP 127.0.0.1:5060;branch=z9hG4bK1"
    asks = {"Via": via, "From": "<sip:a@x>;tag=1", "To": "<sip:b@x>", "Call-ID": "1", "CSeq": "1 OPTIONS"}

    async def come() -> list[bytes]:
        transport = SipTransport(SipConfig(listen=LISTEN), Board())
        await transport.start()
        try:
            with ExitStack() as opened:
                silent, talking = await _open(transport, opened, 2)
                talking.sendall(text("OPTIONS sip:b@x SIP/2.0", asks).encode())
                await asyncio.sleep(1.2)
                heard = [talking.recv(4096), silent.recv(1)]
                with suppress(BlockingIOError):
                    heard.append(talking.recv(1))  # nothing, and not the end either
                return heard
        finally:
            await transport.stop()

    answer, *ends = asyncio.run(come())
    assert answer.startswith(b"SIP/2.0 200")
    assert ends == [b""]


def test_a_service_takes_as_many_files_as_it_may_have() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(before[0], 512), before[1]))
        allow_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
