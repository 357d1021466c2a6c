"""Pairs of UDP sockets for a stream: an even port for RTP, the odd one above it for RTCP (RFC 3550 section 11)."""

from __future__ import annotations

import contextlib
import errno
import secrets
import socket
from ipaddress import ip_address

RECEIVE_BUFFER_BYTES = 128 * 1024
"""A few seconds of sound in small packets, for a loop that stands still."""
SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
_EXPEDITED_FORWARDING = 0xB8
"""DSCP 46 (RFC 3246, RFC 4594): sound goes first where the network knows how."""
_TAKEN = (errno.EADDRINUSE, errno.EACCES)


class NoPortsError(Exception):
    """Every pair of the range is in use."""


class PortPair:
    """Two non-blocking sockets on neighbouring ports; `close` gives them back."""

    __slots__ = ("_pool", "address", "port", "rtcp", "rtp", "timestamps")

    def __init__(self, pool: PortPool, rtp: socket.socket, rtcp: socket.socket) -> None:
        self._pool = pool
        self.rtp = rtp
        self.rtcp = rtcp
        self.address: str = rtp.getsockname()[0]
        """Where it is bound, numeric."""
        self.port: int = rtp.getsockname()[1]
        """Even; RTCP has the next one."""
        self.timestamps = _ask_for_timestamps(rtp) and _ask_for_timestamps(rtcp)
        """The kernel notes when each packet came, and tells it by `recvmsg`."""

    def close(self) -> None:
        """Close both and give the ports back to their pool; idempotent."""
        if self.rtp.fileno() >= 0:
            self.rtp.close()
            self.rtcp.close()
            self._pool.give_back(self.port)


class PortPool:
    """Hands out pairs from a range of ports on one local address. For one thread.

    Args:
        address: a numeric address of this machine, IPv4 or IPv6.
        ports: the range; a last even port without its odd neighbour is not used.

    Raises:
        ValueError: no numeric address, or a range that holds no pair.
    """

    def __init__(self, address: str, ports: range) -> None:
        self._address = address
        self._family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
        first = ports.start + ports.start % 2
        self._evens = range(first, ports.stop - 1, 2)
        if not self._evens or not 1024 <= first < ports.stop <= 65536:
            raise ValueError(f"ports {ports.start} to {ports.stop - 1} hold no pair between 1024 and 65535")
        self._used: set[int] = set()

    @property
    def in_use(self) -> int:
        """Pairs that are out."""
        return len(self._used)

    def take(self) -> PortPair:
        """A pair from a random place in the range, so that a stranger can't guess it, nor a late packet of the last
        call meet the next.

        Raises:
            NoPortsError: all are in use, by us or by others.
            OSError: the address is none of this machine, or there are no more file descriptors.
        """
        start = secrets.randbelow(len(self._evens))
        for number in range(len(self._evens)):
            port = self._evens[(start + number) % len(self._evens)]
            if port not in self._used and (sockets := self._bind(port)) is not None:
                self._used.add(port)
                return PortPair(self, *sockets)
        raise NoPortsError(f"all {len(self._evens)} pairs of ports on {self._address} are in use")

    def give_back(self, port: int) -> None:
        """Called by the pair when its sockets are closed."""
        self._used.discard(port)

    def _bind(self, port: int) -> tuple[socket.socket, socket.socket] | None:
        with contextlib.ExitStack() as opened:
            sockets = []
            for number in (port, port + 1):
                sock = opened.enter_context(socket.socket(self._family, socket.SOCK_DGRAM))
                try:
                    sock.bind((self._address, number))
                except OSError as error:
                    if error.errno in _TAKEN:
                        return None
                    raise
                _prepare(sock)
                sockets.append(sock)
            opened.pop_all()
        return sockets[0], sockets[1]


def _prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    with contextlib.suppress(OSError):  # not every machine lets one mark packets
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, _EXPEDITED_FORWARDING)
        else:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED_FORWARDING)


def _ask_for_timestamps(sock: socket.socket) -> bool:
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        return sock.getsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS) == 1
    except OSError:
        return False
