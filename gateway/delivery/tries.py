"""What a try comes to and when the next one is: pure, with the time and the chance given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from gateway.store.outbox import DEAD, DELIVERED, WAITING, Parcel, Settled

REFUSALS = 5
"""Tries that may be refused before a document is a dead letter: a token or a path may be mended within minutes."""
LONGEST_RETRY_AFTER_S = 3600.0
"""A receiver that asks for more patience is asked again after an hour."""
TRIPS_AT = 3
"""So many documents that fail in a row, and the sink itself is taken to be down. One that fails again and again isn't
enough: it has its own waits."""
LONGEST_PAUSE_S = 60.0
"""How long a sink that is down is left alone: so long it takes at most until it is noticed that it is back."""

Chance = Callable[[], float]
"""0 to 1, as `random.random`."""


class Verdict(Enum):
    """How a try went."""

    DELIVERED = "delivered"
    FAILED = "failed"
    """It may go well another time."""
    REFUSED = "refused"
    """It won't until somebody changes something: a few more tries."""
    HOPELESS = "hopeless"
    """This document will never be taken."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one try came to."""

    verdict: Verdict
    error: str = ""
    """Why, in a few words that hold nothing personal."""
    retry_after_s: float | None = None
    """The receiver's own wish."""


OK = Outcome(Verdict.DELIVERED)


class Sink(Protocol):
    """A place that documents go to. Each is told with its key, and may be told again: at least once."""

    async def send(self, documents: Sequence[Parcel]) -> list[Outcome]:
        """Send the first of these consecutive documents of one call, or as many as go together.

        Returns:
            An outcome for each one tried, at least one; none after the first that wasn't delivered.
        """

    async def close(self) -> None:
        """Let go of what it holds; bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how fast a sink is tried."""

    at_once: int = 1
    """Calls whose documents are sent at the same time."""
    max_attempts: int | None = None
    """None: for ever."""
    first_retry_s: float = 1.0
    longest_retry_s: float = 900.0

    def wait_s(self, attempts: int, chance: Chance) -> float:
        """Before the next try after `attempts` failed ones: doubled each time, between half and all of it by chance.

        Without chance, all that failed together would come back together.
        """
        doublings = min(attempts - 1, 40)  # 2**40 s is beyond any limit, and far from overflowing
        longest = min(self.longest_retry_s, self.first_retry_s * 2.0**doublings)
        return longest * (0.5 + chance() / 2)


def settled(document: Parcel, outcome: Outcome, patience: Patience, now: datetime, chance: Chance) -> Settled:
    """What is to be noted of a try."""
    if outcome.verdict is Verdict.DELIVERED:
        return Settled(key=document.key, state=DELIVERED, attempts=document.attempts, next_at=now)
    attempts = document.attempts + 1
    limits = [patience.max_attempts, REFUSALS if outcome.verdict is Verdict.REFUSED else None]
    given_up = any(limit is not None and attempts >= limit for limit in limits)
    if given_up or outcome.verdict is Verdict.HOPELESS:
        return Settled(key=document.key, state=DEAD, attempts=attempts, next_at=now, error=outcome.error)
    wait_s = patience.wait_s(attempts, chance)
    if outcome.retry_after_s is not None:
        wait_s = max(wait_s, min(outcome.retry_after_s, LONGEST_RETRY_AFTER_S))
    next_at = now + timedelta(seconds=wait_s)
    return Settled(key=document.key, state=WAITING, attempts=attempts, next_at=next_at, error=outcome.error)


class Breaker:
    """Leaves a sink alone that is down, however many documents wait for it; then one is sent to see how it is."""

    def __init__(self, patience: Patience, chance: Chance) -> None:
        self._patience = patience
        self._chance = chance
        self._failed: set[str] = set()
        """Keys of documents, since something arrived."""
        self._failures = 0
        """Since it tripped."""
        self._until_s = 0.0

    @property
    def tripped(self) -> bool:
        """The sink is taken to be down."""
        return len(self._failed) >= TRIPS_AT

    def note(self, key: str, outcome: Outcome, now_s: float) -> None:
        """A try of document `key` came to its end at `now_s`, on any clock that doesn't go back."""
        if outcome.verdict in {Verdict.DELIVERED, Verdict.HOPELESS}:  # it looked at the document: it is there
            self._failed.clear()
            self._failures = 0
            self._until_s = 0.0
            return
        if not self.tripped:
            self._failed.add(key)
        pause_s = 0.0
        if self.tripped:
            self._failures += 1
            pause_s = min(self._patience.wait_s(self._failures, self._chance), LONGEST_PAUSE_S)
        if outcome.retry_after_s is not None:
            pause_s = max(pause_s, min(outcome.retry_after_s, LONGEST_RETRY_AFTER_S))
        self._until_s = max(self._until_s, now_s + pause_s)

    def pause_s(self, now_s: float) -> float:
        """How long nothing is to be sent, from `now_s` on."""
        return max(0.0, self._until_s - now_s)

    def slots(self, now_s: float) -> int:
        """How many calls' documents may be on their way at the same time."""
        if self.pause_s(now_s) > 0:
            return 0
        return 1 if self.tripped else self._patience.at_once
