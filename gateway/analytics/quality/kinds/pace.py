"""Pace: characters a second."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from gateway.analytics.conversation import Segment
from gateway.analytics.quality.fields import Count
from gateway.analytics.quality.talk import Found, Talk, Where

_Pace = Annotated[float, Field(gt=0, le=30)]


class Pace(Where):
    """Holds when at least so many segments are said faster than `over`, or slower than `under`, characters a second.

    Reckoned on the speech alone where its length is known, else on the whole segment, pauses included.
    """

    over: _Pace | None = None
    under: _Pace | None = None
    at_least: Count = 1
    characters: Count = 10
    """Shorter segments say nothing of a pace."""

    @model_validator(mode="after")
    def _asks(self) -> Pace:
        if (self.over is None) == (self.under is None):
            raise ValueError("`over` 和 `under` 要写一个，也只能写一个；请改正")
        return self

    def find(self, talk: Talk) -> Found:
        """With each segment that is too fast or too slow."""
        found = []
        for segment in self.segments(talk):
            count = len(talk.heard(segment).chars)
            pace = _pace(segment, count) if count >= self.characters else None
            if pace is not None and self._is_off(pace):
                found.append(segment.evidence())
        return Found(len(found) >= self.at_least, tuple(found))

    def _is_off(self, pace: float) -> bool:
        return pace > self.over if self.over is not None else pace < (self.under or 0.0)


def _pace(segment: Segment, characters: int) -> float | None:
    speech_ms = segment.voice.speech_ms if segment.voice else segment.end_ms - segment.begin_ms
    return characters / speech_ms * 1000 if speech_ms > 0 else None
