"""The call goes round: the same question without an answer, or the same way again and again."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from gateway.analytics.conversation import Conversation
from gateway.analytics.flags.conditions.view import CallView, Found, answers
from gateway.findings import Evidence
from gateway.strict import Strict

_LONGEST = 12
"""Nodes of a way that is gone round; longer ones are no loop to a caller."""


class Loop(Strict):
    """Settings of `loop`."""

    asked: int = Field(ge=2, le=50)
    """So many answers to one question, none of them accepted."""
    rounds: int = Field(ge=2, le=50)
    """So often the same nodes in the same order."""

    def look(self, view: CallView) -> Found | None:
        """The first of either."""
        conversation = view.conversation
        stuck = _stuck(conversation, self.asked)
        if stuck:
            return Found(stuck[-1].begin_ms, stuck)
        nodes = going_round(conversation.path, self.rounds)
        if not nodes:
            return None
        there = tuple(one.evidence() for one in answers(conversation) if one.node in nodes)
        return Found(there[-1].begin_ms if there else conversation.duration_ms, there)


def _stuck(conversation: Conversation, asked: int) -> tuple[Evidence, ...]:
    """The first so many failures at one question."""
    failed: dict[str, list[Evidence]] = {}
    for one in answers(conversation):
        if one.outcome == "accept":
            failed.pop(one.node, None)
        elif one.node and one.outcome:
            at_node = failed.setdefault(one.node, [])
            at_node.append(one.evidence())
            if len(at_node) >= asked:
                return tuple(at_node)
    return ()


def going_round(path: Sequence[str], rounds: int) -> frozenset[str]:
    """The nodes of a stretch that follows itself `rounds` times; none when there is no such stretch."""
    for length in range(1, min(_LONGEST, len(path) // rounds) + 1):
        same = 0
        for at in range(length, len(path)):
            same = same + 1 if path[at] == path[at - length] else 0
            if same >= length * (rounds - 1):
                return frozenset(path[at - length + 1 : at + 1])
    return frozenset()
