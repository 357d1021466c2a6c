"""A human was asked for again and again, and none came."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from gateway.analytics.flags.conditions.view import CallView, Found, answers
from gateway.findings import Evidence
from gateway.strict import Strict

AGENT = "agent"
"""The universal of every flow that leads to a human."""


class AskedForHuman(Strict):
    """Settings of `asked_for_human`."""

    times: int = Field(ge=2, le=20)
    words: tuple[Annotated[str, StringConstraints(pattern=r"\w")], ...] = ()
    """Wordings that count although the flow took them for something else."""
    patterns: tuple[str, ...] = ()

    def look(self, view: CallView) -> Found | None:
        """A request is an answer, by voice or key, that the flow took for one, or whose words ask for a human."""
        if view.conversation.transferred:
            return None
        asked = requests(view)
        if len(asked) < self.times:
            return None
        return Found(asked[self.times - 1].begin_ms, tuple(asked))


def requests(view: CallView) -> list[Evidence]:
    """One for each; a yes to 您是要转人工，对吗 is the request that was asked about."""
    found: list[Evidence] = []
    about_it = False
    for one in answers(view.conversation):
        said = view.said(one) if one.kind == "speech" else ()
        if said:
            found.append(said[0])
        elif one.matched == AGENT and not about_it:
            found.append(one.evidence())
        about_it = one.matched == AGENT and one.outcome == "confirm"
    return found
