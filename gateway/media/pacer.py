"""When each frame goes on the line: absolute 20 ms deadlines, and so little queued that a barge-in is heard at once."""

from __future__ import annotations

from collections import deque

from gateway.media.frames import FRAME_MS, SILENCE, Frame

MAX_QUEUED = 2
"""Frames below the player. At 20 ms each, a flushed prompt is silent within 60 ms."""
MAX_LATE = 5
"""Frames sent in a burst after a stall; older slots are skipped, or the delay would stay for the rest of the call."""


class Pacer:
    """Hands out frames at their time. Slot n belongs at start + n * 20 ms whatever happened before, so nothing drifts.

    Args:
        start_ms: the deadline of slot 0.
    """

    def __init__(self, start_ms: float) -> None:
        self._start_ms = start_ms
        self._slot = 0
        self._queue: deque[Frame] = deque()
        self.skipped = 0
        """Slots that a stall swallowed."""

    @property
    def next_ms(self) -> float:
        """The deadline of the next slot."""
        return self._start_ms + self._slot * FRAME_MS

    @property
    def room(self) -> int:
        """How many frames may be pushed now, 0 to 2."""
        return MAX_QUEUED - len(self._queue)

    def push(self, frame: Frame) -> None:
        """Queue a frame.

        Raises:
            ValueError: there is no room; a queue that grows is a delay that stays.
        """
        if not self.room:
            raise ValueError(f"the pacer holds {MAX_QUEUED} frames; push only while there is room")
        self._queue.append(frame)

    def flush(self) -> int:
        """Forget what is queued; returns how many frames that were."""
        dropped = len(self._queue)
        self._queue.clear()
        return dropped

    def tick(self, now_ms: float) -> list[tuple[int, Frame]]:
        """The slots due at `now_ms` with their frames, silence where nothing was queued."""
        due = int((now_ms - self.next_ms) // FRAME_MS) + 1
        if due > MAX_LATE:
            self.skipped += due - MAX_LATE
            self._slot += due - MAX_LATE
        sent: list[tuple[int, Frame]] = []
        while self.next_ms <= now_ms:
            sent.append((self._slot, self._queue.popleft() if self._queue else SILENCE))
            self._slot += 1
        return sent
