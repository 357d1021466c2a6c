"""One thread that sends for all streams: a grid of 10 ms on the monotonic clock, whatever the event loop is doing.

The process should call `sys.setswitchinterval(0.0005)`: a busy loop then lets this thread in after half a millisecond.
"""

from __future__ import annotations

import logging
import secrets
import struct
import threading
import time
from typing import NamedTuple

from gateway.media.pacer import GRID_MS, Pacer
from gateway.transport.rtp.datagrams import Send
from gateway.transport.rtp.srtp import Transform

log = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 2.0
_PACK = struct.Struct("!BBHII").pack
_PLAIN = 0x80
_MARKER = 0x80


def monotonic_ms() -> float:
    """The clock of the deadlines, ms."""
    return time.monotonic() * 1000


class Route(NamedTuple):
    """How the packets of a line look and where they go."""

    payload_type: int
    clock_hz: int
    silence: bytes
    """A payload of one packet."""
    send: Send | None
    """None: on hold, or nobody to send to. Time goes on."""
    protect: Transform | None = None
    """Encryption."""


class Line:
    """What one stream sends. `push` and the rest are for the stream's thread, `run` for the sender's.

    Args:
        pacer: of the packet time agreed on.
        route: how and where to.
        now_ms: the time stamps count from here.
        ssrc: ours; any, when left out.
    """

    __slots__ = (
        "_base",
        "_lock",
        "_origin_ms",
        "_pacer",
        "_route",
        "_sequence",
        "_talking",
        "errors",
        "octets",
        "packets",
        "ssrc",
    )

    def __init__(self, pacer: Pacer, route: Route, now_ms: float, *, ssrc: int | None = None) -> None:
        self._pacer = pacer
        self._route: Route | None = route
        self._lock = threading.Lock()
        self._origin_ms = int(now_ms) // GRID_MS * GRID_MS
        self._base = secrets.randbits(32)
        self._sequence = secrets.randbits(15)
        self._talking = False
        self.ssrc = secrets.randbits(32) if ssrc is None else ssrc
        self.packets = 0
        self.octets = 0
        """Of payload."""
        self.errors = 0
        """Packets that the kernel wouldn't take."""

    @property
    def pacer(self) -> Pacer:
        """Where packets wait for their time."""
        return self._pacer

    def push(self, payload: bytes, now_ms: float) -> None:
        """Give the next packet's payload."""
        self._pacer.push(payload, now_ms)

    def change(self, route: Route, pacer: Pacer | None = None) -> None:
        """Send otherwise or elsewhere from the next packet on; with `pacer`, in packets of another length."""
        with self._lock:
            if self._route is not None:
                self._route = route
                self._pacer = pacer or self._pacer

    def close(self) -> None:
        """Once this has returned, nothing more is sent. Idempotent."""
        with self._lock:
            self._route = None

    def timestamp_at(self, now_ms: float, clock_hz: int) -> int:
        """The RTP time stamp of a moment on the monotonic clock, 32 bits."""
        return self._base + int((now_ms - self._origin_ms) * clock_hz / 1000) & 0xFFFF_FFFF

    def run(self, now_ms: float) -> None:
        """Send what is due."""
        if self._pacer.next_ms > now_ms:
            return
        with self._lock:  # the socket may not be closed, nor its number be given to another one, while it is used
            route = self._route
            while route is not None and (slot := self._pacer.take(now_ms)) is not None:
                if route.send is None:
                    self._talking = False
                else:
                    talking = self._talking and slot.follows
                    self._send(route, route.send, slot.payload or route.silence, (slot.deadline_ms, talking))

    def _send(self, route: Route, send: Send, payload: bytes, when: tuple[int, bool]) -> None:
        deadline_ms, talking = when
        timestamp = self._base + (deadline_ms - self._origin_ms) * route.clock_hz // 1000 & 0xFFFF_FFFF
        kind = route.payload_type if talking else route.payload_type | _MARKER
        packet: bytes | None = _PACK(_PLAIN, kind, self._sequence, timestamp, self.ssrc) + payload
        self._sequence = self._sequence + 1 & 0xFFFF
        self._talking = True
        if route.protect is not None and packet is not None:
            packet = route.protect(packet)
        if packet is not None and send(packet):
            self.packets += 1
            self.octets += len(payload)
        else:
            self.errors += 1


class RtpSender:
    """The thread. Owned by whoever starts it, who closes it when all streams are closed."""

    def __init__(self) -> None:
        self._lines: tuple[Line, ...] = ()
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def lines(self) -> int:
        """How many are being sent."""
        return len(self._lines)

    def start(self) -> None:
        """Begin to send; idempotent."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="rtp-sender", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread and wait for it; idempotent. Lines that are still there are sent no longer."""
        self._closing = True
        self._changed.set()
        if self._thread is not None:
            self._thread.join(_CLOSE_TIMEOUT_S)
            self._thread = None

    def add(self, line: Line) -> None:
        """Send a line from now on."""
        with self._lock:
            self._lines = (*self._lines, line)
        self._changed.set()

    def remove(self, line: Line) -> None:
        """Close a line; once this has returned, nothing more of it is sent. Idempotent."""
        line.close()
        with self._lock:
            self._lines = tuple(other for other in self._lines if other is not line)

    def _until_next(self, now_ms: float) -> float:
        """To the next point of the grid at which something may be due, ms. Where nothing is yet, it may be begun: a
        first packet is due no sooner than `LEAD_MS` after it was pushed."""
        following_ms = (now_ms // GRID_MS + 1) * GRID_MS
        due_ms = min((line.pacer.next_ms for line in self._lines), default=0.0)
        return min(max(following_ms, due_ms), following_ms + GRID_MS) - now_ms

    def _run(self) -> None:
        while not self._closing:
            if not self._lines:
                self._changed.wait()
                self._changed.clear()
                continue
            time.sleep(self._until_next(monotonic_ms()) / 1000)
            now_ms = monotonic_ms()
            for line in self._lines:
                try:
                    line.run(now_ms)
                except Exception:
                    # A mistake in one line must not silence the others.
                    log.exception("a line can't be sent")
                    self.remove(line)
