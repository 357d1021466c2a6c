"""RTCP packets, written and read (RFC 3550 section 6): sender and receiver reports, a name, and good-bye."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

SENDER_REPORT = 200
RECEIVER_REPORT = 201
SOURCE_DESCRIPTION = 202
GOODBYE = 203

_VERSION = 2
_CNAME = 1
_MAX_CNAME_BYTES = 255
_HEAD = struct.Struct("!BBH")
_SENDER = struct.Struct("!IIIIII")
_BLOCK = struct.Struct("!IIIIII")
_WORD = struct.Struct("!I")
_NTP_EPOCH_S = 2_208_988_800
"""From 1900 to 1970."""
_MASK_32 = 0xFFFF_FFFF


class ReportBlock(NamedTuple):
    """How one source is received (6.4.1)."""

    ssrc: int
    fraction_lost: int
    """In 256ths, since the report before, 0 to 255."""
    lost: int
    """So far; less than 0 when copies came."""
    highest: int
    jitter: int
    """In ticks of that source's clock."""
    last_sr: int
    """The middle 32 bits of the time in the last sender report, 0 before one came."""
    delay_since_sr: int
    """From that report to this, in 65536ths of a second."""


class SenderInfo(NamedTuple):
    """What a sender says of itself (6.4.1)."""

    ntp: int
    """64 bits: seconds since 1900 and their fraction."""
    timestamp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a compound packet says that we read."""

    ssrc: int
    """Whose packet it is."""
    sender: SenderInfo | None = None
    blocks: tuple[ReportBlock, ...] = ()
    goodbye: bool = False
    """The source leaves."""


def ntp_time(unix_s: float) -> int:
    """64 bits: seconds since 1900, and their fraction in the lower half (RFC 3550 section 4)."""
    return int((unix_s + _NTP_EPOCH_S) * 2**32) & 0xFFFF_FFFF_FFFF_FFFF


def middle_32(ntp: int) -> int:
    """What reports refer to a time by, in 65536ths of a second."""
    return ntp >> 16 & _MASK_32


def _chunk(kind: int, count: int, body: bytes) -> bytes:
    return _HEAD.pack(_VERSION << 6 | count, kind, len(body) // 4) + body


def _block(block: ReportBlock) -> bytes:
    lost = block.fraction_lost << 24 | block.lost & 0xFF_FFFF
    return _BLOCK.pack(block.ssrc, lost, block.highest, block.jitter, block.last_sr, block.delay_since_sr)


def pack_report(
    ssrc: int, cname: str, sender: SenderInfo | None, block: ReportBlock | None, *, goodbye: bool = False
) -> bytes:
    """A compound packet: a report, always first (6.1), our name, and a good-bye where it is the last.

    Args:
        ssrc: ours.
        cname: a name that stays the same for all our streams of a call (RFC 7022); up to 255 bytes.
        sender: what we have sent, None if nothing since the last report.
        block: how we receive the other side, None before anything came.
        goodbye: we leave.

    Raises:
        struct.error: a number that doesn't fit into its field.
    """
    blocks = _block(block) if block is not None else b""
    count = 1 if blocks else 0
    if sender is None:
        packet = _chunk(RECEIVER_REPORT, count, _WORD.pack(ssrc) + blocks)
    else:
        own = _SENDER.pack(ssrc, sender.ntp >> 32, sender.ntp & _MASK_32, *sender[1:])
        packet = _chunk(SENDER_REPORT, count, own + blocks)
    name = cname.encode()[:_MAX_CNAME_BYTES]
    item = _WORD.pack(ssrc) + bytes([_CNAME, len(name)]) + name
    packet += _chunk(SOURCE_DESCRIPTION, 1, item + bytes(4 - len(item) % 4))
    return packet + _chunk(GOODBYE, 1, _WORD.pack(ssrc)) if goodbye else packet


def parse_report(data: bytes) -> Report | None:
    """Read a compound packet; None when it isn't one, by the checks of RFC 3550 A.2. Total.

    What it holds besides reports and a good-bye is skipped.
    """
    if len(data) < 8 or data[1] not in (SENDER_REPORT, RECEIVER_REPORT):
        return None
    parts = list(_parts(data))
    if not parts or None in parts:
        return None
    ssrc = _WORD.unpack_from(data, 4)[0]
    sender: SenderInfo | None = None
    blocks: tuple[ReportBlock, ...] = ()
    goodbye = False
    for part in parts:
        if part is None:
            continue
        kind, count, body = part
        if kind == SENDER_REPORT and len(body) >= _SENDER.size:
            source, high, low, timestamp, packets, octets = _SENDER.unpack_from(body)
            if source == ssrc:
                sender = SenderInfo(high << 32 | low, timestamp, packets, octets)
            blocks += _blocks(body[_SENDER.size :], count)
        elif kind == RECEIVER_REPORT:
            blocks += _blocks(body[4:], count)
        elif kind == GOODBYE:
            left = body[: 4 * count]
            goodbye = goodbye or any(left[at : at + 4] == data[4:8] for at in range(0, len(left), 4))
    return Report(ssrc, sender, blocks, goodbye)


def _parts(data: bytes) -> Iterator[tuple[int, int, bytes] | None]:
    """Kind, count and body of the packets in a compound one; None for what isn't right."""
    at = 0
    while at < len(data):
        if len(data) - at < _HEAD.size:
            yield None
            return
        first, kind, words = _HEAD.unpack_from(data, at)
        end = at + _HEAD.size + 4 * words
        if first >> 6 != _VERSION or end > len(data):
            yield None
            return
        padding = data[end - 1] if first & 0x20 and words else 0
        yield kind, first & 0x1F, data[at + _HEAD.size : max(at + _HEAD.size, end - padding)]
        at = end


def _blocks(body: bytes, count: int) -> tuple[ReportBlock, ...]:
    found = []
    for start in range(0, min(count, len(body) // _BLOCK.size) * _BLOCK.size, _BLOCK.size):
        ssrc, lost, highest, jitter, last_sr, delay = _BLOCK.unpack_from(body, start)
        signed = (lost & 0xFF_FFFF ^ 0x80_0000) - 0x80_0000
        found.append(ReportBlock(ssrc, lost >> 24, signed, highest, jitter, last_sr, delay))
    return tuple(found)
