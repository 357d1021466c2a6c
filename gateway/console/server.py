"""The server that runs the console: one address, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from gateway.console.config import ConsoleConfig
from gateway.errors import TransportError
from gateway.transport.webrtc.config import WebAddress

STOP_S = 3
"""Open pages have so long to be told; they load anew once the console is back."""


def listen(config: ConsoleConfig) -> socket.socket:
    """A socket that listens where the console is served. Raises TransportError when the address can't be had."""
    address = config.address
    found = socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((address.host, address.port))
        found.listen(512)
        found.setblocking(False)
    except OSError as error:
        found.close()
        raise TransportError(
            f"can't listen there: {error.strerror}",
            where=f"console.listen: {config.listen}",
            remedy="end what listens there, or choose another port",
        ) from error
    return found


def url_of(config: ConsoleConfig, listening: socket.socket) -> str:
    """What a browser on this machine opens; the public address where one is set."""
    address: WebAddress = config.address
    host = f"[{address.host}]" if ":" in address.host else address.host
    return config.public_url or f"{address.scheme}://{host}:{listening.getsockname()[1]}"


async def serve(
    app: FastAPI,
    config: ConsoleConfig,
    listening: socket.socket,
    *,
    ready: Callable[[], None],
    until: Awaitable[object],
) -> None:
    """Serve until `until` comes.

    Args:
        app: what is served.
        config: whose certificate is used for https.
        listening: from `listen`; closed in the end.
        ready: called once pages can be opened.
        until: ends it.

    Raises:
        TransportError: the certificate can't be used.
    """
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,  # the process's own logging, which masks numbers
            access_log=False,
            server_header=False,
            proxy_headers=False,  # the door reads them, of the proxies that are trusted
            ws_max_size=2**20,
            timeout_graceful_shutdown=STOP_S,
            ssl_certfile=config.tls_certificate if config.address.scheme == "https" else None,
            ssl_keyfile=config.tls_key if config.address.scheme == "https" else None,
        )
    )
    server.ready = ready
    serving = asyncio.create_task(_served(server, config, listening))
    stopping = asyncio.ensure_future(until)
    try:
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        stopping.cancel()
        await serving


async def _served(server: _Server, config: ConsoleConfig, listening: socket.socket) -> None:
    try:
        await server.serve([listening])
    except (OSError, ssl.SSLError) as error:
        raise TransportError(
            f"the certificate can't be used: {error}", where=f"console.tls_certificate: {config.tls_certificate}"
        ) from error


class _Server(uvicorn.Server):
    """Says when it is ready, and leaves the signals to the command."""

    ready: Callable[[], None]

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing is captured."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        if self.started:
            self.ready()
