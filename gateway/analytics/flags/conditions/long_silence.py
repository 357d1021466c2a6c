"""Nobody spoke for long, or the caller was waited for again and again."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from gateway.analytics.conversation import Conversation
from gateway.analytics.flags.conditions.view import CallView, Found, answers
from gateway.findings import Evidence
from gateway.strict import Strict


class LongSilence(Strict):
    """Settings of `long_silence`."""

    gap_ms: float = Field(gt=0)
    """From the end of what was said to the beginning of what is said next."""
    waited: int = Field(ge=1, le=50)
    """So many silences that were waited out."""

    def look(self, view: CallView) -> Found | None:
        """All gaps, and all silences when there are enough of them."""
        found = list(_gaps(view.conversation, self.gap_ms))
        waited = [one.evidence() for one in answers(view.conversation) if one.kind == "silence"]
        if len(waited) >= self.waited:
            found += waited
        if not found:
            return None
        found.sort(key=lambda evidence: evidence.begin_ms)
        return Found(found[0].begin_ms, tuple(found))


def _gaps(conversation: Conversation, least_ms: float) -> Iterator[Evidence]:
    """Before segments in which nobody spoke; and at the end, unless a human has taken over."""
    spoken = sorted((one for one in conversation.segments if one.kind != "silence"), key=lambda one: one.begin_ms)
    silent_since = 0.0
    for one in spoken:
        if one.begin_ms - silent_since >= least_ms:
            yield _gap(one.index, silent_since, one.begin_ms)
        silent_since = max(silent_since, one.end_ms)
    if conversation.ended and spoken and not conversation.transferred:
        end_ms = conversation.duration_ms
        if end_ms - silent_since >= least_ms:
            yield _gap(spoken[-1].index, silent_since, end_ms)


def _gap(segment: int, begin_ms: float, end_ms: float) -> Evidence:
    return Evidence(segment=segment, start=0, end=0, text="", begin_ms=begin_ms, end_ms=end_ms)
