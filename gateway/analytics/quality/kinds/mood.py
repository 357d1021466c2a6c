"""Mood: how angry the caller got, how they left, whether it became better."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import Field, model_validator

from gateway.analytics.quality.fields import Count
from gateway.analytics.quality.talk import Found, Talk
from gateway.dialogue.fields import Strict
from gateway.findings import Evidence, Polarity, TurnFindings

_VALUE = {"positive": 1, "neutral": 0, "negative": -1}


class Mood(Strict):
    """Holds when all that is given is so; of the caller's turns only."""

    anger: Annotated[int, Field(ge=1, le=3)] | None = None
    """Some turn is at least so angry."""
    negative_turns: Count | None = None
    """At least so many turns are negative."""
    ends: Polarity | None = None
    """The last turn is so."""
    improved: bool | None = None
    """Whether the second half of the turns is on average better than the first; needs two turns, and a first half
    that is negative on average: else neither true nor false holds."""

    @model_validator(mode="after")
    def _asks(self) -> Mood:
        if self.anger is None and self.negative_turns is None and self.ends is None and self.improved is None:
            raise ValueError("这里是空的；请写 `anger`、`negative_turns`、`ends` 或 `improved`")
        return self

    def find(self, talk: Talk) -> Found:
        """With the turns that show it."""
        turns = talk.turns
        shown: list[Sequence[TurnFindings]] = []
        if self.anger is not None:
            shown.append([one for one in turns if one.mood.anger >= (self.anger or 0)])
        if self.negative_turns is not None:
            negative = [one for one in turns if one.mood.polarity == "negative"]
            shown.append(negative if len(negative) >= self.negative_turns else ())
        if self.ends is not None:
            shown.append([one for one in turns[-1:] if one.mood.polarity == self.ends])
        if self.improved is not None:
            shown.append(turns[-1:] if _improved(turns) is self.improved else ())
        holds = all(shown)
        return Found(holds, _evidence(talk, (turn for some in shown for turn in some)) if holds else ())


def _improved(turns: Sequence[TurnFindings]) -> bool | None:
    """None when there was nothing to improve, or too little to tell."""
    values = [_VALUE[one.mood.polarity] for one in turns]
    half = len(values) // 2
    if not half:
        return None
    before, after = sum(values[:half]) / half, sum(values[half:]) / (len(values) - half)
    return after > before if before < 0 else None


def _evidence(talk: Talk, turns: Iterable[TurnFindings]) -> tuple[Evidence, ...]:
    """The words of each turn that told its mood, or the whole turn; each once."""
    segments = talk.conversation.segments
    found: dict[Evidence, None] = {}
    for turn in turns:
        found |= dict.fromkeys(turn.mood.evidence or (segments[turn.segment].evidence(),))
    return tuple(sorted(found, key=lambda one: (one.begin_ms, one.start)))
