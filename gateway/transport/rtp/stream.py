"""The sound of one call: its sockets, whom it hears, what it plays, what it says, and how all that went."""

from __future__ import annotations

import contextlib
import secrets
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from gateway.media import comfort_noise
from gateway.media.dtmf import DtmfDetector
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SILENCE, Frame
from gateway.media.pacer import Pacer
from gateway.transport.rtp.control import ControlChannel, Heard
from gateway.transport.rtp.datagrams import Send, Source, drain, sender_to
from gateway.transport.rtp.keys import KeyMerger
from gateway.transport.rtp.latch import Arrived, Latch, Verdict
from gateway.transport.rtp.outgoing import Packetizer
from gateway.transport.rtp.packet import RtpPacket, is_rtcp, parse_packet
from gateway.transport.rtp.plan import StreamPlan
from gateway.transport.rtp.ports import PortPair
from gateway.transport.rtp.receiver import SoundReceiver
from gateway.transport.rtp.reporting import Reporting, Sent
from gateway.transport.rtp.sender import Line, Route, RtpSender, monotonic_ms
from gateway.transport.rtp.srtp import SrtpContext
from gateway.transport.rtp.tally import Tally
from gateway.transport.rtp.telephone_event import EventReceiver, looks_like_event

__all__ = ["Received", "RtpStream", "StreamPlan"]

MAX_DATAGRAMS = 64
"""Read in one tick: a flood can't keep the loop."""
_CONTROL_EVERY_TICKS = 5
_MAX_FORGOTTEN = 1024
"""At once; a socket's buffer holds about 340 packets."""


class Received(NamedTuple):
    """What one tick brought."""

    frame: Frame
    keys: tuple[str, ...]


class RtpStream:
    """Of one call, from its first agreement to its end. All methods are for one thread, and none of them blocks.

    `receive` and `send` are called once per 20 ms, in this order. Their `now_ms` is the call's own clock: it counts
    20 ms for each tick, also when a late loop catches up with several at once. `clock` is the real time beside it.

    Args:
        sockets: given back to their pool by `close`.
        sender: the thread that sends, running.
        plan: what was agreed on; another one may follow.
        clock: monotonic, ms; the clock of `sender`.

    Raises:
        ValueError: the codec has no packets of `plan.ptime_ms`.
    """

    def __init__(
        self, sockets: PortPair, sender: RtpSender, plan: StreamPlan, clock: Callable[[], float] = monotonic_ms
    ) -> None:
        self._sockets = sockets
        self._sender = sender
        self._plan = plan
        self._clock = clock
        self._closed = False
        self._offset_ms = float("inf")
        """From the call's clock to the real one: the least that a tick was late."""
        self._now_ms = float("-inf")
        self._tick = 0
        self._heard_ms: float | None = None
        self._quiet_from_ms: float | None = None
        self._keys: list[str] = []
        self._ahead: deque[tuple[bytes, Source, float]] = deque()
        self._packetizer = Packetizer(plan.codec, plan.ptime_ms)
        self._receiver = SoundReceiver(plan.codec, plan.ptime_ms)
        self._events = EventReceiver()
        self._merger = KeyMerger()
        self._detector = DtmfDetector()
        self._latch = Latch(plan.remote)
        self._tally = Tally(plan.codec.rtp_clock_hz)
        self._srtp = SrtpContext(plan.srtp) if plan.srtp is not None else None
        self._line = Line(Pacer(plan.ptime_ms), self._route(None), clock())
        cname = secrets.token_urlsafe(12)
        self._control = ControlChannel(sockets, Reporting(self._line.ssrc, cname, clock()))
        self._aim()
        sender.add(self._line)

    @property
    def heard_anything(self) -> bool:
        """A packet of a pinned source has come, ever."""
        return self._heard_ms is not None

    def silent_ms(self, now_ms: float) -> float:
        """How long nothing has come from the pinned source: no sound, no comfort noise, no keep-alive. Counted from the
        first tick, and from the last `update` that began to receive or named another address."""
        if self._ahead:  # what has come already is only not due yet
            return 0.0
        since_ms = [at_ms for at_ms in (self._heard_ms, self._quiet_from_ms) if at_ms is not None]
        return max(0.0, now_ms - max(since_ms)) if since_ms else 0.0

    def forget_unread(self) -> None:
        """Throw away what has come and was not read, such as sound and keys from before the call's first tick."""
        if not self._closed:
            for _ in drain(self._sockets.rtp, _MAX_FORGOTTEN, 0.0, timestamps=False):
                pass

    def receive(self, now_ms: float) -> Received:
        """What came since the last tick: one frame, made up where there is none, and the keys pressed."""
        if self._closed:
            return Received(SILENCE, ())
        real_ms = self._clock()
        self._follow(now_ms, real_ms)
        self._keys.clear()
        for data, source, arrival_ms in self._arrived(now_ms, real_ms):
            self._take(data, source, arrival_ms)
        self._tick += 1
        if self._tick % _CONTROL_EVERY_TICKS == 0:
            self._report(real_ms)
        frame = SILENCE
        if self._plan.receives:
            frame = self._receiver.pull(now_ms)
            if self._plan.inband_dtmf and (key := self._detector.accept(frame)) is not None:
                self._press(key, now_ms, tone=True)
        return Received(frame, tuple(self._keys))

    def send(self, frame: Frame) -> None:
        """Say the next 20 ms; shape (320,). No effect after `close`; while on hold it only keeps time.

        Raises:
            ValueError: another shape.
        """
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, not {frame.shape}")
        if self._closed:
            return
        now_ms = self._clock()
        for payload in self._packetizer.encode(frame):
            self._line.push(payload, now_ms)

    def update(self, plan: StreamPlan) -> None:
        """Go on by another agreement. Another remote address opens one new search for the source.

        Raises:
            ValueError: the codec has no packets of `plan.ptime_ms`; then nothing has changed.
        """
        if self._closed:
            return
        before = self._plan
        pacer = None
        if (plan.codec.name, plan.ptime_ms) != (before.codec.name, before.ptime_ms):
            self._packetizer = Packetizer(plan.codec, plan.ptime_ms)
            pacer = Pacer(plan.ptime_ms)
        self._plan = plan
        if plan.codec.name != before.codec.name:
            self._tally.keep(self._receiver, plan.codec.rtp_clock_hz)
            self._receiver = SoundReceiver(plan.codec, plan.ptime_ms)
        if plan.srtp != before.srtp:
            self._srtp = SrtpContext(plan.srtp, self._srtp) if plan.srtp is not None else None
        if plan.remote != before.remote:
            self._latch.reopen(plan.remote)
        if plan.receives and not before.receives:
            self._receiver.reset()
        if plan.remote != before.remote or plan.receives != before.receives:
            self._quiet_from_ms = self._now_ms if self._quiet_from_ms is not None else None
        self._aim(pacer)

    def report(self) -> dict[str, Any]:
        """How the line was so far; JSON's own types, for the call's record."""
        return {
            "codec": self._plan.codec.name,
            "ptime_ms": self._plan.ptime_ms,
            "srtp": self._plan.srtp.ours.suite if self._plan.srtp is not None else None,
            **self._tally.figures(self._receiver),
            **self._tally.sent(self._line),
            **self._tally.remote(self._control.reporting, self._plan.codec.rtp_clock_hz),
            "rtcp_foreign": self._control.foreign,
        }

    def close(self) -> None:
        """Say good-bye by RTCP, stop sending and give the ports back; idempotent."""
        if self._closed:
            return
        self._closed = True
        self._sender.remove(self._line)
        real_ms = self._clock()
        if self._line.packets or self._control.reporting.reports_sent:  # who never spoke needn't say good-bye
            self._control.send(real_ms, self._sent(real_ms), self._heard(), last=True)
        self._sockets.close()

    def _arrived(self, now_ms: float, real_ms: float) -> Iterator[tuple[bytes, Source, float]]:
        """What has come by now on the call's clock. A late loop that catches up finds there what came after that too:
        it waits, here and in the socket, for the tick that it belongs to, or most of it would be too much at once."""
        if not self._ahead:
            time_ms, timestamps = real_ms - self._offset_ms, self._sockets.timestamps
            self._ahead.extend(drain(self._sockets.rtp, MAX_DATAGRAMS, time_ms, timestamps=timestamps))
        while self._ahead and self._ahead[0][2] <= now_ms + FRAME_MS:
            yield self._ahead.popleft()

    def _follow(self, now_ms: float, real_ms: float) -> None:
        """Keep the call's clock and the real one together; a late tick must not look like a late packet."""
        if now_ms < self._now_ms:  # the call's clock begins anew
            self._offset_ms = float("inf")
            self._ahead.clear()
            self._receiver.reset()
            self._heard_ms = None if self._heard_ms is None else now_ms
            self._quiet_from_ms = None
        self._now_ms = now_ms
        self._offset_ms = min(self._offset_ms, real_ms - now_ms)
        if self._quiet_from_ms is None:
            self._quiet_from_ms = now_ms

    def _take(self, data: bytes, source: Source, arrival_ms: float) -> None:
        """One datagram from anybody."""
        if self._plan.rtcp_mux and is_rtcp(data):
            self._control.accept(data, source, arrival_ms + self._offset_ms, (self._latch.source, self._heard()))
            return
        plain: bytes | None = data
        if self._srtp is not None:
            if not self._latch.may_be(source):
                self._tally.foreign += 1
                return
            plain = self._srtp.unprotect(data)
            if plain is None:
                self._tally.not_authentic += 1
                return
        packet = parse_packet(plain) if plain is not None else None
        if packet is None:
            self._tally.malformed += 1
        elif self._latch.is_pinned(source, packet.ssrc):
            self._latch.heard_ms = arrival_ms
            self._hear(packet, arrival_ms)
        else:
            self._judge(source, Arrived(packet, arrival_ms))

    def _judge(self, source: Source, arrived: Arrived) -> None:
        """A packet that isn't from the pinned source."""
        kind, plan = arrived.packet.payload_type, self._plan
        expected = kind in (plan.payload_type, plan.telephone_event, plan.comfort_noise)
        if self._latch.judge(source, arrived, expected=expected) is Verdict.FOREIGN:
            self._tally.foreign += 1
            return
        self._tally.foreign -= len(self._latch.taken) - 1
        self._tally.begin(plan.codec.rtp_clock_hz)
        self._receiver.reset()
        self._events = EventReceiver()
        self._control.reporting.forget_source()
        self._aim()
        for packet, arrival_ms in self._latch.taken:
            self._hear(packet, arrival_ms)

    def _hear(self, packet: RtpPacket, arrival_ms: float) -> None:
        """A packet of the pinned source."""
        plan, kind, sequence = self._plan, packet.payload_type, packet.sequence
        self._heard_ms = arrival_ms
        is_sound = kind == plan.payload_type and bool(packet.payload)  # an empty one is a keep-alive (RFC 6263)
        if not self._tally.source.accept(sequence, packet.timestamp if is_sound else None, arrival_ms):
            return
        if not plan.receives:
            return
        if is_sound:
            self._receiver.put((sequence, packet.timestamp, packet.payload), arrival_ms)
        elif kind in (plan.comfort_noise, comfort_noise.PAYLOAD_TYPE):
            self._receiver.put_noise((sequence, packet.timestamp, packet.payload), arrival_ms)
        else:
            self._receiver.playout.passed(sequence)
            if kind == plan.telephone_event or (plan.telephone_event is None and looks_like_event(packet)):
                for key in self._events.accept(packet.timestamp, packet.payload):
                    self._press(key, arrival_ms, tone=False)
            else:
                self._tally.unexpected += 1

    def _press(self, key: str, now_ms: float, *, tone: bool) -> None:
        delay_ms = self._receiver.playout.delay_ms(now_ms) if self._plan.inband_dtmf else 0.0
        if self._merger.accept(key, now_ms, "tone" if tone else "event", delay_ms=delay_ms):
            self._keys.append(key)

    def _report(self, real_ms: float) -> None:
        if not self._plan.rtcp_mux:
            self._control.poll(real_ms, self._latch.source, self._heard())
        if self._control.reporting.is_due(real_ms):
            self._control.send(real_ms, self._sent(real_ms), self._heard())

    def _heard(self) -> Heard | None:
        ssrc = self._latch.ssrc
        return None if ssrc is None else (ssrc, self._tally.source)

    def _sent(self, real_ms: float) -> Sent:
        line = self._line
        return Sent(line.timestamp_at(real_ms, self._plan.codec.rtp_clock_hz), line.packets, line.octets)

    def _aim(self, pacer: Pacer | None = None) -> None:
        """Send to where the sound comes from; before that is known, to where the SDP says."""
        send: Send | None = None
        address = self._latch.source or self._plan.destination
        if address is not None and self._plan.sends:
            with contextlib.suppress(OSError, ValueError):  # an address that can't be sent to: they are only heard
                send = sender_to(self._sockets.rtp, address)
        self._line.change(self._route(send), pacer)
        self._control.aim(self._plan, self._latch.source, self._srtp)

    def _route(self, send: Send | None) -> Route:
        plan, srtp = self._plan, self._srtp
        silence = plan.codec.silence(plan.ptime_ms)
        return Route(plan.payload_type, plan.codec.rtp_clock_hz, silence, send, srtp.protect if srtp else None)
