"""The play-out buffer: packets come in when the network likes, and go out by their time stamps, one after the other.

How long a packet waits follows the line: long enough for nearly all of the last seconds' packets to be there in time.
The delay is measured from the quickest packets of that time, so that neither the phase of our ticks nor the sender's
clock needs to be known. It grows by itself, whenever nothing is there to be played and the sound has to hold on; it
shrinks by leaving out 20 ms now and then, so a passing stall doesn't stay as delay.

What is told from what:

- *lost*: something later is there already. The gap is filled, and time goes on.
- *hold*: nothing is there, or packets have begun to come too late. If what comes next turns out to be later than what
  was waited for, the wait was the gap.
- *silent*: a gap in time but not in the numbers: the sender had nothing to say (RFC 3551 section 4.1).
- After 2 s of nothing, or when the time stamps jump, play-out begins anew with the next packet.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import NamedTuple

from gateway.media.frames import FRAME_MS

MAX_DELAY_MS = 200.0
"""The longest that is aimed at; more would hurt a conversation more than gaps do."""
MAX_HELD_MS = 400.0
"""More sound than this is never kept: the oldest goes."""
MAX_PACKETS = 64
RESTART_AFTER_MS = 2000.0
"""Holding for so long, or a time stamp so far off, begins play-out anew."""
_COVERED = 0.98
"""Share of the last packets that are to be in time."""
_WINDOW_PACKETS = 200
"""4 s at 20 ms: how long a stall is remembered."""
_MEASURE_EVERY = 10
_SLACK_MS = 25.0
"""Above the aim by less than this is left alone. As sound begins at a tick, it may have 20 ms more than was aimed at,
and leaving those out would leave nothing for the next packet that comes a little later."""
_SHRINK_EVERY_MS = 200.0
_SHRINK_QUIET_AFTER_MS = 40.0
_MAX_PASSED = 64


class Kind(IntEnum):
    """What there is to be played."""

    SOUND = 0
    """A payload of the codec."""
    NOISE = 1
    """A payload of comfort noise: from here on, the sender is silent. It takes no time itself."""
    LOST = 2
    SILENT = 3
    HOLD = 4


class Piece(NamedTuple):
    """The next thing to be played."""

    kind: Kind
    ticks: int
    """How long it lasts; of a gap, never more than was asked for."""
    payload: bytes = b""
    sequence: int = 0
    skip: bool = False
    """Leave this out (after decoding it): there is more delay than needed."""
    skip_if_quiet: bool = False
    """Leave it out if nobody would notice, and say so with `skipped`."""


class _Packet(NamedTuple):
    ticks: int
    payload: bytes
    sequence: int
    noise: bool


class PlayoutBuffer:
    """Of one stream. Pure: `now_ms` and `arrival_ms` are of one steady clock.

    Args:
        clock_hz: ticks of the time stamps per second.
        ptime_ms: how long a packet is expected to last.
        least_ms: the least delay; one packet when left out.
    """

    __slots__ = (
        "_aim_ms",
        "_concealed",
        "_fastest_ms",
        "_held",
        "_in_noise",
        "_last_sequence",
        "_least_ms",
        "_measured",
        "_newest",
        "_newest_arrival_ms",
        "_next",
        "_odd",
        "_packets",
        "_passed",
        "_per_ms",
        "_shrunk_ms",
        "_start_ms",
        "_too_late",
        "_transits",
        "dropped",
        "late",
        "restarts",
        "shrunk_ms",
    )

    def __init__(self, clock_hz: int, ptime_ms: int = FRAME_MS, *, least_ms: float | None = None) -> None:
        self._per_ms = clock_hz / 1000
        self._least_ms = float(max(ptime_ms, FRAME_MS)) if least_ms is None else least_ms
        self._passed: deque[int] = deque(maxlen=_MAX_PASSED)
        self._concealed = 0
        self.late = 0
        """Packets that came after their time."""
        self.dropped = 0
        """Packets that came in time and were more than may be kept."""
        self.restarts = 0
        self.shrunk_ms = 0.0
        """Sound left out to get rid of delay."""
        self.reset()
        self.restarts = 0

    def reset(self) -> None:
        """Forget everything but the counts: another sender, or the same one from the beginning."""
        self._packets: dict[int, _Packet] = {}
        self._newest: int | None = None
        self._newest_arrival_ms = 0.0
        self._odd: tuple[int, int] | None = None
        self._transits: deque[float] = deque(maxlen=_WINDOW_PACKETS)
        self._measured = 0
        self._fastest_ms = 0.0
        self._aim_ms = self._least_ms
        self._pause()
        self.restarts += 1

    def _pause(self) -> None:
        """Nothing is being played until a packet has come and waited for its time."""
        self._next: int | None = None
        self._start_ms = 0.0
        self._held = 0
        self._too_late = self._in_noise = False
        self._last_sequence: int | None = None
        self._shrunk_ms = float("-inf")

    @property
    def aim_ms(self) -> float:
        """How long the quickest packets are to wait."""
        return self._aim_ms

    @property
    def concealed_ms(self) -> float:
        """Time for which there was no sound although there should have been. A pause of the sender is none; a wait
        counts when it is over and one knows what it was."""
        return self._concealed / self._per_ms

    @property
    def held_ms(self) -> float:
        """From the oldest packet in the buffer to the end of the newest."""
        if not self._packets:
            return 0.0
        last = max(self._packets)
        return (last + self._packets[last].ticks - min(self._packets)) / self._per_ms

    def delay_ms(self, now_ms: float) -> float:
        """How long after the quickest packets' way the sound is played now; 0 while nothing is."""
        if self._next is None:
            return 0.0
        return now_ms - self._next / self._per_ms - self._fastest_ms

    def passed(self, sequence: int) -> None:
        """A packet with this number (16 bits) came and holds no sound: it is not lost."""
        self._passed.append(sequence)

    def skipped(self, now_ms: float, ticks: int) -> None:
        """A piece was left out."""
        self._shrunk_ms = now_ms
        self.shrunk_ms += ticks / self._per_ms

    def put(self, packet: tuple[int, int, bytes], ticks: int, arrival_ms: float, *, noise: bool = False) -> None:
        """Take a packet. Copies and what is late are dropped.

        Args:
            packet: sequence number (16 bits), time stamp (32 bits) and payload.
            ticks: how long its sound lasts.
            arrival_ms: when it came.
            noise: comfort noise, not sound.
        """
        sequence, timestamp, payload = packet
        at = self._place(sequence, timestamp, arrival_ms)
        if at is None:
            return
        if not noise:
            self._note_transit(arrival_ms - at / self._per_ms)
        if self._next is None:
            if not self._packets:
                self._start_ms = self._starts_at(at, arrival_ms)
        elif at < self._next:
            self.late += 1
            self._too_late = True
            return
        if at in self._packets:
            return
        self._packets[at] = _Packet(ticks, payload, sequence, noise)
        if len(self._packets) > 1:
            self._bound()

    def _place(self, sequence: int, timestamp: int, arrival_ms: float) -> int | None:
        """The time stamp without its wraps; None for one that is far from where it should be."""
        newest = self._newest
        if newest is None:
            self._newest, self._newest_arrival_ms = timestamp, arrival_ms
            return timestamp
        at = newest + ((timestamp - newest + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000)
        off_ms = (at - newest) / self._per_ms - max(0.0, arrival_ms - self._newest_arrival_ms)
        if not -RESTART_AFTER_MS - MAX_HELD_MS < off_ms < RESTART_AFTER_MS:
            if not self._is_restart(sequence, timestamp):
                return None
            self.reset()
            self._newest, self._newest_arrival_ms = timestamp, arrival_ms
            return timestamp
        if at > newest:
            self._newest, self._newest_arrival_ms = at, arrival_ms
        return at

    def _is_restart(self, sequence: int, timestamp: int) -> bool:
        """A few bad bits, or a sender that has set its clock anew? The next packet tells, if anything can be lost."""
        if self._next is None and not self._packets:
            return True
        odd, self._odd = self._odd, (sequence, timestamp)
        if odd is None or sequence != odd[0] + 1 & 0xFFFF:
            return False
        return timestamp - odd[1] & 0xFFFF_FFFF < RESTART_AFTER_MS * self._per_ms

    def _note_transit(self, transit_ms: float) -> None:
        """Measure how much later than the quickest the packets come."""
        self._transits.append(transit_ms)
        if transit_ms < self._fastest_ms or len(self._transits) == 1:
            self._fastest_ms = transit_ms
        self._measured += 1
        if self._measured >= _MEASURE_EVERY:
            self._measured = 0
            spread = sorted(self._transits)
            self._fastest_ms = spread[0]
            covered = spread[min(len(spread) - 1, int(len(spread) * _COVERED))] - spread[0]
            self._aim_ms = min(max(covered, self._least_ms), MAX_DELAY_MS)

    def _starts_at(self, at: int, arrival_ms: float) -> float:
        """When the first packet of a new beginning has waited for its time."""
        return min(at / self._per_ms + self._fastest_ms, arrival_ms) + self._aim_ms

    def _bound(self) -> None:
        """Keep no more than may be kept; the oldest goes."""
        packets, newest = self._packets, self._newest or 0
        start = min(packets) if self._next is None else self._next
        oldest = newest - MAX_HELD_MS * self._per_ms
        if start >= oldest and len(packets) <= MAX_PACKETS:
            return
        before = len(packets)
        for at in sorted(packets):
            if at >= oldest and len(packets) <= MAX_PACKETS:
                break
            del packets[at]
        self.dropped += before - len(packets)
        if self._next is not None and packets:
            self._next, self._held = max(self._next, min(packets)), 0

    def pull(self, now_ms: float, wanted: int) -> Piece:
        """The next thing to be played. Call it until the tick's 20 ms are full.

        Args:
            now_ms: rises by 20 ms from tick to tick.
            wanted: ticks that are still to be filled; a gap is handed out in pieces of this.
        """
        if self._next is None:
            if not self._packets or now_ms < self._start_ms:
                return Piece(Kind.HOLD, wanted)
            self._next = min(self._packets)
        if self._too_late:  # wait a moment for those that come behind, if the aim says so
            self._too_late = False
            if self.delay_ms(now_ms) < self._aim_ms:
                self._concealed += wanted
                return Piece(Kind.HOLD, wanted)
        packet = self._packets.pop(self._next, None)
        if packet is not None:
            return self._play(packet, now_ms)
        if self._packets:
            return self._fill(now_ms, wanted)
        self._held += wanted
        if self._held >= RESTART_AFTER_MS * self._per_ms:
            self._pause()
        return Piece(Kind.HOLD, wanted)

    def _play(self, packet: _Packet, now_ms: float) -> Piece:
        surplus = self.delay_ms(now_ms) - self._aim_ms > _SLACK_MS and bool(self._packets)
        self._next = (self._next or 0) + packet.ticks
        if self._held:
            self._concealed += 0 if self._in_noise else self._held
            self._held = 0
        self._last_sequence = packet.sequence
        self._in_noise = packet.noise
        if packet.noise:
            return Piece(Kind.NOISE, 0, packet.payload, packet.sequence)
        if not surplus:
            return Piece(Kind.SOUND, packet.ticks, packet.payload, packet.sequence)
        since_ms = now_ms - self._shrunk_ms
        skip = since_ms >= _SHRINK_EVERY_MS
        if skip:
            self.skipped(now_ms, packet.ticks)
        if_quiet = not skip and since_ms >= _SHRINK_QUIET_AFTER_MS
        return Piece(Kind.SOUND, packet.ticks, packet.payload, packet.sequence, skip, if_quiet)

    def _fill(self, now_ms: float, wanted: int) -> Piece:
        """What was waited for isn't there, but something later is."""
        at = min(self._packets)
        kind = Kind.SILENT if self._sent_nothing(self._packets[at].sequence) else Kind.LOST
        if kind is Kind.LOST:
            self._concealed += self._held
        self._next = start = min(at, (self._next or 0) + self._held)
        self._held = 0
        surplus_ms = self.delay_ms(now_ms) - self._aim_ms
        if surplus_ms > _SLACK_MS:  # a gap is the best place to leave something out
            start = min(at, start + int(surplus_ms * self._per_ms))
        gap = min(at - start, wanted)
        self._next = start + gap
        if not gap:
            return self._play(self._packets.pop(at), now_ms)
        if kind is Kind.LOST:
            self._concealed += gap
        return Piece(kind, gap)

    def _sent_nothing(self, sequence: int) -> bool:
        """Did all that was sent between the last packet played and this one come, and was none of it sound?"""
        if self._last_sequence is None or self._in_noise:
            return self._in_noise
        missing = (sequence - self._last_sequence & 0xFFFF) - 1
        if not 0 <= missing <= len(self._passed):
            return missing < 0
        passed = set(self._passed)
        return all(self._last_sequence + 1 + number & 0xFFFF in passed for number in range(missing))
