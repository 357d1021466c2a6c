"""SIP over UDP: one socket, every datagram one message."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gateway.transport.sip.hop import Hop, Local

log = logging.getLogger(__name__)

RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
"""A burst of calls while the event loop is busy waits here instead of being lost."""
_KEEP_ALIVE = (b"", b"\x00", b"\r\n\r\n", b"\r\n")

OnData = Callable[[bytes, Hop], None]
"""A whole message, unread, and where it came from."""


@dataclass(frozen=True, slots=True)
class DatagramHop:
    """A peer that is spoken to from our UDP socket."""

    socket: DatagramSocket
    local: Local
    remote: tuple[str, int]
    reliable: bool = False
    connected: bool = False

    def send(self, data: bytes) -> None:
        self.socket.send(data, self.remote)

    def towards(self, address: tuple[str, int]) -> Hop:
        return DatagramHop(self.socket, self.local, address)


class DatagramSocket(asyncio.DatagramProtocol):
    """Our end of SIP over UDP."""

    def __init__(self, on_data: OnData) -> None:
        self._on_data = on_data
        self._transport: asyncio.DatagramTransport | None = None
        self._local: Local | None = None

    async def open(self, host: str, port: int, advertised: str | None) -> Local:
        """Bind to a numeric address. Raises OSError."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_DGRAM)
        try:
            bound.setblocking(False)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            bound.bind((host, port))
            await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=bound)
        except BaseException:
            bound.close()
            raise
        self._local = Local("udp", advertised or host, bound.getsockname()[1], host)
        return self._local

    def hop(self, remote: tuple[str, int]) -> Hop:
        """The way to any address. Raises RuntimeError before `open`."""
        if self._local is None:
            raise RuntimeError("the socket isn't open")
        return DatagramHop(self, self._local, remote)

    def send(self, data: bytes, remote: tuple[str, int]) -> None:
        """Send, or lose it, as UDP does."""
        if self._transport and not self._transport.is_closing():
            try:
                self._transport.sendto(data, remote)
            except (OSError, ValueError, OverflowError) as error:  # no route, port 0, a message too long
                log.debug("a SIP message could not be sent: %s", error)

    def close(self) -> None:
        """Let the socket go; idempotent."""
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a datagram transport under any event loop

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if data not in _KEEP_ALIVE:
            self._on_data(data, self.hop((str(addr[0]), int(addr[1]))))

    def error_received(self, exc: Exception) -> None:
        """ICMP said that something we sent went nowhere: its transaction will notice."""
