"""Where HTTP listens, and how long a connection may keep us waiting.

aiohttp limits neither the number of connections nor how long one takes to ask for something; each is an open file, of
which the telephone needs some too. So there are no more than so many here, a TLS handshake and a first request come
soon or not at all, and a connection that has asked before may rest, but not for ever.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from gateway.errors import TransportError
from gateway.transport.webrtc.config import WebAddress

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 500
"""For more, those that have rested for longest are closed: a page needs one, or two."""
ASK_WITHIN_MS = 10_000.0
"""From a connection to its first request."""
REST_MS = 90_000.0
"""From one request to the next; above what a request may take, and what aiohttp keeps an idle connection for."""
HANDSHAKE_WITHIN_S = 5.0
_LOOK_EVERY_S = 2.0
_HTTP_SHUTDOWN_S = 1.0


class Listeners:
    """The addresses that the site is served on.

    Args:
        app: the site.
        now_ms: monotonic, ms.
    """

    def __init__(self, app: web.Application, now_ms: Callable[[], float]) -> None:
        app.middlewares.append(self._noting())
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=_HTTP_SHUTDOWN_S)
        self._now_ms = now_ms
        self._servers: list[asyncio.Server] = []
        self._looking: asyncio.Task[None] | None = None
        self._waiting: dict[web.RequestHandler, tuple[float, bool]] = {}
        """Since when a connection has asked for nothing, and whether it has before."""

    def _noting(self) -> Middleware:
        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            """A connection has asked for something."""
            self._waiting[request.protocol] = self._now_ms(), True
            return await handler(request)

        return note

    async def open(self, address: WebAddress, tls: ssl.SSLContext | None) -> str:
        """Listen there; with TLS for https. Returns the URL, with the port that was chosen.

        Raises:
            TransportError: the address can't be had.
        """
        if self._looking is None:
            await self._runner.setup()
            self._looking = asyncio.create_task(self._look())
        secure = address.scheme == "https"
        host = f"[{address.host}]" if ":" in address.host else address.host
        try:
            server = await asyncio.get_running_loop().create_server(
                self._accept,
                address.host,
                address.port,
                ssl=tls if secure else None,
                ssl_handshake_timeout=HANDSHAKE_WITHIN_S if secure else None,
            )
        except OSError as error:
            raise TransportError(
                f"can't listen: {error.strerror or error}",
                where=f"webrtc.listen: {address.scheme}://{host}:{address.port}",
                remedy="choose a free address of this machine, end whatever has it, or, for no browsers, write []",
            ) from error
        self._servers.append(server)
        return f"{address.scheme}://{host}:{server.sockets[0].getsockname()[1]}/"

    def _accept(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None:
            return _Closed()
        if len(server.connections) >= MAX_CONNECTIONS and not self._make_room():
            return _Closed()
        handler = server()
        self._waiting[handler] = self._now_ms(), False
        return handler

    def _make_room(self) -> bool:
        """Close the connection that has rested for longest: its page, if there is one, opens another without a word."""
        resting = [handler for handler, (_, asked) in self._waiting.items() if asked and handler.transport is not None]
        if not resting:
            return False
        handler = min(resting, key=lambda one: self._waiting[one][0])
        del self._waiting[handler]
        if handler.transport is not None:
            handler.transport.abort()
        return True

    async def _look(self) -> None:
        """Close connections that keep us waiting."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now_ms = self._now_ms()
            for handler, (since_ms, asked) in list(self._waiting.items()):
                transport = handler.transport
                overdue = now_ms - since_ms > (REST_MS if asked else ASK_WITHIN_MS)
                if overdue and transport is not None:
                    transport.abort()
                if overdue or (asked and transport is None):
                    del self._waiting[handler]

    async def close(self) -> None:
        """Listen no more, let running requests end for a moment, and close every connection. Idempotent."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
            self._looking = None
        await self._runner.cleanup()


class _Closed(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
