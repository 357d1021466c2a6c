"""A line that loses, delays and stalls packets, out of a seeded generator, into a play-out buffer."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.media.playout import Kind, PlayoutBuffer

CLOCK_HZ = 8000
TICK_MS = 20
PHASE_MS = 7.3
"""Ticks and arrivals have nothing to do with one another."""


@dataclass
class Played:
    """What came out."""

    pieces: list[tuple[float, Kind, int, bool]] = field(default_factory=list)
    """When, what, the number of the packet (-1: none), left out."""
    delays: list[tuple[float, float]] = field(default_factory=list)
    """When, and how late behind the quickest packets, ms."""

    def numbers(self) -> list[int]:
        """Packets whose sound came out of the buffer, in order."""
        return [number for _, kind, number, _ in self.pieces if kind is Kind.SOUND]

    def concealed(self, after_ms: float = 0.0) -> int:
        """Ticks without sound."""
        return sum(kind in (Kind.LOST, Kind.HOLD) for at_ms, kind, _, _ in self.pieces if at_ms >= after_ms)


def arrivals(
    seconds: int,
    *,
    loss: float = 0.0,
    delay: Callable[[random.Random], float] = lambda _: 0.0,
    stall: tuple[float, float] | None = None,
    ptime_ms: int = 20,
    drift: float = 1.0,
    seed: int = 1,
) -> tuple[list[tuple[float, int]], set[int]]:
    """When each packet comes, in that order, with its number; and the numbers of those that never do."""
    chance = random.Random(seed)
    coming, lost = [], set()
    for number in range(seconds * 1000 // ptime_ms):
        at_ms = number * ptime_ms * drift + 50 + delay(chance)
        if stall is not None and stall[0] <= at_ms < stall[1]:
            at_ms = stall[1] + number / 1000
        if chance.random() < loss:
            lost.add(number)
        else:
            coming.append((at_ms, number))
    return sorted(coming), lost


def play(
    buffer: PlayoutBuffer,
    coming: list[tuple[float, int]],
    seconds: float,
    *,
    ptime_ms: int = 20,
    first: tuple[int, int] = (0, 0),
) -> Played:
    """Bring packets at their times and play a frame each 20 ms; numbers and time stamps start at `first`."""
    played, at, filled = Played(), 0, 0
    ticks, wanted = CLOCK_HZ * ptime_ms // 1000, CLOCK_HZ * TICK_MS // 1000
    for tick in range(int(seconds * 1000 / TICK_MS)):
        now_ms = tick * TICK_MS + PHASE_MS
        while at < len(coming) and coming[at][0] <= now_ms:
            arrival_ms, number = coming[at]
            packet = (first[0] + number & 0xFFFF, first[1] + number * ticks & 0xFFFFFFFF, number.to_bytes(4, "big"))
            buffer.put(packet, ticks, arrival_ms)
            at += 1
        played.delays.append((now_ms, buffer.delay_ms(now_ms)))
        while filled < wanted:
            piece = buffer.pull(now_ms, wanted - filled)
            number = int.from_bytes(piece.payload, "big") if piece.kind is Kind.SOUND else -1
            played.pieces.append((now_ms, piece.kind, number, piece.skip))
            filled += 0 if piece.skip else piece.ticks
        filled -= wanted
    return played
