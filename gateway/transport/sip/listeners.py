"""Everything that SIP is spoken on: opened together or not at all, closed together."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from ipaddress import ip_address

from aiosipua.utils import format_addr

from gateway.errors import TransportError
from gateway.transport.sip.config import ListenAddress, SipConfig
from gateway.transport.sip.datagrams import DatagramSocket, OnData
from gateway.transport.sip.hop import Carrier, Hop, Local
from gateway.transport.sip.streams import Streams


class Listeners:
    """The sockets of `sip.listen`.

    Args:
        on_data: told of each message, unread, and the way it came.
        known: whether an address may call; others get only so many connections.
    """

    def __init__(self, config: SipConfig, on_data: OnData, known: Callable[[str], bool]) -> None:
        self._config = config
        self._on_data = on_data
        self._known = known
        self._open: list[tuple[DatagramSocket | Streams, Local]] = []

    async def open(self) -> None:
        """Listen on all addresses.

        Raises:
            TransportError: an address can't be had, or the certificate can't be read. Nothing listens then.
        """
        try:
            for address in self._config.addresses:
                await self._listen(address)
        except BaseException:
            await self.close()
            raise

    @property
    def addresses(self) -> tuple[str, ...]:
        """What is listened on, with real ports: `sip+udp://127.0.0.1:5060`."""
        ours = (local for _, local in self._open)
        return tuple(f"sip+{local.carrier}://{format_addr(local.media_host, local.port)}" for local in ours)

    def towards(self, carrier: Carrier, address: str) -> Hop:
        """The way to `192.0.2.1:5060` over a carrier. Raises TransportError when nothing of ours leads there."""
        host, _, port = address.rpartition(":")
        remote = (host.strip("[]"), int(port))
        family = ip_address(remote[0]).version
        for socket, local in self._open:
            if local.carrier == carrier and ip_address(local.media_host).version == family:
                return socket.hop(remote) if isinstance(socket, DatagramSocket) else socket.towards(remote)
        raise TransportError(
            f"nothing listens that could speak to it: no sip+{carrier}:// address of its family",
            where=f"sip.registrations: {address}",
            remedy=f"add a sip+{carrier}:// address to sip.listen",
        )

    async def close(self) -> None:
        """Let all sockets go; idempotent, bounded in time."""
        for socket, _ in self._open:
            if isinstance(socket, DatagramSocket):
                socket.close()
            else:
                await socket.close()
        self._open.clear()

    async def _listen(self, address: ListenAddress) -> None:
        advertised = self._config.advertised(address.host)
        socket: DatagramSocket | Streams
        try:
            if address.transport == "udp":
                socket = DatagramSocket(self._on_data)
                local = await socket.open(address.host, address.port, advertised)
            else:
                contexts = self._contexts() if address.transport == "tls" else ()
                socket = Streams(self._on_data, self._known, *contexts)
                local = await socket.listen(address.host, address.port, advertised)
        except OSError as error:
            raise TransportError(
                f"can't listen: {error.strerror or error}",
                where=f"sip.listen: sip+{address.transport}://{format_addr(address.host, address.port)}",
                remedy="choose an address of this machine and a port that is free",
            ) from error
        self._open.append((socket, local))

    def _contexts(self) -> tuple[ssl.SSLContext, ssl.SSLContext]:
        """Ours as a server and as a client."""
        config = self._config
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        client = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
        try:
            for context in (server, client):
                context.load_cert_chain(str(config.tls_certificate), str(config.tls_key))
                if config.tls_ca:
                    context.load_verify_locations(str(config.tls_ca))
        except (OSError, ssl.SSLError) as error:
            raise TransportError(
                f"the certificate can't be used: {error.strerror or error}",
                where=f"sip.tls_certificate: {config.tls_certificate}",
                remedy="name PEM files that belong together: tls_certificate, tls_key, tls_ca",
            ) from error
        if config.tls_ca:
            server.verify_mode = ssl.CERT_REQUIRED
        return server, client
