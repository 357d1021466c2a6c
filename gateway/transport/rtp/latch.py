"""Whose packets are heard, and where ours go: the source is pinned once (RFC 4961, RFC 7362), and can't be taken over.

Sound is expected from the address in the SDP, and that address is believed at once. A caller behind a NAT comes from
another one: after three packets in a row it is pinned too, since nothing better came. From then on address, port and
SSRC are fixed; only a better claim replaces it: the SDP's host after any other, the SDP's address after all. A NAT may
change its mind in mid-call: its host and the same SSRC are followed to another port, once nothing comes from the old.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from gateway.transport.rtp.datagrams import Source
from gateway.transport.rtp.packet import RtpPacket

PACKETS_IN_A_ROW = 3
SPAN_MS = 30.0
"""Those three take at least so long: sound comes at its own pace, a flood doesn't."""
QUIET_MS = 100.0
"""A sender that begins anew, with another SSRC, has stopped before."""
_MAX_CANDIDATES = 32
_MAX_GAP = 3


class Verdict(Enum):
    """What to do with a packet."""

    HEARD = "heard"
    PINNED = "pinned"
    """It is the first of a new source: forget the old one; `taken` has the packets that led to this."""
    FOREIGN = "foreign"


class Arrived(NamedTuple):
    """A packet and when it came."""

    packet: RtpPacket
    arrival_ms: float


class Latch:
    """The pinned source of one stream, or the search for it. Pure.

    Args:
        expected: numeric host and port that the SDP names; None while there is no SDP: then nobody is heard.
    """

    __slots__ = ("_candidates", "_expected", "_rank", "_source", "_ssrc", "heard_ms", "taken")

    def __init__(self, expected: tuple[str, int] | None) -> None:
        self.taken: tuple[Arrived, ...] = ()
        """What the newly pinned source has sent so far, in order."""
        self._source: Source | None = None
        self._ssrc = -1
        self.heard_ms = float("-inf")
        """When the pinned source was heard last; kept by whoever takes the quick way."""
        self.reopen(expected)

    def reopen(self, expected: tuple[str, int] | None) -> None:
        """Search anew: the other side has named another address."""
        self._expected = expected
        self._source = None
        self._ssrc = -1
        self._rank = -1
        self._candidates: dict[tuple[Source, int], list[Arrived]] = {}

    @property
    def source(self) -> tuple[str, int] | None:
        """Host and port of the pinned source, None while there is none."""
        return None if self._source is None else (self._source[0], self._source[1])

    @property
    def ssrc(self) -> int | None:
        """SSRC of the pinned source."""
        return None if self._source is None else self._ssrc

    def is_pinned(self, source: Source, ssrc: int) -> bool:
        """The quick way for nearly every packet."""
        return bool(ssrc == self._ssrc and source == self._source)

    def may_be(self, source: Source) -> bool:
        """Could a packet from there change anything? If not, it needn't be decrypted."""
        return source == self._source or self._rank_of(source) > self._rank or self._may_have_moved(source)

    def judge(self, source: Source, arrived: Arrived, *, expected: bool) -> Verdict:
        """Decide on a packet.

        Args:
            source: socket address that it came from.
            arrived: a valid packet, authentic where that can be known.
            expected: it is of a payload type that was agreed on; others pin nothing.
        """
        ssrc = arrived.packet.ssrc
        if self.is_pinned(source, ssrc):
            self.heard_ms = arrived.arrival_ms
            return Verdict.HEARD
        rank = self._rank_of(source)
        is_better = rank > self._rank
        is_ours = source == self._source or (ssrc == self._ssrc and self._may_have_moved(source))
        if not expected or not (is_better or is_ours):
            return Verdict.FOREIGN
        row = self._row(source, arrived)
        if not (is_better and rank == _BEST) and not (_is_complete(row) and (is_better or self._is_quiet(arrived))):
            return Verdict.FOREIGN
        self._source, self._ssrc, self._rank = source, ssrc, rank
        self.heard_ms = arrived.arrival_ms
        self._candidates.clear()
        self.taken = tuple(row)
        return Verdict.PINNED

    def _may_have_moved(self, source: Source) -> bool:
        """Another port of the pinned host, which a NAT chooses; who comes from the SDP's own address has none."""
        return self._source is not None and self._rank < _BEST and bool(source[0] == self._source[0])

    def _is_quiet(self, arrived: Arrived) -> bool:
        return arrived.arrival_ms - self.heard_ms >= QUIET_MS

    def _rank_of(self, source: Source) -> int:
        if self._expected is None:
            return -1
        if source[0] != self._expected[0]:
            return 0
        return _BEST if source[1] == self._expected[1] else 1

    def _row(self, source: Source, arrived: Arrived) -> list[Arrived]:
        """The packets in a row that a source has sent, with this one."""
        key = source, arrived.packet.ssrc
        row = self._candidates.get(key)
        if row is None:
            if len(self._candidates) >= _MAX_CANDIDATES:
                del self._candidates[next(iter(self._candidates))]
            row = self._candidates[key] = []
        if row and not 0 < arrived.packet.sequence - row[-1].packet.sequence & 0xFFFF <= _MAX_GAP:
            row.clear()
        row.append(arrived)
        del row[: -2 * PACKETS_IN_A_ROW]
        return row


_BEST = 2


def _is_complete(row: list[Arrived]) -> bool:
    return len(row) >= PACKETS_IN_A_ROW and row[-1].arrival_ms - row[0].arrival_ms >= SPAN_MS
