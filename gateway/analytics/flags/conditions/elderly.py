"""An elderly caller was left alone: no help, and no human."""

from __future__ import annotations

from pydantic import Field

from gateway.analytics.flags.conditions.view import CallView, Found, unserved
from gateway.strict import Strict


class ElderlyNotOfferedHuman(Strict):
    """Settings of `elderly_not_offered_human`."""

    modes: tuple[str, ...] = Field(min_length=1)
    """Modes of the flows that are for elderly callers."""
    least_ms: float = Field(ge=0)
    """Calls that end sooner were misdialled."""

    def look(self, view: CallView) -> Found | None:
        """At the end of the call."""
        conversation = view.conversation
        if conversation.mode not in self.modes or conversation.transfer_asked or not unserved(conversation):
            return None
        return Found(conversation.duration_ms) if conversation.duration_ms >= self.least_ms else None
