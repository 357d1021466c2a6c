"""The data channel's SCTP (RFC 8831), bounded: what aiortc doesn't limit itself, a page could fill us with.

It keeps every fragment of a message that has no end, whatever window it has granted, opens a channel for whoever asks,
sorts all numbers that came out of order with each packet, and ends the connection with a stack trace in the log over
text that is no UTF-8. `tests/unit/test_webrtc_library.py` fails when a release moves what is touched.
"""

from __future__ import annotations

import logging
import struct

from aiortc import RTCDtlsTransport, RTCSctpTransport
from aiortc.rtcsctptransport import DataChunk, ForwardTsnChunk, SackChunk

from gateway.transport.limits import RateLimit
from gateway.transport.rtp.sender import monotonic_ms

log = logging.getLogger(__name__)

MAX_FRAGMENTS = 256
"""Of messages that aren't whole, or wait for one before them; each is at most a datagram."""
MAX_OUT_OF_ORDER = 128
"""Packets that came before one that is missing. Fewer than `MAX_FRAGMENTS`, or the missing one could not be taken."""
MAX_GAPS = 64
"""In one acknowledgement: as many runs of packets as may be under way."""
MAX_GAP_END = 1024
"""How far beyond what came without a gap: each number in between is looked at."""
MAX_CHUNKS = 64
"""In one packet: each is read, and may be answered, on its own."""
PACKETS_PER_S = 200.0
"""Of one page, which sends one a second, and one with each key."""
_PAGE = "page"
_HEADER_BYTES = 12
_CHUNK_HEADER_BYTES = 4


class BoundedSctp(RTCSctpTransport):
    """Takes the messages of one stream.

    Args:
        transport: the DTLS below.
        stream: the channel's number, agreed on by both sides.
    """

    def __init__(self, transport: RTCDtlsTransport, stream: int) -> None:
        super().__init__(transport)
        self._stream = stream
        self._packets = RateLimit(PACKETS_PER_S)
        self._local_partial_reliability = False  # our channel is reliable: nothing is ever to be skipped

    async def _handle_data(self, data: bytes) -> None:
        """A packet of the page's, which may be anything. Of too many some are lost, as they may be on the way."""
        if not self._packets.allows(_PAGE, monotonic_ms()) or _chunks(data) > MAX_CHUNKS:
            return
        try:
            await super()._handle_data(data)
        except (AssertionError, LookupError, TypeError, ValueError, struct.error) as error:
            log.debug("SCTP of a page's that can't be read: %r", error)

    async def _receive_data_chunk(self, chunk: DataChunk) -> None:
        """A fragment. Those that are too many are not acknowledged: the page sends them again, or gives up."""
        last = self._last_received_tsn
        if last is None:  # before the page has said by which number it begins
            return
        is_next = chunk.tsn == last + 1 & 0xFFFF_FFFF
        if chunk.stream_id != self._stream:  # taken, so that others aren't held up, and forgotten
            if is_next or len(self._sack_misordered) < MAX_OUT_OF_ORDER:
                self._sack_needed = True
                self._mark_received(chunk.tsn)
            return
        if len(self._get_inbound_stream(self._stream).reassembly) >= MAX_FRAGMENTS:
            return
        if is_next or len(self._sack_misordered) < MAX_OUT_OF_ORDER:
            await super()._receive_data_chunk(chunk)

    async def _receive_sack_chunk(self, chunk: SackChunk) -> None:
        """An acknowledgement, of no more than can have been sent."""
        if len(chunk.gaps) <= MAX_GAPS and all(0 < first <= last <= MAX_GAP_END for first, last in chunk.gaps):
            await super()._receive_sack_chunk(chunk)

    async def _receive_forward_tsn_chunk(self, chunk: ForwardTsnChunk) -> None:
        """Never agreed on (RFC 3758 section 3.3)."""


def _chunks(packet: bytes) -> int:
    """How many there are in a packet (RFC 9260 section 3), counted no further than need be."""
    at, count = _HEADER_BYTES, 0
    while at + _CHUNK_HEADER_BYTES <= len(packet) and count <= MAX_CHUNKS:
        length = int.from_bytes(packet[at + 2 : at + 4], "big")
        at += max(_CHUNK_HEADER_BYTES, length + 3 & ~3)
        count += 1
    return count
