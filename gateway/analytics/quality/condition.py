"""A condition of quality.yaml: one question, or several joined by `all`, `any`, `not`."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import Field, model_validator

from gateway.analytics.quality.fields import Count, TimeMs
from gateway.analytics.quality.kinds.duration import Duration
from gateway.analytics.quality.kinds.facts import Answers, Call, Flagged
from gateway.analytics.quality.kinds.interruption import Interruption
from gateway.analytics.quality.kinds.keywords import Keywords
from gateway.analytics.quality.kinds.mood import Mood
from gateway.analytics.quality.kinds.pace import Pace
from gateway.analytics.quality.kinds.pattern import Match
from gateway.analytics.quality.kinds.repetition import Repetition
from gateway.analytics.quality.kinds.sequence import follows, in_order
from gateway.analytics.quality.kinds.silence import Silence
from gateway.analytics.quality.kinds.similar import Similar
from gateway.analytics.quality.talk import Check, Found, Talk
from gateway.dialogue.fields import Strict
from gateway.dialogue.quoting import listed


class Order(Strict):
    """One thing shows before another."""

    first: Condition
    then: Condition

    def find(self, talk: Talk) -> Found:
        """Both must show."""
        return in_order(self.first.find(talk), self.then.find(talk))


class Follows(Strict):
    """Whenever one thing shows, another follows soon; see `kinds.sequence.follows`."""

    after: Condition
    then: Condition
    turns: Count | None = None
    within: TimeMs | None = None
    only_first: bool = False
    """Only the first time that `after` shows counts."""

    def find(self, talk: Talk) -> Found:
        """Holds when there is nothing to follow: a rule that applies only then says so in `applies_when`."""
        after, then = self.after.find(talk), self.then.find(talk)
        if self.only_first:
            after = Found(after.holds, after.evidence[:1])
        return follows(talk, after, then, turns=self.turns, time_ms=self.within)


_Several = Annotated[tuple["Condition", ...], Field(min_length=1)]


class Condition(Strict):
    """Exactly one of these."""

    keywords: Keywords | None = None
    pattern: Match | None = None
    similar: Similar | None = None
    order: Order | None = None
    follows: Follows | None = None
    silence: Silence | None = None
    pace: Pace | None = None
    interruption: Interruption | None = None
    mood: Mood | None = None
    repetition: Repetition | None = None
    duration: Duration | None = None
    answers: Answers | None = None
    call: Call | None = None
    flag: Flagged | None = None
    all_: _Several | None = Field(default=None, alias="all")
    any_: _Several | None = Field(default=None, alias="any")
    not_: Condition | None = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _is_one(self) -> Condition:
        if len(self._given) != 1:
            raise ValueError(f"一个条件只写一种：{listed(KINDS)}；几种请用 `all` 或 `any` 合起来")
        return self

    @cached_property
    def _given(self) -> list[str]:
        return [name for name in type(self).model_fields if getattr(self, name) is not None]

    def find(self, talk: Talk) -> Found:
        """Whether it is so; evidence of joined conditions is that of those which decided it."""
        if self.all_:
            each = [one.find(talk) for one in self.all_]
            holds = all(one.holds for one in each)
            return _joined(holds, [one for one in each if one.holds is holds])
        if self.any_:
            each = [one.find(talk) for one in self.any_]
            holds = any(one.holds for one in each)
            return _joined(holds, [one for one in each if one.holds is holds])
        if self.not_:
            inner = self.not_.find(talk)
            return Found(not inner.holds, inner.evidence)
        check: Check = getattr(self, self._given[0])
        return check.find(talk)


def _joined(holds: bool, each: list[Found]) -> Found:
    evidence = dict.fromkeys(piece for one in each for piece in one.evidence)
    return Found(holds, tuple(sorted(evidence, key=lambda one: (one.begin_ms, one.start))))


KINDS = tuple(field.alias or name for name, field in Condition.model_fields.items())
"""What a condition may be, as it is written."""

Order.model_rebuild()
Follows.model_rebuild()
Condition.model_rebuild()
