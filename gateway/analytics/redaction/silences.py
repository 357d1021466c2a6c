"""When to silence a recording so that what is hidden in the text can't be heard in it either."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gateway.analytics.conversation import Segment
from gateway.findings import Participant

WORD_MARGIN_MS = 250.0
"""Before and after words whose times the recogniser told, if they are all the words that are hidden."""
SPREAD_MARGIN_MS = 400.0
SPREAD_SHARE = 0.15
"""Without such times, characters are taken to last equally long: 400 ms and 15 % of the segment on both sides. With
300 ms and 10 % no two digits of 49 synthetic sentences with a number at 8 kHz could be recognised any more; this is on
top of that.
"""
KEY_MARGIN_MS = 300.0
"""Around keys: a telephone sounds a tone for as long as its key is held."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing of this side is to be heard from `begin_ms` to `end_ms`."""

    participant: Participant
    begin_ms: float
    end_ms: float


def silence(segment: Segment, start: int, end: int) -> Silence:
    """For characters `start` to `end` of a segment; too long rather than too short, but no more than the segment is
    long, and its own margin.
    """
    if segment.kind == "keys":
        begin_ms, end_ms, margin_ms = segment.begin_ms, segment.end_ms, KEY_MARGIN_MS
    else:
        begin_ms, end_ms = segment.moment(start, end)
        within = [word for word in segment.words if word.end > start and word.start < end]
        margin_ms = WORD_MARGIN_MS
        if not within or within[0].start > start or within[-1].end < end:
            spread = replace(segment, words=()).moment(start, end)
            begin_ms, end_ms = min(begin_ms, spread[0]), max(end_ms, spread[1])
            margin_ms = SPREAD_MARGIN_MS + SPREAD_SHARE * (segment.end_ms - segment.begin_ms)
    first = max(0.0, segment.begin_ms - KEY_MARGIN_MS, begin_ms - margin_ms)
    last = min(segment.end_ms + KEY_MARGIN_MS, end_ms + margin_ms)
    return Silence(segment.participant, first, max(first, last))


def joined(silences: Iterable[Silence]) -> tuple[Silence, ...]:
    """In order of time, those of one side that meet as one."""
    found: dict[Participant, list[Silence]] = {}
    for one in sorted(silences, key=lambda one: one.begin_ms):
        own = found.setdefault(one.participant, [])
        if own and one.begin_ms <= own[-1].end_ms:
            own[-1] = Silence(one.participant, own[-1].begin_ms, max(own[-1].end_ms, one.end_ms))
        else:
            own.append(one)
    return tuple(sorted((one for own in found.values() for one in own), key=lambda one: (one.begin_ms, one.end_ms)))
