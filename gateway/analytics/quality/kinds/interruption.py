"""Interruption: one side begins while the other is speaking, and the other stops, or both go on."""

from __future__ import annotations

from gateway.analytics.conversation import Segment
from gateway.analytics.quality.fields import Count, TimeMs
from gateway.analytics.quality.talk import Found, Talk, Where


class Interruption(Where):
    """Holds when `participant` interrupts at least so often."""

    at_least: Count = 1
    overlap: TimeMs | None = None
    """Beginnings while the other side goes on count too, when both then speak at once for so long."""

    def find(self, talk: Talk) -> Found:
        """With what was said into the other's words."""
        found = [one.evidence() for one in self.segments(talk) if one.interrupts or self._talks_over(talk, one)]
        return Found(len(found) >= self.at_least, tuple(found))

    def _talks_over(self, talk: Talk, segment: Segment) -> bool:
        """Whether it begins within what another side says and both last for `overlap`."""
        if self.overlap is None:
            return False
        others = (one for one in talk.by(None) if one.participant != segment.participant)
        return any(
            one.begin_ms < segment.begin_ms and min(one.end_ms, segment.end_ms) - segment.begin_ms >= self.overlap
            for one in others
        )
