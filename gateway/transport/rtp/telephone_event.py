"""Keys as telephone-event packets (RFC 4733): read so that each press counts once, whatever the line does to it.

An event is its RTP time stamp. It is reported with the first packet of it that arrives, whichever that is: the marker
bit, the first packets and the end packets may all be lost. Whatever carries a time stamp that isn't newer than that of
the last event is a copy or has come too late to be put into the right place, and is no key.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from gateway.transport.rtp.packet import TIMESTAMP_MASK, RtpPacket, signed_32

KEYS = "0123456789*#ABCD"
"""By event code, 0 to 15. Higher codes (flash, tones) are no keys."""
MAX_DURATION = 0xFFFF
_SEGMENT_FROM = 0xF000
"""A press longer than 65535 ticks goes on as a new event right behind (RFC 4733 section 2.5.1.3); a little less, for
senders that break off at the last whole packet."""
_NEWER_AGAIN_TICKS = 1 << 28
"""A time stamp so far back is a sender that has begun anew."""
_MAX_BLOCKS = 8
_END = 0x80
_RESERVED = 0x40
_FIRST_DYNAMIC = 96
_BLOCK = struct.Struct("!BBH")


def looks_like_event(packet: RtpPacket) -> bool:
    """Could a packet of an unknown dynamic payload type be one? One block, a key's code, the reserved bit not set."""
    payload = packet.payload
    if packet.payload_type < _FIRST_DYNAMIC or len(payload) != _BLOCK.size:
        return False
    return payload[0] < len(KEYS) and not payload[1] & _RESERVED


class EventReceiver:
    """Turns the event packets of one source into keys."""

    __slots__ = ("_codes", "_ended", "_longest", "_newest")

    def __init__(self) -> None:
        self._newest: int | None = None
        self._codes: set[int] = set()
        """Those reported with the newest time stamp: some senders never change it."""
        self._longest = 0
        self._ended = False

    def accept(self, timestamp: int, payload: bytes) -> tuple[str, ...]:
        """The keys that begin with this packet, mostly none. Total.

        Args:
            timestamp: of the packet, 32 bits: when its first event began.
            payload: blocks of 4 bytes; further ones follow the one before in time (RFC 4733 section 2.5.1.5).
        """
        keys: tuple[str, ...] = ()
        for start in range(0, min(len(payload) // _BLOCK.size, _MAX_BLOCKS) * _BLOCK.size, _BLOCK.size):
            code, flags, duration = _BLOCK.unpack_from(payload, start)
            if code < len(KEYS) and self._is_new(timestamp, code, duration, ended=bool(flags & _END)):
                keys += (KEYS[code],)
            timestamp = timestamp + duration & TIMESTAMP_MASK
        return keys

    def _is_new(self, timestamp: int, code: int, duration: int, *, ended: bool) -> bool:
        ahead = 1 if self._newest is None else signed_32(timestamp - self._newest)
        if -_NEWER_AGAIN_TICKS < ahead < 0:
            return False
        if ahead == 0:
            self._longest = max(self._longest, duration)
            self._ended = self._ended or ended
            if code in self._codes:
                return False
            self._codes.add(code)
            return True
        goes_on = not self._ended and code in self._codes and _SEGMENT_FROM <= ahead <= MAX_DURATION
        if goes_on:
            goes_on = self._longest + (MAX_DURATION - _SEGMENT_FROM) >= ahead
        self._newest, self._codes, self._longest, self._ended = timestamp, {code}, duration, ended
        return not goes_on


def key_packets(
    key: str, payload_type: int, start: tuple[int, int, int], *, press_ms: int = 100, clock_hz: int = 8000
) -> Iterator[RtpPacket]:
    """One press as a sender should send it: an update every 20 ms and the end three times.

    Args:
        key: one of `KEYS`.
        payload_type: what was agreed on.
        start: sequence number of the first packet, time stamp of the press, SSRC.
        press_ms: how long the key is held; a multiple of 20, up to 65535 ticks.
        clock_hz: ticks per second, as agreed on.

    Raises:
        ValueError: no key.
    """
    sequence, timestamp, ssrc = start
    code, step = KEYS.index(key), clock_hz // 50
    durations = [step * count for count in range(1, press_ms // 20 + 1)]
    for number, duration in enumerate(durations + durations[-1:] * 2):
        flags = _END | 10 if number >= len(durations) - 1 else 10
        yield RtpPacket(
            payload_type,
            sequence + number & 0xFFFF,
            timestamp,
            ssrc,
            _BLOCK.pack(code, flags, min(duration, MAX_DURATION)),
            marker=number == 0,
        )
