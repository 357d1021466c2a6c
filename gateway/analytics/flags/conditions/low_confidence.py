"""The caller can't be understood: the recogniser doubts what it wrote, or the flow can do nothing with it."""

from __future__ import annotations

from pydantic import Field

from gateway.analytics.conversation import Segment
from gateway.analytics.flags.conditions.view import CallView, Found
from gateway.strict import Strict


class LowConfidence(Strict):
    """Settings of `low_confidence`."""

    below: float = Field(ge=0, le=1)
    """The recogniser's confidence that is low."""
    run: int = Field(ge=1, le=50)
    """So many doubtful utterances in a row."""
    share: float = Field(gt=0, le=1)
    """Of all utterances, so many doubtful ones, ..."""
    least: int = Field(ge=1, le=1000)
    """... once there are so many utterances."""

    def look(self, view: CallView) -> Found | None:
        """At the last utterance of the run, or at the one that makes the share."""
        doubtful: list[Segment] = []
        run = 0
        at: Segment | None = None
        for count, one in enumerate(view.conversation.customer, 1):
            if self._doubtful(one):
                doubtful.append(one)
                run += 1
            else:
                run = 0
            if at is None and (run >= self.run or (count >= self.least and len(doubtful) >= self.share * count)):
                at = one
        if at is None:
            return None
        return Found(at.begin_ms, tuple(one.evidence() for one in doubtful))

    def _doubtful(self, segment: Segment) -> bool:
        unsure = segment.confidence is not None and segment.confidence < self.below
        return unsure or segment.outcome == "no_match"
