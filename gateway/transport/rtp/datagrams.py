"""Datagrams in and out at the lowest cost, and when the kernel got them.

Sending: CPython lets go of its lock for every `sendto`. Where a thread sends for 100 calls and the event loop is busy,
the loop may take the lock each time and keep it for a switch interval: measured, 16 ms for one round of 100 packets
instead of 1. So on Linux libc's `sendto` is called by `ctypes.PyDLL`, which keeps the lock for those 3 us.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from gateway.transport.rtp.packet import MAX_DATAGRAM_BYTES
from gateway.transport.rtp.ports import SO_TIMESTAMPNS

Address = tuple[str, int]
"""Numeric host and port."""
Source = tuple[Any, ...]
"""A socket address: host and port, of IPv6 flow and scope too."""
Send = Callable[[bytes], bool]
"""Put a datagram on the line; False when the kernel wouldn't take it."""

_MAX_AGE_MS = 10_000.0
_TIMESPEC = struct.Struct("@qq")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)


def _native_address(family: int, address: Address) -> bytes:
    """A `struct sockaddr_in` or `sockaddr_in6` of Linux."""
    host, port = address
    packed = socket.inet_pton(family, host)
    head = struct.pack("=H", family) + struct.pack("!H", port)
    if family == socket.AF_INET6:
        return head + bytes(4) + packed + bytes(4)
    return head + packed + bytes(8)


def _libc_sendto() -> Callable[..., int]:
    sendto = ctypes.PyDLL(None).sendto
    sendto.restype = ctypes.c_ssize_t
    sendto.argtypes = [
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_char_p,
        ctypes.c_uint,
    ]
    return sendto


_SENDTO = _libc_sendto() if sys.platform == "linux" else None


def sender_to(sock: socket.socket, address: Address, *, keeps_lock: bool = True) -> Send:
    """A function that sends from a non-blocking UDP socket to one address. It must not be called once that is closed.

    Args:
        sock: where from.
        address: where to, of the socket's own family.
        keeps_lock: by libc where that is possible; else by Python.

    Raises:
        OSError: no numeric address of the socket's family.
        ValueError: no port.
    """
    if not 0 < address[1] < 65536:
        raise ValueError(f"{address[1]} is no port to send to")
    try:
        native = _native_address(sock.family, address)
    except (OSError, ValueError) as error:
        raise OSError(f"'{address[0]}' can't be reached from {sock.getsockname()[0]}") from error
    if _SENDTO is None or not keeps_lock:
        return _plain(sock, address)
    fd, size, call = sock.fileno(), len(native), _SENDTO
    flags = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL

    def send(data: bytes) -> bool:
        return bool(call(fd, data, len(data), flags, native, size) >= 0)

    return send


def _plain(sock: socket.socket, address: Address) -> Send:
    def send(data: bytes) -> bool:
        try:
            sock.sendto(data, address)
        except OSError:
            return False
        return True

    return send


def drain(sock: socket.socket, limit: int, now_ms: float, *, timestamps: bool) -> Iterator[tuple[bytes, Source, float]]:
    """What lies in a non-blocking socket, at most `limit` datagrams: data, the source's socket address, arrival.

    Args:
        sock: a UDP socket.
        limit: the rest stays for the next time.
        now_ms: the time now, on a clock of milliseconds that the arrivals are to be on.
        timestamps: the kernel notes when they come (`SO_TIMESTAMPNS`); else they count as arrived now.
    """
    wall_s = time.time()
    receive = sock.recvmsg
    room = _ANCILLARY_BYTES if timestamps else 0
    for _ in range(limit):
        try:
            data, ancillary, flags, source = receive(MAX_DATAGRAM_BYTES, room)
        except BlockingIOError:
            return
        except OSError:  # told by ICMP: an earlier datagram of ours didn't arrive
            continue
        if flags & socket.MSG_TRUNC:
            continue
        arrival_ms = now_ms
        if ancillary and ancillary[0][1] == SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
            age_ms = (wall_s - seconds) * 1000 - nanoseconds / 1e6
            if 0 < age_ms < _MAX_AGE_MS:  # else the wall clock was set
                arrival_ms -= age_ms
        yield data, source, arrival_ms
