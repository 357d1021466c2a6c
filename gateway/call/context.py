"""Where a call stood when its line was lost, kept for a while: its caller may call again and go on from there.

Only in memory, and not for long: it is what a caller said, and what is known of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.dialogue.state import State

MAX_KEPT = 1000
"""Lost calls that are remembered; then the oldest is forgotten."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is left of a call whose line was lost."""

    call_id: str
    flow: str
    flow_version: str
    """As on the call's record: of another version, nothing can be gone on with."""
    caller_number: str
    """Whose data the state may hold; empty when withheld."""
    state: State
    """A `Dialogue.snapshot`."""
    told: Mapping[str, list[Any]]
    """What a human would have been told of it, besides what the state holds: see `CallRecord.told`."""

    def suits(self, flow: str, flow_version: str, caller_number: str) -> bool:
        """Whether a call to that flow, from that number, can go on with it."""
        return (self.flow, self.flow_version, self.caller_number) == (flow, flow_version, caller_number)


class Contexts:
    """The contexts of lost calls by their callers' keys, and the running calls that may be lost. Pure.

    All `now_ms` are of one clock.

    Args:
        within_ms: how long a context is kept; 0: none is.
        max_kept: how many are.
    """

    def __init__(self, within_ms: float, max_kept: int = MAX_KEPT) -> None:
        self._within_ms = within_ms
        self._max_kept = max_kept
        self._kept: dict[str, tuple[float, Context]] = {}
        """With the moment it was kept; the oldest first."""
        self._running: dict[str, Callable[[], Context | None]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def begin(self, key: str, give_up: Callable[[], Context | None]) -> None:
        """A call runs whose caller knows it by `key`; without a key it is not watched.

        Args:
            give_up: ends the call if it still goes on, as its caller is back on another line; says where it stood.
        """
        if key and self._within_ms > 0:
            self._running[key] = give_up

    def end(self, key: str, context: Context | None, now_ms: float) -> None:
        """That call is over. `context`: where it stood when its line was lost, None when it wasn't, or can't go on."""
        self._forget_old(now_ms)
        if self._running.pop(key, None) is None or context is None:  # without the first, its caller was back before
            return
        self._kept.pop(key, None)
        self._kept[key] = now_ms, context
        while len(self._kept) > self._max_kept:
            del self._kept[next(iter(self._kept))]

    def take(self, key: str, now_ms: float) -> Context | None:
        """Where the call known by `key` stood, once. Callers notice a dead line before we do: then it is given up."""
        self._forget_old(now_ms)
        if give_up := self._running.pop(key, None):
            return give_up()
        _, context = self._kept.pop(key, (now_ms, None))
        return context

    def _forget_old(self, now_ms: float) -> None:
        while self._kept:
            key, (kept_ms, _) = next(iter(self._kept.items()))
            if now_ms - kept_ms < self._within_ms:
                return
            del self._kept[key]
