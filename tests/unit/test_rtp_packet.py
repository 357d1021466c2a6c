"""RTP headers, told bit by bit from RFC 3550 section 5.1."""

from __future__ import annotations

import struct

import pytest

from gateway.transport.rtp.packet import RtpPacket, is_rtcp, pack_packet, parse_packet, signed_16, signed_32

pytestmark = pytest.mark.unit

PACKET = RtpPacket(8, 0x1234, 0x89ABCDEF, 0xDEADBEEF, b"sound", False)
PLAIN = bytes.fromhex("80 08 1234 89abcdef deadbeef") + b"sound"


def test_a_plain_packet_is_written_as_the_standard_draws_it_and_read_back() -> None:
    assert pack_packet(PACKET) == PLAIN
    assert parse_packet(PLAIN) == PACKET
    assert pack_packet(PACKET._replace(marker=True))[1] == 0x88
    assert parse_packet(bytes([0x80, 0x88]) + PLAIN[2:]) == PACKET._replace(marker=True)


def test_contributing_sources_extension_and_padding_are_no_sound() -> None:
    csrcs, extension, padding = struct.pack("!II", 1, 2), struct.pack("!HHI", 0xBEDE, 1, 7), b"\0\0\3"
    assert parse_packet(bytes([0x80 | 0x30 | 2]) + PLAIN[1:12] + csrcs + extension + b"sound" + padding) == PACKET


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PLAIN[:11],
        b"\x40" + PLAIN[1:],
        b"\x82" + PLAIN[1:],
        b"\x90" + PLAIN[1:13],
        bytes([0x90]) + PLAIN[1:12] + b"\xbe\xde\x00\x05",
        bytes([0xA0]) + PLAIN[1:12] + b"ab\x00",
        bytes([0xA0]) + PLAIN[1:12] + b"ab\x04",
        bytes([0xA0]) + PLAIN[1:12],
    ],
    ids=["empty", "short", "version 1", "csrcs", "no extension", "long extension", "no padding", "too much", "header"],
)
def test_what_reaches_beyond_its_end_is_no_packet(data: bytes) -> None:
    # The last one takes the SSRC's last byte for the length of the padding, which is more than there is.
    assert parse_packet(data) is None


def test_rtcp_is_told_from_rtp_by_its_type() -> None:
    assert is_rtcp(bytes([0x80, 200]))
    assert is_rtcp(bytes([0x80, 207]))
    assert not is_rtcp(PLAIN)
    assert not is_rtcp(bytes([0x80, 0x80 | 101]))
    assert not is_rtcp(b"\x80")


def test_differences_of_numbers_that_wrap_go_the_shorter_way() -> None:
    assert signed_32(5 - 0xFFFF_FFFF) == 6
    assert signed_32(0xFFFF_FFFF - 5) == -6
    assert signed_16(2 - 65535) == 3
    assert signed_16(65535 - 2) == -3
