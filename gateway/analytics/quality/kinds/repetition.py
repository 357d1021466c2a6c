"""Repetition: somebody says the same thing again and again."""

from __future__ import annotations

from gateway.analytics.conversation import Segment
from gateway.analytics.quality.fields import Count, Likeness
from gateway.analytics.quality.talk import Found, Talk, Where
from gateway.analytics.quality.text import Heard, alike

MAX_SEGMENTS = 300
"""Of one side that are compared with each other, from the beginning of the call."""
LONGEST = 60
"""Characters of a segment that are compared."""


class Repetition(Where):
    """Holds when one sentence is said at least `times` times by one side, each time as a segment of its own."""

    times: Count = 3
    alike: Likeness = 0.75
    """From which likeness on two segments are the same."""
    characters: Count = 4
    """Shorter segments don't count: everybody says 好的 and 嗯 again and again."""

    def find(self, talk: Talk) -> Found:
        """With every saying of the sentence that is said most often."""
        groups: list[tuple[Segment, Heard, list[Segment]]] = []
        for segment in self.segments(talk)[:MAX_SEGMENTS]:
            heard = Heard(segment.text[:LONGEST])
            if len(heard.chars) < self.characters:
                continue
            for leader, its, members in groups:
                if leader.participant == segment.participant and self._is_same(its, heard):
                    members.append(segment)
                    break
            else:
                groups.append((segment, heard, [segment]))
        most = max((members for *_, members in groups), key=len, default=[])
        holds = len(most) >= max(2, self.times)
        return Found(holds, tuple(one.evidence() for one in most) if holds else ())

    def _is_same(self, one: Heard, other: Heard) -> bool:
        """Lengths first: Dice's coefficient can't be higher than twice the shorter by both."""
        shorter, longer = sorted((len(one.chars), len(other.chars)))
        return 2 * shorter >= self.alike * (shorter + longer) and alike(one, other) >= self.alike
