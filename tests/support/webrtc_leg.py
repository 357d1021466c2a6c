"""The leg of a browser call without a browser: packets are given to its stream as if they had just been decrypted."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.media.frames import SILENCE, Frame, to_frames
from gateway.transport.leg import HotlineState, LegInfo, LegInput
from gateway.transport.rtp.datagrams import Send
from gateway.transport.rtp.packet import RtpPacket, pack_packet
from gateway.transport.rtp.sender import RtpSender
from gateway.transport.rtp.telephone_event import KEYS
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.leg import WebrtcLeg
from gateway.transport.webrtc.messages import Said
from gateway.transport.webrtc.stream import OPUS, BrowserStream
from tests.support.sound import tone

TICK_MS = 20
TICKS = 960
"""Of Opus' clock, in 20 ms."""
SOUND, EVENT = 111, 110
EVENT_PACKETS = 5


@dataclass
class PlainConnection:
    """A connection without encryption; keeps what goes over it."""

    sent: list[bytes] = field(default_factory=list)
    selected: object = "the only way"

    @property
    def way(self) -> Send:
        return lambda data: not self.sent.append(data)

    def protect(self, packet: bytes) -> bytes:
        return packet

    def send_control(self, packet: bytes, way: Send) -> None:
        way(packet)


@dataclass
class Page:
    """What a leg asks of its call, and what the page sees."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    hung_up: list[str] = field(default_factory=list)

    def tell(self, message: str) -> None:
        self.messages.append(json.loads(message))

    def hang_up(self, reason: str) -> None:
        self.hung_up.append(reason)

    def seen(self, kind: str) -> list[dict[str, Any]]:
        """The messages of a kind."""
        return [message for message in self.messages if message["type"] == kind]


class Talk:
    """A leg, its stream, its page and its time.

    Args:
        config: settings of the table `[webrtc]`.
        info: who calls whom.
    """

    def __init__(self, info: LegInfo | None = None, **config: Any) -> None:
        self.now_ms = 1000.0
        self.sender = RtpSender()
        self.connection, self.page = PlainConnection(), Page()
        self.stream = BrowserStream(self.sender, SOUND, {EVENT: 48000}, ssrc=7, cname="us", clock=lambda: self.now_ms)
        self.stream.begin(self.connection)
        known = info or LegInfo(caller_number="", called_number="", transport="webrtc")
        self.leg = WebrtcLeg(known, self.page, self.stream, WebrtcConfig(**config), lambda: {"ice": "host/prflx"})
        self.number = 0
        self.ssrc = 99
        self._encode = OPUS.encoder(TICK_MS).encode

    def sound(self, frame: Frame) -> bytes:
        """The next packet of sound."""
        return self.packet(SOUND, self._encode(frame))

    def packet(self, kind: int, payload: bytes, *, at: int | None = None) -> bytes:
        """The next packet."""
        number, self.number = self.number, self.number + 1
        stamp = (number if at is None else at) * TICKS
        return pack_packet(RtpPacket(kind, number & 0xFFFF, stamp, self.ssrc, payload, marker=False))

    def key(self, key: str, part: int) -> bytes:
        """A packet of a key's event, of `EVENT_PACKETS`."""
        end = 0x80 if part == EVENT_PACKETS - 1 else 0
        payload = bytes((KEYS.index(key), end)) + ((part + 1) * TICKS).to_bytes(2, "big")
        return self.packet(EVENT, payload, at=self.number - part)

    def tick(self, *packets: bytes, state: HotlineState | None = None) -> LegInput:
        """20 ms, at whose end these packets have come."""
        for packet in packets:
            self.stream.accept(packet)
        heard = self.leg.receive(self.now_ms - 1000, state or HotlineState(speaking=False, listening=True))
        self.now_ms += TICK_MS
        return heard


class PlayedBrowser:
    """A `Leg`: the gateway's, to which a browser sends a packet before each `receive`.

    Args:
        info: who calls whom.
        says: what they say first.
        keys: what they press then; a second later they hang up.
    """

    def __init__(self, info: LegInfo, says: Frame, keys: str) -> None:
        self._talk = Talk(info)
        self._ends = False
        self._script: deque[Frame | tuple[str, int]] = deque([*to_frames(says), SILENCE])
        for key in keys:
            self._script += [(key, part) for part in range(EVENT_PACKETS)]
            self._script += [SILENCE] * EVENT_PACKETS
        self._script += [SILENCE] * 50

    @property
    def info(self) -> LegInfo:
        return self._talk.leg.info

    @property
    def line(self) -> Mapping[str, Any] | None:
        return self._talk.leg.line

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        talk = self._talk
        if self._script:
            what = self._script.popleft()
            talk.stream.accept(talk.key(*what) if isinstance(what, tuple) else talk.sound(what))
        elif not self._ends:
            self._ends = True
            talk.leg.said(Said("bye"))
        talk.now_ms = 1000 + now_ms
        return talk.leg.receive(now_ms, state)

    def send(self, frame: Frame) -> None:
        self._talk.leg.send(frame)

    def transfer(self, queue: str) -> None:
        self._talk.leg.transfer(queue)

    def hang_up(self, reason: str) -> None:
        self._talk.leg.hang_up(reason)


def browser(info: LegInfo) -> PlayedBrowser:
    """A caller who says half a second, presses 42#, waits and hangs up."""
    return PlayedBrowser(info, tone(500), "42#")
