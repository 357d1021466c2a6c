"""A conversation laid out for rules: who said what, what came before what, and how a rule's question is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.quality.fields import Extent, Side, Stretch
from gateway.analytics.quality.text import Heard
from gateway.dialogue.fields import Strict
from gateway.findings import Evidence, Flag, TurnFindings

SERVICE = frozenset({"agent", "system"})


@dataclass(frozen=True, slots=True)
class Found:
    """Whether something is so, and where it shows; of what is not so, where it ought to have been, if anywhere."""

    holds: bool
    evidence: tuple[Evidence, ...] = ()


class Check(Protocol):
    """One question that a rule asks."""

    def find(self, talk: Talk) -> Found:
        """Whether it is so in this conversation."""


@dataclass(frozen=True)
class Talk:
    """A conversation and what was found in it; what rules ask again and again is computed once."""

    conversation: Conversation
    turns: Sequence[TurnFindings] = ()
    flags: Sequence[Flag] = ()
    _heard: dict[int, Heard] = field(default_factory=dict)
    _by: dict[str | None, tuple[Segment, ...]] = field(default_factory=dict)

    @cached_property
    def sounding(self) -> tuple[Segment, ...]:
        """All speech and keys by their beginning: what is between them is silence."""
        some = [one for one in self.conversation.segments if one.kind != "silence"]
        return tuple(sorted(some, key=lambda one: (one.begin_ms, one.index)))

    def by(self, side: Side | None) -> tuple[Segment, ...]:
        """What that side (None: anybody) said in words, in order."""
        if side not in self._by:
            spoken = [one for one in self.sounding if one.kind == "speech" and one.text]
            self._by[side] = tuple(one for one in spoken if side is None or is_by(one, side))
        return self._by[side]

    def heard(self, segment: Segment) -> Heard:
        """The segment's text, ready to be compared."""
        if segment.index not in self._heard:
            self._heard[segment.index] = Heard(segment.text)
        return self._heard[segment.index]


def is_by(segment: Segment, side: Side) -> bool:
    """Whether that side said it."""
    return segment.participant in SERVICE if side == "service" else segment.participant == side


class Where(Strict):
    """Whose words, and where in the call: what every rule about words may say."""

    participant: Side | None = None
    """Anybody's when not given."""
    opening: Stretch | None = None
    """Only the first of them: so many segments of that side, or so long from the call's first word."""
    closing: Stretch | None = None

    def segments(self, talk: Talk) -> tuple[Segment, ...]:
        """Those that count."""
        said = talk.by(self.participant)
        if said and self.opening:
            said = _opening(talk, said, self.opening)
        if said and self.closing:
            said = _closing(talk, said, self.closing)
        return said


def _opening(talk: Talk, said: tuple[Segment, ...], extent: Extent) -> tuple[Segment, ...]:
    """Of `said`, the first so many, or what began so soon after the call's first word."""
    if extent.time_ms is None:
        return said[: extent.segments]
    limit_ms = talk.sounding[0].begin_ms + extent.time_ms
    return tuple(one for one in said if one.begin_ms <= limit_ms)


def _closing(talk: Talk, said: tuple[Segment, ...], extent: Extent) -> tuple[Segment, ...]:
    """Of `said`, the last so many, or what ended so short before the call's last word did."""
    if extent.segments is not None:
        return said[-extent.segments :]
    limit_ms = max(one.end_ms for one in talk.sounding) - (extent.time_ms or 0.0)
    return tuple(one for one in said if one.end_ms >= limit_ms)
