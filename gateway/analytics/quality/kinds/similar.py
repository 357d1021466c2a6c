"""Similar sentence: somebody says one of these, more or less, or something that sounds like it."""

from __future__ import annotations

from functools import cached_property

from gateway.analytics.quality.fields import Likeness, Phrases
from gateway.analytics.quality.talk import Found, Talk, Where
from gateway.analytics.quality.text import Heard, likeness

AT_LEAST = 0.55
"""See docs/quality.zh.md: chosen on one half of 48 wordings, measured on the other."""


class Similar(Where):
    """Holds when a stretch of what is said is at least so like one of the sentences."""

    sentences: Phrases
    at_least: Likeness = AT_LEAST

    def find(self, talk: Talk) -> Found:
        """With the likest stretch of each segment that has one."""
        found = []
        for segment in self.segments(talk):
            heard = talk.heard(segment)
            some = [like for one in self._wanted if (like := likeness(one, heard, self.at_least))]
            if some:
                found.append(segment.evidence(*max(some)[1]))
        return Found(bool(found), tuple(found))

    @cached_property
    def _wanted(self) -> tuple[Heard, ...]:
        return tuple(map(Heard, self.sentences))
