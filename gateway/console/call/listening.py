"""Listenings: one line in the audit each, however many pieces of the file the browser fetches. Pure, but for a lock."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

IDLE_MS = 10 * 60_000.0
"""Who fetches nothing for so long and then goes on listens anew."""
_KEPT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Who hears what, on which page."""

    token_sha256: str
    """Of the login."""
    call_id: str
    what: str
    """`call`, or the number of a message."""
    original: bool
    page: str
    """What the page calls itself; empty for a program."""


class Listenings:
    """Those that are on record already."""

    def __init__(self) -> None:
        self._latest: OrderedDict[Listening, float] = OrderedDict()
        self._lock = threading.Lock()

    def is_new(self, listening: Listening, now_ms: float) -> bool:
        """Whether it has to be put on record; then call `begun` once it is."""
        with self._lock:
            at_ms = self._latest.get(listening)
            if at_ms is None or now_ms - at_ms > IDLE_MS:
                return True
            self._touch(listening, now_ms)
            return False

    def begun(self, listening: Listening, now_ms: float) -> None:
        """It is on record."""
        with self._lock:
            self._touch(listening, now_ms)

    def _touch(self, listening: Listening, now_ms: float) -> None:
        self._latest[listening] = now_ms
        self._latest.move_to_end(listening)
        while len(self._latest) > _KEPT:
            self._latest.popitem(last=False)
