"""What a condition of calls looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.analytics.conversation import Conversation, Segment
from gateway.findings import Evidence


@dataclass(frozen=True, slots=True)
class Found:
    """That a condition holds."""

    at_ms: float
    """When it showed first."""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class CallView:
    """A conversation, and what the rule file's words found in it."""

    conversation: Conversation
    said: Callable[[Segment], tuple[Evidence, ...]]
    """Where the condition's own words are in a segment; no conditions but those with words call it."""


class CallCondition(Protocol):
    """Settings of one kind of condition, as the rule file gives them."""

    def look(self, view: CallView) -> Found | None:
        """What it found; None when it doesn't hold, or can't be known yet."""
        ...


def answers(conversation: Conversation) -> list[Segment]:
    """What the caller did, in order: words, keys, and silences that were waited out."""
    return [one for one in conversation.segments if one.participant == "customer"]


def unserved(conversation: Conversation) -> bool:
    """It is over, nobody took the caller, and the flow didn't come to its proper end."""
    return conversation.ended and not conversation.transferred and conversation.disposition in {"abandoned", "failed"}
