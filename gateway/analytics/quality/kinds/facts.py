"""What only calls to the machine have: how it understood the answers, and what the call came to; and the flags."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gateway.analytics.conversation import Segment
from gateway.analytics.quality.fields import Count
from gateway.analytics.quality.talk import Found, Talk
from gateway.dialogue.fields import Identifier, Strict
from gateway.dialogue.quoting import listed
from gateway.findings import SEVERITIES, Severity


class Answers(Strict):
    """Holds when the machine took so many of the caller's answers in one of these ways."""

    outcome: Annotated[tuple[Literal["accept", "confirm", "no_match", "no_input"], ...], Field(min_length=1)]
    at_least: Count = 1
    in_a_row: bool = False
    """Only one after the other."""

    def find(self, talk: Talk) -> Found:
        """With those answers."""
        answers = [one for one in talk.conversation.segments if one.participant == "customer" and one.outcome]
        run: list[Segment] = []
        longest: list[Segment] = []
        for one in answers:
            if one.outcome in self.outcome:
                run.append(one)
            elif self.in_a_row:
                run = []
            longest = max(longest, run[:], key=len)
        return Found(len(longest) >= self.at_least, tuple(one.evidence() for one in longest))


class Call(Strict):
    """Holds when all that is given is so."""

    disposition: tuple[Literal["completed", "transferred", "abandoned", "failed"], ...] | None = None
    transfer_asked: bool | None = None
    transferred: bool | None = None
    ticket: bool | None = None
    """The flow opened a work order."""
    satisfaction_at_most: Annotated[int, Field(ge=1, le=5)] | None = None

    @model_validator(mode="after")
    def _asks(self) -> Call:
        if not self.model_fields_set:
            raise ValueError(f"这里是空的；请写上 {listed(type(self).model_fields)} 之一")
        return self

    def find(self, talk: Talk) -> Found:
        """Without evidence: these are no words."""
        call = talk.conversation
        known = (
            self.disposition is None or call.disposition in self.disposition,
            self.transfer_asked is None or call.transfer_asked is self.transfer_asked,
            self.transferred is None or call.transferred is self.transferred,
            self.ticket is None or bool(call.tickets) is self.ticket,
            self.satisfaction_at_most is None
            or (call.satisfaction is not None and call.satisfaction <= self.satisfaction_at_most),
        )
        return Found(all(known))


class Flagged(Strict):
    """Holds when one of these flags was raised, at least so severe."""

    any_: Annotated[tuple[Identifier, ...], Field(min_length=1, alias="any")]
    """Names of flags.yaml."""
    severity: Severity = "low"

    def find(self, talk: Talk) -> Found:
        """With the flags' own evidence."""
        least = SEVERITIES.index(self.severity)
        raised = [one for one in talk.flags if one.flag in self.any_ and SEVERITIES.index(one.severity) >= least]
        return Found(bool(raised), tuple(piece for one in raised for piece in one.evidence))
