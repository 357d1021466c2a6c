"""What arrived and what didn't, as RFC 3550 counts it (6.4.1, A.1, A.3, A.8)."""

from __future__ import annotations

from gateway.transport.rtp.packet import SEQUENCE_MASK, signed_16

_SEEN_MASK = (1 << 128) - 1
_MAX_LOST = 0x7F_FFFF
_MIN_LOST = -0x80_0000
MAX_DROPOUT = 3000
"""A jump further ahead is a restarted sender, unless it is the only one (RFC 3550 A.1)."""
MAX_MISORDER = 100
CLOCK_JUMP_MS = 2000.0
"""From one packet to the next, more than this is no jitter: the sender's clock began anew, or wrapped."""


class ReceiveStatistics:
    """Counts the packets of one source. A packet that says it is from elsewhere never gets here.

    Args:
        clock_hz: ticks of the time stamps per second.
    """

    __slots__ = (
        "_base",
        "_expected_before",
        "_highest",
        "_jitter",
        "_odd",
        "_received_before",
        "_seen",
        "_started",
        "_ticks_per_ms",
        "_transit",
        "duplicates",
        "received",
        "reordered",
        "restarts",
    )

    def __init__(self, clock_hz: int) -> None:
        self._ticks_per_ms = clock_hz / 1000
        self.received = 0
        """Packets, duplicates not counted."""
        self.duplicates = 0
        self.reordered = 0
        """Packets that came after one with a higher number."""
        self.restarts = 0
        """Times that the sender began to count anew."""
        self._jitter = 0.0
        self._received_before = 0
        self._expected_before = 0
        self._started = False
        self._begin(0)

    def _begin(self, sequence: int) -> None:
        self._base = self._highest = sequence
        self._seen = 1
        """One bit for each of the last 128 numbers, the highest one first."""
        self._odd = -1
        self._transit: float | None = None

    def accept(self, sequence: int, timestamp: int | None, arrival_ms: float) -> bool:
        """Count a packet; False when it is a copy of one that came before, or far from where the sender counts.

        Args:
            sequence: 16 bits.
            timestamp: 32 bits, in ticks; None for packets that don't follow one another in time.
            arrival_ms: on any steady clock.
        """
        if not self._started:
            self._started = True
            self._begin(sequence)
        else:
            ahead = signed_16(sequence - self._highest)
            if ahead == 1:
                self._highest += 1
                self._seen = (self._seen << 1 | 1) & _SEEN_MASK
                self._odd = -1
            elif not self._place(sequence, ahead):
                return False
        self.received += 1
        if timestamp is None:
            return True
        transit = arrival_ms * self._ticks_per_ms - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < CLOCK_JUMP_MS * self._ticks_per_ms:
                self._jitter += (change - self._jitter) / 16
        self._transit = transit
        return True

    def _place(self, sequence: int, ahead: int) -> bool:
        """Take a packet that isn't simply the next one."""
        if 0 < ahead < MAX_DROPOUT:
            self._highest += ahead
            self._seen = (self._seen << ahead | 1) & _SEEN_MASK if ahead < _SEEN_MASK.bit_length() else 1
        elif -MAX_MISORDER < ahead <= 0:
            bit = 1 << -ahead
            if self._seen & bit:
                self.duplicates += 1
                return False
            self._seen |= bit
            self._base = min(self._base, self._highest + ahead)
            self.reordered += 1
        elif sequence == self._odd:  # two in a row from elsewhere: the sender counts from there now
            self._restart(sequence)
        else:
            self._odd = sequence + 1 & SEQUENCE_MASK
            return False
        return True

    def _restart(self, sequence: int) -> None:
        """What was lost until now stays lost; from here on it is counted anew."""
        lost, received = self.lost, self.received
        self._begin(sequence)
        self._base -= received + lost
        self.restarts += 1

    @property
    def expected(self) -> int:
        """Packets that the sender has sent, as its numbers tell."""
        return self._highest - self._base + 1 if self._started else 0

    @property
    def lost(self) -> int:
        """Packets that didn't come, 0 or more."""
        return max(0, self.expected - self.received)

    @property
    def loss_percent(self) -> float:
        """Of all that were sent, 0 to 100."""
        return 100 * self.lost / self.expected if self.expected else 0.0

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter (RFC 3550 6.4.1): the smoothed mean deviation of the spacing."""
        return self._jitter / self._ticks_per_ms

    @property
    def jitter_ticks(self) -> int:
        """The same, as a report says it."""
        return min(int(self._jitter), 0xFFFF_FFFF)

    @property
    def highest_extended(self) -> int:
        """The highest number with the count of its wraps before it, 32 bits."""
        return self._highest & 0xFFFF_FFFF

    @property
    def lost_reported(self) -> int:
        """Lost so far, as a report says it: 24 bits with a sign."""
        return max(_MIN_LOST, min(_MAX_LOST, self.expected - self.received))

    def fraction_lost(self) -> int:
        """Lost since the last call of this, in 256ths, 0 to 255 (RFC 3550 A.3)."""
        expected = self.expected - self._expected_before
        received = self.received - self._received_before
        self._expected_before, self._received_before = self.expected, self.received
        lost = expected - received
        return min(255, (lost << 8) // expected) if expected > 0 and lost > 0 else 0
