"""The caller was silent and was gone, without having said anything that helped."""

from __future__ import annotations

from pydantic import Field

from gateway.analytics.flags.conditions.view import CallView, Found, answers, unserved
from gateway.strict import Strict


class SilentAbandon(Strict):
    """Settings of `silent_abandon`."""

    least_ms: float = Field(ge=0)
    """Calls that end sooner were misdialled."""

    def look(self, view: CallView) -> Found | None:
        """Only of calls that are over; recordings don't tell who hung up."""
        conversation = view.conversation
        if not unserved(conversation) or conversation.duration_ms < self.least_ms:
            return None
        done = answers(conversation)
        if any(one.outcome in {"accept", "confirm"} or (one.kind == "speech" and not one.outcome) for one in done):
            return None
        if done and done[-1].kind != "silence":
            return None
        silent = tuple(one.evidence() for one in done if one.kind == "silence")
        return Found(silent[0].begin_ms if silent else conversation.duration_ms, silent)
