"""The header of an RTP packet, read and written (RFC 3550 section 5.1), and how RTCP is told from it (RFC 5761)."""

from __future__ import annotations

import struct
from typing import NamedTuple

HEADER_BYTES = 12
MAX_DATAGRAM_BYTES = 2048
"""More than any codec of ours fills; what is longer arrives cut and is not valid."""
SEQUENCE_MASK = 0xFFFF
TIMESTAMP_MASK = 0xFFFF_FFFF

_VERSION = 2
_PLAIN = 0x80
"""Version 2, no padding, no extension, no CSRC: what nearly every packet begins with."""
_PADDING = 0x20
_EXTENSION = 0x10
_MARKER = 0x80
_RTCP_TYPES = range(192, 224)
"""RFC 5761 section 4."""

_HEADER = struct.Struct("!BBHII")
_unpack = _HEADER.unpack_from
_pack = _HEADER.pack


class RtpPacket(NamedTuple):
    """What a packet says. Contributing sources and header extensions are skipped: nobody here reads them."""

    payload_type: int
    """0 to 127."""
    sequence: int
    """16 bits."""
    timestamp: int
    """32 bits, in ticks of the codec's clock."""
    ssrc: int
    """32 bits."""
    payload: bytes
    """Without padding; may be empty."""
    marker: bool


def parse_packet(data: bytes) -> RtpPacket | None:
    """Read a datagram; None when it is no RTP packet of version 2, or its parts reach beyond its end. Total."""
    if len(data) < HEADER_BYTES:
        return None
    first, second, sequence, timestamp, ssrc = _unpack(data)
    if first == _PLAIN:
        return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, data[HEADER_BYTES:], second >= _MARKER)
    if first >> 6 != _VERSION:
        return None
    payload = _payload(data, first)
    if payload is None:
        return None
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, payload, second >= _MARKER)


def _payload(data: bytes, first: int) -> bytes | None:
    """What is left after CSRCs, extension and padding; None when they don't fit."""
    start = HEADER_BYTES + 4 * (first & 0x0F)
    if first & _EXTENSION:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data)
    if first & _PADDING:
        padding = data[-1]
        if padding == 0:
            return None
        end -= padding
    return data[start:end] if start <= end else None


def pack_packet(packet: RtpPacket) -> bytes:
    """The datagram of a packet, without CSRCs, extension and padding.

    Raises:
        struct.error: a number that doesn't fit into its field.
    """
    second = packet.payload_type | _MARKER if packet.marker else packet.payload_type
    return _pack(_PLAIN, second, packet.sequence, packet.timestamp, packet.ssrc) + packet.payload


def is_rtcp(data: bytes) -> bool:
    """On a port that both share: is this RTCP? (RFC 5761 section 4)."""
    return len(data) > 1 and data[1] in _RTCP_TYPES


def signed_32(difference: int) -> int:
    """A difference of two 32-bit numbers that wrap, as the shorter way round: -2**31 to 2**31 - 1."""
    return (difference + 0x8000_0000 & TIMESTAMP_MASK) - 0x8000_0000


def signed_16(difference: int) -> int:
    """A difference of two 16-bit numbers that wrap, as the shorter way round: -2**15 to 2**15 - 1."""
    return (difference + 0x8000 & SEQUENCE_MASK) - 0x8000
