"""How often one address may do something: a bucket of tokens each, filled by time (pure, with an injected clock)."""

from __future__ import annotations

from collections import OrderedDict

MAX_SOURCES = 10_000
"""Addresses remembered; those not heard of for the longest time are forgotten first."""


class RateLimit:
    """Lets each source through so often, with a burst.

    Args:
        per_second: how often; less than one means once in a while.
        burst: how many at once; as much as a second's worth when left out, and at least one.
    """

    def __init__(self, per_second: float, burst: float | None = None) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second if burst is None else burst)
        self._sources: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, source: str, now_ms: float) -> bool:
        """Whether `source` may do it once more, which is counted if so."""
        tokens, at_ms = self._sources.pop(source, (self._burst, now_ms))
        tokens = min(self._burst, tokens + (now_ms - at_ms) / 1000 * self._per_second)
        allowed = tokens >= 1
        self._sources[source] = (tokens - 1 if allowed else tokens, now_ms)
        if len(self._sources) > MAX_SOURCES:
            self._sources.popitem(last=False)
        return allowed
