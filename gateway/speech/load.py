"""How far recognition has fallen behind, and what is given up for it, step by step.

A hotline that hears a little worse is better than one that answers late, and one that takes keys is better than one
that doesn't answer. So with each step the callers lose something, the cheapest first, and get it back by themselves.
"""

from __future__ import annotations

from enum import IntEnum

LATE_LIMIT_MS = 400.0
"""Later than this for a moment, and a caller notices."""
RISE_AFTER_MS = 600.0
"""A burst that is over sooner changes nothing."""
FALL_AFTER_MS = 8000.0
"""So long it must go well before a step is taken back: longer than the echo of giving it up."""


class Step(IntEnum):
    """What is given up; each step includes those before it."""

    NORMAL = 0
    QUICK = 1
    """Engines search less, whether others wait or not: a few more errors, and half the work on a bad line."""
    NO_LOOKS = 2
    """An utterance is recognised once, when it is over, and it may not last as long. Little work is saved, and answers
    come later by the silence in which the look would have been: so this is not the first."""
    KEYS = 3
    """Nothing is recognised any more: callers are asked to use their keys."""
    FULL = 4
    """New calls are refused (SIP: 503)."""


class LoadGauge:
    """Follows how late recognition is, and says which step that asks for. Pure; times in ms on any steady clock.

    Args:
        late_limit_ms: a job that begins so much after it should be done is too late.
    """

    def __init__(self, late_limit_ms: float = LATE_LIMIT_MS) -> None:
        self.late_limit_ms = late_limit_ms
        self._late_since_ms: float | None = None
        self._well_since_ms: float | None = None
        self.step = Step.NORMAL

    def note(self, now_ms: float, late_ms: float) -> Step:
        """Recognition is `late_ms` late at `now_ms`; the step that holds from now on.

        One step up after `RISE_AFTER_MS` above the limit, one down after `FALL_AFTER_MS` below half of it.
        """
        if late_ms > self.late_limit_ms:
            self._well_since_ms = None
            self._late_since_ms = now_ms if self._late_since_ms is None else self._late_since_ms
            if now_ms - self._late_since_ms >= RISE_AFTER_MS and self.step < Step.FULL:
                self.step, self._late_since_ms = Step(self.step + 1), now_ms
            return self.step
        self._late_since_ms = None
        if late_ms > self.late_limit_ms / 2:
            self._well_since_ms = None
            return self.step
        self._well_since_ms = now_ms if self._well_since_ms is None else self._well_since_ms
        if now_ms - self._well_since_ms >= FALL_AFTER_MS and self.step > Step.NORMAL:
            self.step, self._well_since_ms = Step(self.step - 1), now_ms
        return self.step
