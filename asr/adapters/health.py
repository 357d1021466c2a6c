"""Which engines of an ordered set are well, which were left, and when those are tried again. Pure."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

log = logging.getLogger(__name__)

LONGEST_RETRY_MS = 600_000.0
"""The pause before a trial doubles with each failure up to this, or up to `retry_after_ms` where that is longer."""
TRIAL_MS = 60_000.0
"""A trial that has not ended by then has failed."""

State = Literal["well", "left", "on_trial"]


@dataclass(frozen=True, slots=True)
class Health:
    """How an engine is."""

    name: str
    """The engine's own; numbered where several have the same."""
    state: State
    """`well`: utterances are given to it. `left`: it failed and is not asked. `on_trial`: it hears a copy of one."""
    since_ms: float
    """On the set's clock."""
    reason: str | None = None
    """Why it was left."""


@dataclass
class _Entry:
    health: Health
    failures: int = 0
    retry_at_ms: float = 0.0


class Roster:
    """The engines by their numbers, the preferred one being 0. Not thread-safe. Says each change of state in the log.

    Args:
        names: of the engines, in order.
        retry_after_ms: the pause before the first trial of an engine that was left.
        now_ms: the clock.
    """

    def __init__(self, names: Sequence[str], retry_after_ms: float, now_ms: float) -> None:
        self._retry_after_ms = retry_after_ms
        self._entries = [_Entry(Health(name, "well", now_ms)) for name in _distinct(names)]

    @property
    def health(self) -> tuple[Health, ...]:
        """How they are, in their order."""
        return tuple(entry.health for entry in self._entries)

    def order(self, but: Collection[int] = ()) -> list[int]:
        """Whom to ask: those that are well, then the others, for one that has failed is better than none."""
        numbers = [number for number in range(len(self._entries)) if number not in but]
        return sorted(numbers, key=lambda number: self._entries[number].health.state != "well")

    def due(self, now_ms: float) -> list[int]:
        """Those that should be tried again now."""
        for number, entry in enumerate(self._entries):
            if entry.health.state == "on_trial" and now_ms - entry.health.since_ms >= TRIAL_MS:
                self.failed(number, now_ms, "its trial has not ended")
        return [
            number
            for number, entry in enumerate(self._entries)
            if entry.health.state == "left" and now_ms >= entry.retry_at_ms
        ]

    def on_trial(self, number: int, now_ms: float) -> None:
        """It hears a copy of an utterance."""
        entry = self._entries[number]
        entry.health = Health(entry.health.name, "on_trial", now_ms, entry.health.reason)
        log.info("engine %s is tried again", entry.health.name)

    def failed(self, number: int, now_ms: float, reason: str) -> None:
        """It failed or stalled; once more means nothing while it is left."""
        entry = self._entries[number]
        if entry.health.state == "left":
            return
        entry.failures += 1
        longest_ms = max(LONGEST_RETRY_MS, self._retry_after_ms)
        pause_ms = min(self._retry_after_ms * 2.0 ** (entry.failures - 1), longest_ms)
        entry.retry_at_ms = now_ms + pause_ms
        entry.health = Health(entry.health.name, "left", now_ms, reason)
        log.warning("engine %s is left for %.0f s: %s", entry.health.name, pause_ms / 1000.0, reason)

    def answered(self, number: int, now_ms: float) -> None:
        """It heard an utterance."""
        entry = self._entries[number]
        if entry.health.state != "well":
            entry.failures = 0
            entry.health = Health(entry.health.name, "well", now_ms)
            log.info("engine %s is well again", entry.health.name)


def _distinct(names: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    distinct = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        distinct.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return distinct
