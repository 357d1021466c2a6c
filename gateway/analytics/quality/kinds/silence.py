"""Silence: nobody says anything for too long."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.analytics.conversation import Segment
from gateway.analytics.quality.fields import Count, Side, TimeMs
from gateway.analytics.quality.talk import Found, Talk, is_by
from gateway.dialogue.fields import Strict
from gateway.findings import Evidence


class Silence(Strict):
    """Holds when at least so many silences are longer than `longer`, between two sounds or after the last."""

    longer: TimeMs
    after: Side | None = None
    """Only those that follow that side's words: what follows the customer's is the hotline's silence."""
    at_least: Count = 1

    def find(self, talk: Talk) -> Found:
        """With each such silence; it has no words."""
        found = [
            _silence(before, begin_ms, end_ms)
            for before, begin_ms, end_ms in _gaps(talk)
            if end_ms - begin_ms > self.longer and (self.after is None or is_by(before, self.after))
        ]
        return Found(len(found) >= self.at_least, tuple(found))


def _gaps(talk: Talk) -> Iterator[tuple[Segment, float, float]]:
    """Each stretch in which nobody sounds, with the segment that ended last before it; the one after the end too."""
    last: Segment | None = None
    for segment in talk.sounding:
        if last is not None and segment.begin_ms > last.end_ms:
            yield last, last.end_ms, segment.begin_ms
        if last is None or segment.end_ms > last.end_ms:
            last = segment
    if last is not None and talk.conversation.duration_ms > last.end_ms:
        yield last, last.end_ms, talk.conversation.duration_ms


def _silence(before: Segment, begin_ms: float, end_ms: float) -> Evidence:
    end = len(before.text)
    return Evidence(segment=before.index, start=end, end=end, text="", begin_ms=begin_ms, end_ms=end_ms)
