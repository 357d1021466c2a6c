"""One press is one key, although it may be told twice: by an event packet, as a tone in the sound, by signalling."""

from __future__ import annotations

from collections import deque

SAME_PRESS_MS = 250.0
"""How far apart an event packet and a tone of one press may lie, beside the play-out delay, which only the tone has."""
_MAX_ALONE = 16


class KeyMerger:
    """Passes on keys that are told in several ways; of the tellings of one press, whichever comes first.

    Args:
        within_ms: how far apart two tellings of one press may lie.
    """

    __slots__ = ("_alone", "_within_ms")

    def __init__(self, within_ms: float = SAME_PRESS_MS) -> None:
        self._within_ms = within_ms
        self._alone: dict[str, deque[tuple[str, float]]] = {}
        """Keys that no other way has told yet, with their times, by the way that told them."""

    def accept(self, key: str, now_ms: float, way: str, *, delay_ms: float = 0.0) -> bool:
        """Is this a press that hasn't been told yet?

        Args:
            key: what was pressed.
            now_ms: when it was noticed.
            way: which way told it.
            delay_ms: how much later than the other ways one of them is.
        """
        for others in (told for other, told in self._alone.items() if other != way):
            while others and now_ms - others[0][1] > self._within_ms + delay_ms:
                others.popleft()
            for other in others:
                if other[0] == key:
                    others.remove(other)
                    return False
        self._alone.setdefault(way, deque(maxlen=_MAX_ALONE)).append((key, now_ms))
        return True
