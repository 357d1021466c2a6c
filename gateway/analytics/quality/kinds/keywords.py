"""Keywords: some of these words, all of them, none of them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from pydantic import Field, model_validator

from gateway.analytics.quality.fields import Phrases
from gateway.analytics.quality.talk import Found, Talk, Where
from gateway.analytics.quality.text import Heard
from gateway.findings import Evidence


class Keywords(Where):
    """Holds when what is said has one of `any`, every one of `all` and none of `none`, of those that are given.

    Marks, spaces, case and width don't count. `all` may be spread over several segments.
    """

    any_: Phrases | None = Field(default=None, alias="any")
    all_: Phrases | None = Field(default=None, alias="all")
    none: Phrases | None = None
    by_sound: bool = False
    """What sounds the same counts too: for recognised texts, and for words of three characters or more."""

    @model_validator(mode="after")
    def _asks(self) -> Keywords:
        if not (self.any_ or self.all_ or self.none):
            raise ValueError("没有写词；请写在 `any`、`all` 或 `none` 里")
        return self

    def find(self, talk: Talk) -> Found:
        """With the words that are there, in each segment once; of unwanted words, with those."""
        any_, all_, none = (self._where(talk, some) for some in self._wanted)
        if unwanted := _joined(none):
            return Found(False, unwanted)
        return Found((not any_ or any(any_)) and all(all_), _joined([*any_, *all_]))

    @cached_property
    def _wanted(self) -> tuple[tuple[Heard, ...], ...]:
        return tuple(tuple(map(Heard, some or ())) for some in (self.any_, self.all_, self.none))

    def _where(self, talk: Talk, words: Iterable[Heard]) -> list[list[Evidence]]:
        """Of each word, where it is said first in each segment."""
        texts = [(one, talk.heard(one)) for one in self.segments(talk)]
        return [
            [one.evidence(*span) for one, heard in texts if (span := heard.find(word, by_sound=self.by_sound))]
            for word in words
        ]


def _joined(found: Iterable[Iterable[Evidence]]) -> tuple[Evidence, ...]:
    every = {piece for some in found for piece in some}
    return tuple(sorted(every, key=lambda one: (one.begin_ms, one.start, one.end)))
