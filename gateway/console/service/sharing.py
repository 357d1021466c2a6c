"""What takes a while to find out, found out once for all who ask within a minute."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from gateway.store import Store

KEPT_S = 45.0
MOST = 200
"""Answers that are kept; the oldest goes first."""

T = TypeVar("T")


class _Place:
    """One answer, or who is finding it out."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.until_s = 0.0
        self.value: Any = None


class Shared:
    """Answers by question; from any thread. Who asks while another finds the answer out waits for it.

    Args:
        kept_s: how long an answer holds.
        clock: seconds, steady.
    """

    def __init__(self, kept_s: float = KEPT_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept_s = kept_s
        self._clock = clock
        self._lock = threading.Lock()
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()

    def get(self, question: Hashable, find: Callable[[], T]) -> T:
        """The answer; what `find` raises is raised, and not kept."""
        with self._lock:
            place = self._places.setdefault(question, _Place())
            self._places.move_to_end(question)
            if len(self._places) > MOST:
                self._places.popitem(last=False)
        with place.lock:
            if self._clock() >= place.until_s:
                place.value = find()
                place.until_s = self._clock() + self._kept_s
            value: T = place.value
            return value


_shared: dict[Store, Shared] = {}
"""For as long as the process is."""


def shared(store: Store) -> Shared:
    """The store's one in this process."""
    return _shared.setdefault(store, Shared())
