"""Durations: of the call, of a turn, of being put on hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import model_validator

from gateway.analytics.quality.fields import Phrases, Side, TimeMs
from gateway.analytics.quality.talk import Found, Talk
from gateway.analytics.quality.text import Heard
from gateway.dialogue.fields import Strict
from gateway.findings import Evidence

HOLD_WORDS = ("请稍等", "稍等一下", "请稍候", "请等一下", "您稍等", "别挂机", "请不要挂机")


class Duration(Strict):
    """Holds when something lasts longer than `over`, or the call less than `under`.

    A hold begins with the end of what the hotline's side says when it has one of `hold_words`, and ends when that side
    speaks again (or the call ends).
    """

    of: Literal["call", "turn", "hold"] = "call"
    over: TimeMs | None = None
    under: TimeMs | None = None
    participant: Side | None = None
    """Whose turns; not of calls and holds."""
    hold_words: Phrases = HOLD_WORDS

    @model_validator(mode="after")
    def _asks(self) -> Duration:
        if (self.over is None) == (self.under is None):
            raise ValueError("`over` 和 `under` 要写一个，也只能写一个；请改正")
        if self.under is not None and self.of != "call":
            raise ValueError("只有整通电话才能太短；请写 `over`")
        if self.participant is not None and self.of != "turn":
            raise ValueError("只有 `turn` 才分谁说的；请不要写 `participant`")
        return self

    def find(self, talk: Talk) -> Found:
        """With each turn or hold that is too long; a call is no place in itself."""
        if self.of == "call":
            duration_ms = talk.conversation.duration_ms
            return Found(duration_ms > self.over if self.over is not None else duration_ms < (self.under or 0.0))
        each = self._holds(talk) if self.of == "hold" else (one.evidence() for one in talk.by(self.participant))
        found = [one for one in each if one.end_ms - one.begin_ms > (self.over or 0.0)]
        return Found(bool(found), tuple(found))

    def _holds(self, talk: Talk) -> Iterator[Evidence]:
        wanted = [Heard(word) for word in self.hold_words]
        service = talk.by("service")
        ends_ms = [*(one.begin_ms for one in service[1:]), talk.conversation.duration_ms]
        for segment, end_ms in zip(service, ends_ms, strict=True):
            heard = talk.heard(segment)
            if any(heard.find(word, by_sound=False) for word in wanted):
                end, begin_ms = len(segment.text), segment.end_ms
                yield Evidence(
                    segment=segment.index, start=end, end=end, text="", begin_ms=begin_ms, end_ms=max(begin_ms, end_ms)
                )
