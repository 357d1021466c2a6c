"""Our side of ICE on real sockets: which addresses and ports it opens, what it tells of them, and when it can't."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aioice import stun
from aiortc import RTCCertificate

from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.ice import REFLEXIVE_WITHIN_S, IceConnection, NoAddressError
from gateway.transport.webrtc.peer import Listener, Peer
from tests.support.webrtc_offer import offer
from tests.support.webrtc_switchboard import Office, office, udp_ports

pytestmark = pytest.mark.peers

HERE = "127.0.0.1"
FOREIGN = "192.0.2.1"
"""An address that this machine doesn't have (RFC 5737)."""
PUBLIC = "203.0.113.7"


@asynccontextmanager
async def gathered(*, to_fail: bool = False, **settings: Any) -> AsyncIterator[IceConnection]:
    """An agent with its sockets, which are gone afterwards."""
    before = udp_ports()
    agent = IceConnection(WebrtcConfig(**settings), lambda data: None, lambda: None)
    try:
        if not to_fail:
            await agent.gather_candidates()
        yield agent
    finally:
        await agent.close()
        assert udp_ports() == before


def taken(port: int) -> socket.socket:
    """A port that somebody else has."""
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind((HERE, port))
    return other


def test_ports_are_those_of_the_range_and_when_they_are_taken_there_is_no_address() -> None:
    async def whole() -> None:
        ports = {"media_ports": "38760-38762", "media_addresses": (HERE,)}
        with taken(38_761):
            async with gathered(**ports) as first, gathered(**ports) as second:
                got = {one.port for agent in (first, second) for one in agent.local_candidates}
                assert got == {38_760, 38_762}
                async with gathered(to_fail=True, **ports) as third:
                    with pytest.raises(NoAddressError, match=HERE):
                        await third.gather_candidates()
            async with gathered(**ports) as again:
                assert again.local_candidates[0].port in (38_760, 38_762)

    asyncio.run(whole())


def test_an_address_that_cannot_be_had_is_left_out_and_alone_it_is_an_error() -> None:
    async def whole() -> None:
        async with gathered(media_addresses=(FOREIGN, HERE)) as agent:
            assert [(one.host, one.type, one.component) for one in agent.local_candidates] == [(HERE, "host", 1)]
        async with gathered(to_fail=True, media_addresses=(FOREIGN,)) as agent:
            with pytest.raises(NoAddressError, match=FOREIGN):
                await agent.gather_candidates()

    asyncio.run(whole())


def test_both_families_can_be_listened_on() -> None:
    async def whole() -> None:
        async with gathered(media_addresses=(HERE, "::1")) as agent:
            assert {one.host for one in agent.local_candidates} == {HERE, "::1"}

    asyncio.run(whole())


def test_sound_comes_where_pages_are_served_unless_said_otherwise() -> None:
    async def whole() -> None:
        async with gathered(listen=("http://127.0.0.1:8080",)) as agent:
            assert [one.host for one in agent.local_candidates] == [HERE]

    asyncio.run(whole())


def test_the_public_address_stands_in_the_answer_in_place_of_our_own() -> None:
    async def whole() -> None:
        async with office(public_address=PUBLIC, media_addresses=(HERE,), connect_timeout_s=1) as there:
            status, _, answer = await there.post(offer())
            assert status == 201
            (port,) = udp_ports() - there.ports
            assert f" udp 2130706431 {PUBLIC} {port} typ host\r\n" in answer
            assert HERE not in answer.partition("m=")[2]
            await there.freed(3.0)

    asyncio.run(whole())


def test_an_address_that_cannot_be_had_is_told_as_full_and_the_place_is_free_again() -> None:
    async def whole() -> None:
        async with office(media_addresses=(FOREIGN,)) as there:
            await refused(there)
            await refused(there)

    async def refused(there: Office) -> None:
        status, _, text = await there.post(offer())
        assert status == 503
        assert '"full"' in text
        assert there.board.admitted
        assert not there.left()

    asyncio.run(whole())


# ------------------------------------------------------------------------------------------------------ a STUN server


class StunServer(asyncio.DatagramProtocol):
    """Says that everybody comes from one address."""

    transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asked = stun.parse_message(data)
        answer = stun.Message(asked.message_method, stun.Class.RESPONSE, transaction_id=asked.transaction_id)
        answer.attributes["XOR-MAPPED-ADDRESS"] = (PUBLIC, 4000)
        self.transport.sendto(bytes(answer), addr)


def test_a_stun_server_tells_our_public_address() -> None:
    async def whole() -> None:
        server, _ = await asyncio.get_running_loop().create_datagram_endpoint(StunServer, local_addr=(HERE, 0))
        port = server.get_extra_info("sockname")[1]
        try:
            servers = ({"url": f"stun:{HERE}:{port}"},)
            async with gathered(ice_servers=servers, media_addresses=(HERE,)) as agent:
                found = {one.type: (one.host, one.port) for one in agent.local_candidates}
                assert found["srflx"] == (PUBLIC, 4000)
                assert found["host"][0] == HERE
        finally:
            server.close()
            await asyncio.sleep(0)

    asyncio.run(whole())


def test_a_stun_server_that_says_nothing_is_not_waited_for_long() -> None:
    async def whole() -> None:
        with taken(0) as silent:
            servers = ({"url": f"stun:{HERE}:{silent.getsockname()[1]}"},)
            began_s = time.monotonic()
            async with gathered(ice_servers=servers, media_addresses=(HERE,)) as agent:
                assert time.monotonic() - began_s < REFLEXIVE_WITHIN_S + 1.0
                assert [one.type for one in agent.local_candidates] == ["host"]

    asyncio.run(whole())


def test_a_peer_that_found_no_address_can_be_closed_and_one_that_never_gathered_too() -> None:
    async def whole() -> None:
        nobody = Listener(*[lambda *_: None] * 5)
        certificate = RTCCertificate.generateCertificate()
        peer = Peer(WebrtcConfig(media_addresses=(FOREIGN,)), certificate, nobody)
        with pytest.raises(NoAddressError):
            await peer.gather()
        await peer.close()
        await peer.close()
        await Peer(WebrtcConfig(), certificate, nobody).close()

    asyncio.run(whole())
