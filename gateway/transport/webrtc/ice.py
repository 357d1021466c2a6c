"""Our side of ICE (RFC 8445): on the addresses and ports that the settings name, with sound taken out of the stream.

aioice's `Connection` is extended here and nowhere else. What it lacks: it never listens on loopback, lets the system
choose every port, and puts each datagram through a queue and two tasks, which for 50 packets of sound a second and
caller is most of its cost. `tests/unit/test_webrtc_library.py` fails when a release moves what is touched.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

from aioice import Candidate, Connection
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import StunProtocol, get_host_addresses, server_reflexive_candidate
from aioice.stun import Message, TransactionError
from aiortc import RTCIceServer
from aiortc.rtcicetransport import connection_kwargs

from gateway.transport.rtp.datagrams import Send, sender_to
from gateway.transport.webrtc.config import WebrtcConfig

REFLEXIVE_WITHIN_S = 3.0
"""How long a STUN server may take to tell our public address."""
_PORT_TRIES = 20
MAX_WAITING = 256
"""Datagrams of DTLS that nobody has read yet: before there is a connection nobody does, and anybody can send some."""
MAX_PLACES = 128
"""From which one page has sent checks: each begins one of ours, and a page may have more ports than we have memory."""
_COMPONENT = 1
_BUFFER_BYTES = 262_144
"""Of a socket: some seconds of sound, when the event loop is busy."""


_RESOLVER = ThreadPoolExecutor(1, thread_name_prefix="stun-resolver")


class NoAddressError(ConnectionError):
    """None of the addresses that sound may come to can be bound, or all ports of the range are taken."""


def _servers(config: WebrtcConfig) -> list[RTCIceServer]:
    return [
        RTCIceServer(one.url, one.username, one.password.get_secret_value() if one.password else None)
        for one in config.ice_servers
    ]


def _is_sound(data: bytes) -> bool:
    """SRTP or SRTCP, and neither STUN nor DTLS (RFC 7983 section 7)."""
    return len(data) > 1 and 127 < data[0] < 192


def _is_dtls(data: bytes) -> bool:
    return len(data) > 1 and 19 < data[0] < 64


class _Port(StunProtocol):
    """One of our sockets. The library takes everything for STUN first, and is surprised by attributes that are too
    short or missing: each would be an error in the log, and anybody can send them."""

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        """From anybody."""
        if isinstance(data, bytes) and data and data[0] > 3:
            self.receiver.data_received(data, _COMPONENT)
            return
        with suppress(struct.error, KeyError):
            super().datagram_received(data, addr)


class IceConnection(Connection):
    """One call's ICE agent.

    Args:
        config: which addresses, ports and servers.
        sound: called with every datagram of SRTP or SRTCP, in place of `recv`.
        closing: called before the sockets are closed, by us or because nobody answers any more: from then on nothing
            may be sent, as their numbers may soon be those of another call's.
    """

    def __init__(self, config: WebrtcConfig, sound: Callable[[bytes], None], closing: Callable[[], None]) -> None:
        super().__init__(ice_controlling=False, **connection_kwargs(_servers(config)))
        self._config = config
        self._sound = sound
        self._before_closing = closing
        self.gone = False
        """It has been closed, by us or because nobody answered any more."""

    async def get_component_candidates(self, component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:  # noqa: ASYNC109 - the library's
        """Our candidates: on our own addresses, as a STUN server sees them, and of a TURN server.

        Raises:
            NoAddressError: there is none.
        """
        wanted = self._config.sound_addresses or tuple(addresses or get_host_addresses(use_ipv4=True, use_ipv6=True))
        bound = [protocol for address in wanted if (protocol := await self._bind(address)) is not None]
        self._protocols += bound
        candidates = [protocol.local_candidate for protocol in bound]
        reflexive = await asyncio.gather(*map(self._reflexive, bound))
        candidates += [candidate for candidate in reflexive if candidate is not None]
        if self.turn_server:
            candidates += await super().get_component_candidates(component, [], timeout)
        if not candidates:
            raise NoAddressError(f"no UDP port can be had on {', '.join(wanted) or 'any address'}")
        return candidates

    async def _bind(self, address: str) -> StunProtocol | None:
        ports = self._config.port_range
        tries = [0] if ports is None else random.sample(ports, min(_PORT_TRIES, len(ports)))
        for port in tries:
            with suppress(OSError):
                transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
                    lambda: _Port(self), local_addr=(address, port)
                )
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
                host, bound_port = transport.get_extra_info("sockname")[:2]
                protocol.local_candidate = _candidate("host", host, bound_port)
                return protocol
        return None

    async def _reflexive(self, protocol: StunProtocol) -> Candidate | None:
        """How a STUN server sees one of our ports, if there is one and it answers."""
        if self.stun_server is None or ":" in protocol.local_candidate.host:
            return None
        host, port = self.stun_server
        with suppress(TimeoutError, OSError, TransactionError):
            async with asyncio.timeout(REFLEXIVE_WITHIN_S):
                return (await server_reflexive_candidate(protocol, (await _address_of(host), port)))[0]
        return None

    async def close(self) -> None:
        """Close the sockets."""
        self.gone = True
        self._before_closing()
        await super().close()

    def data_received(self, data: bytes, component: int) -> None:
        """A datagram that isn't STUN: sound goes its short way, DTLS is read by whoever asks for it.

        What is neither is dropped: aiortc ends the connection when it reads an empty one, and anybody could send it.
        """
        if _is_sound(data):
            self._sound(data)
        elif _is_dtls(data) and self._queue.qsize() < MAX_WAITING:
            super().data_received(data, component)

    def check_incoming(self, message: Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        """The page's check, from a place that it may not have named before."""
        known = self._remote_candidates
        is_known = len(known) < MAX_PLACES or any((one.host, one.port) == addr for one in known)
        if is_known and "PRIORITY" in message.attributes:
            super().check_incoming(message, addr, protocol)

    @property
    def selected(self) -> Any:  # noqa: ANN401 - the library's `CandidatePair`, which has no public name
        """The pair of addresses that the call goes over; None before there is one and after the end."""
        return self._nominated.get(_COMPONENT)


async def _address_of(host: str) -> str:
    """The numeric address of a name, looked up by a thread of its own: those of the process are needed by calls that
    end, and a resolver that doesn't answer would have them all."""
    with suppress(ValueError):
        return str(ip_address(host))
    return await asyncio.get_running_loop().run_in_executor(_RESOLVER, socket.gethostbyname, host)


def _candidate(kind: str, host: str, port: int) -> Candidate:
    return Candidate(
        foundation=candidate_foundation(kind, "udp", host),
        component=_COMPONENT,
        transport="udp",
        priority=candidate_priority(_COMPONENT, kind),
        host=host,
        port=port,
        type=kind,
    )


def send_over(pair: Any) -> Send:  # noqa: ANN401 - as above
    """How to put a datagram on the way that ICE has found; for any thread. See `IceConnection.selected`.

    Over our own socket that is the cheapest call there is; a TURN server's way leads through the event loop.
    """
    protocol, address = pair.protocol, pair.remote_addr
    sock = protocol.transport.get_extra_info("socket")
    if sock is not None:
        return sender_to(sock, address)
    loop = asyncio.get_running_loop()

    def relay(data: bytes) -> bool:
        try:
            loop.call_soon_threadsafe(protocol.transport.sendto, data, address)
        except RuntimeError:  # the loop has ended
            return False
        return True

    return relay
