"""Pattern: a regular expression."""

from __future__ import annotations

from gateway.analytics.quality.fields import Count, Regex
from gateway.analytics.quality.talk import Found, Talk, Where


class Match(Where):
    """Holds when the expression is found at least so often, in the text as it was written or recognised."""

    regex: Regex
    at_least: Count = 1

    def find(self, talk: Talk) -> Found:
        """With every place where it is found."""
        found = [one.evidence(*span) for one in self.segments(talk) for span in self.regex.spans(one.text)]
        return Found(len(found) >= self.at_least, tuple(found))
