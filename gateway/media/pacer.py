"""When each packet goes on the line: absolute deadlines, little queued, and nothing waited for.

One thread pushes (the call's) and one takes (the sender's); they share a deque and a count, which need no lock.

Packets belong to slots: the n-th one pushed has the n-th slot, and keeps it. A slot whose packet isn't there in time
is sent as silence, and the packet that comes too late for it is dropped: sound stays in its place on the call's clock
and a late loop adds no delay. The first slot lies so far behind the first push that a loop may be 25 ms late before
anyone hears it.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from gateway.media.frames import FRAME_MS

GRID_MS = 10
"""Deadlines are multiples of this, so that one thread can serve all streams."""
LEAD_MS = 25
"""From the first push to its deadline, at least; up to the next point of the grid more."""
MAX_QUEUED_MS = 40
"""Below the player, or two packets where those are longer: a prompt that is cut is silent within 60 ms."""
MAX_BURST = 3
"""Packets that may go out at once after a stall of the sender; older slots are skipped, as bursts are delay or loss."""
_HARD_LIMIT = 1024
_MISPLACED_SLOTS = 2
"""Slots in a row for which only late packets came: the loop isn't catching up, it has left out time."""


class Slot(NamedTuple):
    """What is to be sent."""

    deadline_ms: int
    payload: bytes | None
    """None: silence."""
    follows: bool
    """The slot before it was handed out too."""


class Pacer:
    """The slots of one stream. Pure.

    Args:
        ptime_ms: how long a packet lasts; a multiple of 10.
    """

    __slots__ = (
        "_follows",
        "_max_queued",
        "_misplaced",
        "_offset",
        "_pushed",
        "_queue",
        "_slot",
        "late",
        "missed",
        "next_ms",
        "overfull",
        "ptime_ms",
        "skipped",
    )

    def __init__(self, ptime_ms: int) -> None:
        self.ptime_ms = ptime_ms
        self.next_ms: float = float("inf")
        """The deadline of the next slot: a multiple of 10, infinite before anything was pushed."""
        self._queue: deque[tuple[int, bytes]] = deque(maxlen=_HARD_LIMIT)
        # One more where a push brings two packets: at the second one's deadline, the next two pushes may be there.
        self._max_queued = max(2, MAX_QUEUED_MS // ptime_ms + (ptime_ms < FRAME_MS))
        self._pushed = 0
        self._slot = 0
        self._offset = 0
        """Slot of the packet that was pushed first."""
        self._misplaced = 0
        self._follows = False
        self.missed = 0
        """Slots sent as silence because there was nothing else."""
        self.late = 0
        """Packets dropped because their slot was over."""
        self.overfull = 0
        """Packets dropped because more than `MAX_QUEUED_MS` had been pushed ahead."""
        self.skipped = 0
        """Slots that a stall of the sender swallowed."""

    def push(self, payload: bytes, now_ms: float) -> None:
        """Queue the next packet; the first one starts the clock at `now_ms`."""
        self._queue.append((self._pushed, payload))
        self._pushed += 1
        if self._pushed == 1:
            self.next_ms = -(-int(now_ms + LEAD_MS) // GRID_MS) * GRID_MS

    def take(self, now_ms: float) -> Slot | None:
        """The next slot that is due, None when none is. Call it until it says None."""
        deadline_ms = self.next_ms
        if deadline_ms > now_ms:
            return None
        behind = int(now_ms - deadline_ms) // self.ptime_ms + 1 - MAX_BURST
        if behind > 0:
            self.skipped += behind
            self._slot += behind
            deadline_ms += behind * self.ptime_ms
            self._follows = False
        self.next_ms = deadline_ms + self.ptime_ms
        slot = Slot(int(deadline_ms), self._next(), self._follows)
        self._slot += 1
        self._follows = True
        return slot

    def _next(self) -> bytes | None:
        """The packet that belongs into the slot."""
        queue, wanted = self._queue, self._slot - self._offset
        late = 0
        while queue and queue[0][0] < wanted:
            queue.popleft()
            late += 1
        while len(queue) > self._max_queued:
            queue.popleft()
            self.overfull += 1
            self._offset = self._slot - queue[0][0]
        if queue and queue[0][0] == self._slot - self._offset:
            self.late += late
            self._misplaced = 0
            return queue.popleft()[1]
        self.missed += 1
        if late:
            self.late += late
            self._misplaced += 1
            if self._misplaced >= _MISPLACED_SLOTS and not queue:
                self._begin_again()
        return None

    def _begin_again(self) -> None:
        """Give the next packet that is pushed a slot that is far enough ahead."""
        ahead = max(2, -(-MAX_QUEUED_MS // self.ptime_ms))
        self._offset = self._slot + ahead - self._pushed
        self._misplaced = 0
