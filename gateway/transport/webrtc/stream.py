"""The sound of one browser call: packets to frames and back, keys, reports. Made of the telephone's own parts."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from gateway.media.codecs import CODECS
from gateway.media.frames import FRAME_MS, SILENCE, Frame
from gateway.media.pacer import Pacer
from gateway.transport.limits import RateLimit
from gateway.transport.rtp.datagrams import Send
from gateway.transport.rtp.outgoing import Packetizer
from gateway.transport.rtp.packet import RtpPacket, parse_packet
from gateway.transport.rtp.receiver import SoundReceiver
from gateway.transport.rtp.reporting import Reporting, Sent
from gateway.transport.rtp.rtcp import parse_report
from gateway.transport.rtp.sender import Line, Route, RtpSender, monotonic_ms
from gateway.transport.rtp.tally import Tally
from gateway.transport.rtp.telephone_event import EventReceiver

OPUS = CODECS["opus"]
LEAST_DELAY_MS = 10.0
"""That a packet waits for those before it: browsers send evenly, and a tick comes only every 20 ms anyway."""
KEYS_PER_S = 20.0
"""More than anybody presses."""
_CONTROL_EVERY_TICKS = 5


class Connection(Protocol):
    """What a stream needs of the peer it belongs to."""

    @property
    def selected(self) -> object: ...

    @property
    def way(self) -> Send | None: ...

    def protect(self, packet: bytes) -> bytes | None: ...

    def send_control(self, packet: bytes, way: Send) -> None: ...


class Received(NamedTuple):
    """What one tick brought."""

    frame: Frame
    keys: tuple[str, ...]


class BrowserStream:
    """Of one call, from its connection to its end. All methods are for the event loop's thread, none of them blocks.

    `receive` and `send` are called once per 20 ms, in this order. Their `now_ms` is the call's own clock, which counts
    20 ms for each tick, also when a late loop catches up with several at once; `clock` is the real time beside it.

    Args:
        sender: the thread that sends, running.
        payload_type: of Opus, both ways.
        telephone_events: payload type -> clock rate of keys (RFC 4733) that were agreed on.
        ssrc: ours, as the answer says it.
        cname: our name, likewise.
        clock: monotonic, ms; the clock of `sender`.
    """

    def __init__(
        self,
        sender: RtpSender,
        payload_type: int,
        telephone_events: Mapping[int, int],
        *,
        ssrc: int,
        cname: str,
        clock: Callable[[], float] = monotonic_ms,
    ) -> None:
        self._sender = sender
        self._payload_type = payload_type
        self._telephone_events = frozenset(telephone_events)
        self._clock = clock
        self._connection: Connection | None = None
        self._way: Send | None = None
        self._selected: object = None
        self._closed = False
        self._offset_ms = float("inf")
        """From the call's clock to the real one: the least that a tick was late."""
        self._now_ms: float | None = None
        self._tick = 0
        self._heard_ms = 0.0
        self._keys: list[str] = []
        self._key_limit = RateLimit(KEYS_PER_S)
        self._ssrc: int | None = None
        self._packetizer = Packetizer(OPUS, FRAME_MS)
        self._silence = OPUS.silence(FRAME_MS)
        self._receiver = SoundReceiver(OPUS, FRAME_MS, least_delay_ms=LEAST_DELAY_MS)
        self._events = EventReceiver()
        self._tally = Tally(OPUS.rtp_clock_hz)
        self._line = Line(Pacer(FRAME_MS), self._route(), clock(), ssrc=ssrc)
        self._reporting = Reporting(ssrc, cname, clock())

    def _route(self) -> Route:
        protect = self._connection.protect if self._connection is not None else None
        return Route(self._payload_type, OPUS.rtp_clock_hz, self._silence, self._way, protect)

    def begin(self, connection: Connection) -> None:
        """Send from now on, by this connection."""
        self._connection = connection
        self._aim()
        self._sender.add(self._line)

    def _aim(self) -> None:
        connection = self._connection
        if connection is not None and connection.selected is not self._selected:
            self._selected, self._way = connection.selected, connection.way
            self._line.change(self._route())

    # -------------------------------------------------------------------------------------------- what comes, decrypted

    def accept(self, data: bytes) -> None:
        """A packet of RTP. What comes before the first tick is from before the call, and is not heard."""
        packet = parse_packet(data)
        if packet is None:
            self._tally.malformed += 1
            return
        if self._now_ms is None or self._closed:
            return
        # A loop that was held up finds packets that came in time: they belong to the ticks that it catches up with.
        arrival_ms = min(self._clock() - self._offset_ms, self._now_ms + FRAME_MS)
        if packet.ssrc != self._ssrc:
            self._begin_source(packet.ssrc)
        self._heard_ms = arrival_ms
        self._hear(packet, arrival_ms)

    def _begin_source(self, ssrc: int) -> None:
        """The browser, which alone has the keys, sends something else: another microphone."""
        if self._ssrc is not None:
            self._tally.begin(OPUS.rtp_clock_hz)
            self._receiver.reset()
            self._events = EventReceiver()
            self._reporting.forget_source()
        self._ssrc = ssrc

    def _hear(self, packet: RtpPacket, arrival_ms: float) -> None:
        kind, sequence = packet.payload_type, packet.sequence
        is_sound = kind == self._payload_type and bool(packet.payload)
        if not self._tally.source.accept(sequence, packet.timestamp if is_sound else None, arrival_ms):
            return
        if is_sound:
            self._receiver.put((sequence, packet.timestamp, packet.payload), arrival_ms)
            return
        self._receiver.playout.passed(sequence)
        if kind in self._telephone_events:
            for key in self._events.accept(packet.timestamp, packet.payload):
                if self._key_limit.allows("key", arrival_ms):
                    self._keys.append(key)
        elif kind != self._payload_type:
            self._tally.unexpected += 1

    def accept_control(self, data: bytes) -> None:
        """A packet of RTCP."""
        if (report := parse_report(data)) is not None and (self._ssrc is None or report.ssrc == self._ssrc):
            self._reporting.read(report, self._clock(), time.time())

    # ------------------------------------------------------------------------------------------------------- the ticks

    def receive(self, now_ms: float) -> Received:
        """What came since the last tick: one frame, made up where there is none, and the keys pressed."""
        if self._closed:
            return Received(SILENCE, ())
        if self._now_ms is None:
            self._heard_ms = now_ms
        self._now_ms = now_ms
        self._offset_ms = min(self._offset_ms, self._clock() - now_ms)
        self._aim()
        self._tick += 1
        if self._tick % _CONTROL_EVERY_TICKS == 0:
            self._report()
        keys = tuple(self._keys)
        self._keys.clear()
        return Received(self._receiver.pull(now_ms), keys)

    def silent_ms(self, now_ms: float) -> float:
        """How long no sound has come, counted from the first tick."""
        return max(0.0, now_ms - self._heard_ms)

    def send(self, frame: Frame) -> None:
        """Say the next 20 ms; shape (320,). No effect after `close`."""
        if self._closed:
            return
        now_ms = self._clock()
        for payload in self._packetizer.encode(frame):
            self._line.push(payload, now_ms)

    def _report(self, *, last: bool = False) -> None:
        real_ms = self._clock()
        connection, way = self._connection, self._way
        if connection is None or way is None or not (last or self._reporting.is_due(real_ms)):
            return
        line = self._line
        sent = Sent(line.timestamp_at(real_ms, OPUS.rtp_clock_hz), line.packets, line.octets)
        heard = None if self._ssrc is None else (self._ssrc, self._tally.source)
        connection.send_control(self._reporting.write(real_ms, time.time(), sent, heard, last=last), way)

    def report(self) -> dict[str, Any]:
        """How the line was so far; JSON's own types, for the call's record."""
        return {
            "codec": OPUS.name,
            "ptime_ms": FRAME_MS,
            **self._tally.figures(self._receiver),
            **self._tally.sent(self._line),
            **self._tally.remote(self._reporting, OPUS.rtp_clock_hz),
        }

    def halt(self) -> None:
        """Send nothing any more, once this has returned: there is no way to send on. Idempotent."""
        self._sender.remove(self._line)
        self._connection = self._way = None

    def close(self) -> None:
        """Say good-bye by RTCP and stop sending; idempotent. The connection is still open."""
        if self._closed:
            return
        self._closed = True
        self._sender.remove(self._line)
        self._report(last=True)


def new_ssrc() -> int:
    """32 bits."""
    return secrets.randbits(32)
