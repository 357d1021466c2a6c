"""One press is one key, although it may be told twice: as an event packet and as a tone in the sound."""

from __future__ import annotations

from collections import deque

SAME_PRESS_MS = 250.0
"""How far apart the two tellings of one press may lie, beside the play-out delay, which only the tone has."""


class KeyMerger:
    """Passes on keys of two kinds; of the two tellings of one press, whichever comes first."""

    __slots__ = ("_alone",)

    def __init__(self) -> None:
        self._alone: dict[bool, deque[tuple[str, float]]] = {True: deque(maxlen=16), False: deque(maxlen=16)}
        """Keys that the other kind hasn't told yet, with their times, by kind."""

    def accept(self, key: str, now_ms: float, *, tone: bool, delay_ms: float = 0.0) -> bool:
        """Is this a press that hasn't been told yet?

        Args:
            key: what was pressed.
            now_ms: when it was noticed.
            tone: heard in the sound; else told by an event packet.
            delay_ms: how far the sound is behind the packets.
        """
        others = self._alone[not tone]
        while others and now_ms - others[0][1] > SAME_PRESS_MS + delay_ms:
            others.popleft()
        for other in others:
            if other[0] == key:
                others.remove(other)
                return False
        self._alone[tone].append((key, now_ms))
        return True
