"""The same number again within days."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from gateway.analytics.flags.conditions.view import CallView, Found
from gateway.strict import Strict


class RepeatContact(Strict):
    """Settings of `repeat_contact`."""

    calls: int = Field(ge=1, le=100)
    """So many earlier calls."""
    within_days: int = Field(ge=1, le=30)
    """Calls before that are forgotten; the store tells those of 30 days."""

    def look(self, view: CallView) -> Found | None:
        """From the beginning of the call on; there are no words for it."""
        started = view.conversation.started_at
        if started is None:
            return None
        since = started - timedelta(days=self.within_days)
        earlier = [when for when in view.conversation.earlier_contacts if since <= when < started]
        return Found(0.0) if len(earlier) >= self.calls else None
