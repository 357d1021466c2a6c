"""SIP over TCP and TLS: messages cut out of a stream by their Content-Length (RFC 3261 18.3)."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections import deque
from collections.abc import Callable
from typing import Literal

from gateway.transport.sip.datagrams import OnData
from gateway.transport.sip.hop import Hop, Local
from gateway.transport.sip.message import MAX_HEAD_BYTES

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 64 * 1024
MAX_UNSENT_BYTES = 256 * 1024
"""A peer that doesn't read what we send has gone."""
MAX_CONNECTIONS = 2000
MAX_STRANGERS = 100
"""Connections from addresses that may not call, all together: proxies in the way of a call may be among them. More
would only use up the file descriptors that calls need."""
MESSAGE_WITHIN_S = 30.0
"""A message that has begun must be there by then, and the first one of a connection."""
IDLE_S = 3600.0
CONNECT_WITHIN_S = 5.0
CLOSE_WITHIN_S = 2.0

_LENGTH = re.compile(rb"\r?\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})[ \t]*\r?\n", re.IGNORECASE)
_PONG = b"\r\n"


class StreamHop:
    """A peer at the other end of a connection; one that we open ourselves opens when something is sent."""

    reliable = True

    def __init__(self, streams: Streams, remote: tuple[str, int], writer: asyncio.StreamWriter | None = None) -> None:
        self.remote = remote
        self._streams = streams
        self._writer = writer
        self._waiting: deque[bytes] = deque()
        self._gone = False

    @property
    def local(self) -> Local:
        return self._streams.local

    @property
    def connected(self) -> bool:
        return self._writer is not None and not self._gone

    def send(self, data: bytes) -> None:
        if self._gone:
            hop = self._streams.towards(self.remote)
            if hop is not self:
                hop.send(data)
        elif self._writer is None:
            self._waiting.append(data)
            if len(self._waiting) == 1:
                self._streams.open(self)
        elif self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.close()
        else:
            self._writer.write(data)

    def towards(self, address: tuple[str, int]) -> Hop:
        return self if address == self.remote and not self._gone else self._streams.towards(address)

    def opened(self, writer: asyncio.StreamWriter) -> None:
        """The connection is there: what waited for it goes out."""
        self._writer = writer
        while self._waiting:
            writer.write(self._waiting.popleft())

    def close(self) -> None:
        """Let the connection go; idempotent."""
        self._gone = True
        self._waiting.clear()
        if self._writer:
            self._writer.close()


class Streams:
    """Our end of SIP over TCP or TLS: what we listen on, and the connections both ways.

    Args:
        known: whether an address may call.
        tls: our certificate, and what is demanded of theirs, as a server; None for plain TCP.
        tls_out: as a client.
    """

    def __init__(
        self,
        on_data: OnData,
        known: Callable[[str], bool],
        tls: ssl.SSLContext | None = None,
        tls_out: ssl.SSLContext | None = None,
    ) -> None:
        self._on_data = on_data
        self._known = known
        self._strangers = 0
        self._tls = tls
        self._tls_out = tls_out
        self._server: asyncio.Server | None = None
        self._hops: dict[tuple[str, int], StreamHop] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._local: Local | None = None

    @property
    def local(self) -> Local:
        """Ours. Raises RuntimeError before `listen`."""
        if self._local is None:
            raise RuntimeError("nothing listens")
        return self._local

    async def listen(self, host: str, port: int, advertised: str | None) -> Local:
        """Take connections at a numeric address. Raises OSError."""
        self._server = await asyncio.start_server(
            self._accept, host, port, ssl=self._tls, limit=MAX_HEAD_BYTES, ssl_handshake_timeout=self._handshake_s
        )
        carrier: Literal["tcp", "tls"] = "tls" if self._tls else "tcp"
        self._local = Local(carrier, advertised or host, self._server.sockets[0].getsockname()[1], host)
        return self._local

    def towards(self, address: tuple[str, int]) -> Hop:
        """The connection to an address; one that isn't there yet is opened with the first thing sent."""
        if address not in self._hops:
            self._hops[address] = StreamHop(self, address)
        return self._hops[address]

    def open(self, hop: StreamHop) -> None:
        """Connect; what the connection brings is read as if it had been opened by the peer."""
        self._own(asyncio.get_running_loop().create_task(self._connect(hop)))

    async def close(self) -> None:
        """End all connections, waiting a little for what is still to be sent."""
        if self._server:
            self._server.close()
        for hop in list(self._hops.values()):
            hop.close()
        if self._tasks:
            _, stuck = await asyncio.wait(self._tasks, timeout=CLOSE_WITHIN_S)
            for task in stuck:
                task.cancel()
            if stuck:
                await asyncio.wait(stuck, timeout=CLOSE_WITHIN_S)
        self._hops.clear()

    def _own(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def _handshake_s(self) -> float | None:
        return CONNECT_WITHIN_S if self._tls else None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._hops) >= MAX_CONNECTIONS:
            writer.close()
            return
        self._own(task)
        peer = writer.get_extra_info("peername")
        if peer is None:
            writer.close()
            return
        remote = (str(peer[0]), int(peer[1]))
        is_stranger = not self._known(remote[0])
        if is_stranger and self._strangers >= MAX_STRANGERS:
            writer.close()
            return
        self._strangers += is_stranger
        hop = self._hops[remote] = StreamHop(self, remote, writer)
        try:
            await self._read(reader, hop)
        finally:
            self._strangers -= is_stranger

    async def _connect(self, hop: StreamHop) -> None:
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                name = hop.remote[0] if self._tls_out else None
                reader, writer = await asyncio.open_connection(
                    *hop.remote, ssl=self._tls_out, server_hostname=name, limit=MAX_HEAD_BYTES
                )
        except (OSError, TimeoutError, ssl.SSLError) as error:
            log.warning("no connection to a SIP peer: %s", type(error).__name__)
            self._forget(hop)
            return
        hop.opened(writer)
        await self._read(reader, hop)

    async def _read(self, reader: asyncio.StreamReader, hop: StreamHop) -> None:
        patience_s = MESSAGE_WITHIN_S
        try:
            while (data := await _next_message(reader, hop, patience_s)) is not None:
                self._on_data(data, hop)
                patience_s = IDLE_S
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ValueError):
            pass  # the peer is gone, or sends what is no SIP: either way it isn't listened to any more
        finally:
            self._forget(hop)

    def _forget(self, hop: StreamHop) -> None:
        hop.close()
        if self._hops.get(hop.remote) is hop:
            del self._hops[hop.remote]


async def _next_message(reader: asyncio.StreamReader, hop: StreamHop, patience_s: float) -> bytes | None:
    """The next whole message, which has to begin within `patience_s`; None at the end of the stream.

    Raises:
        ValueError: it has no length, or too much of it.
        OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError: it doesn't come.
    """
    async with asyncio.timeout(patience_s):
        first = await reader.read(1)
        pings = 0
        while first in (b"\r", b"\n"):  # keep-alive (RFC 5626 3.5.1)
            pings += first == b"\n"
            if pings == 2:  # two line ends are a ping
                hop.send(_PONG)
                pings = 0
            first = await reader.read(1)
    if not first:
        return None
    async with asyncio.timeout(MESSAGE_WITHIN_S):
        head = first + await reader.readuntil(b"\r\n\r\n")
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        if length > MAX_BODY_BYTES:
            raise ValueError("a body too long")
        return head + await reader.readexactly(length)
