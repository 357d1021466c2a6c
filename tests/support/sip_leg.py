"""The leg of a telephone call on real sockets, with its caller: signalling on virtual time, sound over loopback."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Mapping
from typing import Any

from gateway.media.codecs import CODECS
from gateway.media.frames import SILENCE, Frame, to_frames
from gateway.transport.leg import HotlineState, Leg, LegInfo, LegInput
from gateway.transport.rtp.packet import RtpPacket, pack_packet
from gateway.transport.rtp.telephone_event import KEYS
from gateway.transport.sip.hop import Local
from gateway.transport.sip.media import Sound
from tests.support.sip import Caller, Exchange, sdp
from tests.support.sip_line import WireHop
from tests.support.sound import tone

HERE = "127.0.0.1"
TICK_MS = 20
PCMA, EVENT = 8, 101
EVENT_TICKS = 5
"""A press lasts 100 ms; between two lies as much silence."""


class PlayedCaller:
    """A `Leg`: the gateway's, to which a caller sends a packet before each `receive`.

    Args:
        info: who calls whom.
        says: what they say first.
        keys: what they press then; a second later they hang up.
    """

    def __init__(self, info: LegInfo, says: Frame, keys: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((HERE, 0))
        self._exchange = Exchange(allow=("127.0.0.0/8",), rtp_ports="30000-31999")
        self._sound = Sound(self._exchange.config)
        self._sound.sender.start()
        self._exchange.transport._sound = self._sound
        hop = WireHop(self._exchange.wire, (HERE, 5060), Local("udp", HERE, 5060, HERE))
        self._caller = Caller(self._exchange, hop=hop)
        self._caller.sender = f"<sip:{info.caller_number}@{HERE}>;tag={self._caller.tag}"
        self._caller.call(sdp(host=HERE, port=self._socket.getsockname()[1]))
        self._leg: Leg = self._exchange.leg
        self._port = self._exchange.call.line._sockets.port
        self._sent = 0
        self._ends_ms = 0.0
        self._encode = CODECS["PCMA"].encoder(TICK_MS).encode
        self._script: deque[Frame | tuple[str, int]] = deque([*to_frames(says), SILENCE])
        for key in keys:
            self._script += [(key, tick) for tick in range(EVENT_TICKS)]
            self._script += [SILENCE] * EVENT_TICKS
        self._script += [SILENCE] * 50

    @property
    def info(self) -> LegInfo:
        return self._leg.info

    @property
    def line(self) -> Mapping[str, Any] | None:
        return self._leg.line

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        if self._script:
            self._send(self._script.popleft())
        elif not self._ends_ms:
            self._ends_ms = now_ms
            self._caller.bye()
        self._exchange.timers.advance(TICK_MS)
        return self._leg.receive(now_ms, state)

    def send(self, frame: Frame) -> None:
        self._leg.send(frame)

    def transfer(self, queue: str) -> None:
        self._leg.transfer(queue)

    def hang_up(self, reason: str) -> None:
        self._leg.hang_up(reason)

    def close(self) -> None:
        """End the call, whatever has become of it."""
        self._leg.hang_up("over")
        self._exchange.timers.advance(10 * 60_000)
        self._sound.sender.close()
        self._socket.close()

    def _send(self, what: Frame | tuple[str, int]) -> None:
        number, self._sent = self._sent, self._sent + 1
        kind, at, payload = PCMA, number * 160, b""
        if isinstance(what, tuple):
            key, tick = what
            kind, at = EVENT, (number - tick) * 160
            payload = bytes((KEYS.index(key), 0x80 if tick == EVENT_TICKS - 1 else 0)) + (tick * 160).to_bytes(2, "big")
        else:
            payload = self._encode(what)
        self._socket.sendto(pack_packet(RtpPacket(kind, number, at, 1, payload, marker=False)), (HERE, self._port))


def telephone(info: LegInfo) -> PlayedCaller:
    """A caller who says half a second, presses 42#, waits and hangs up."""
    return PlayedCaller(info, tone(500), "42#")
