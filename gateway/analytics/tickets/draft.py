"""A work order filled in from a conversation: pure, and the same for calls and recordings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.tickets.rules import TicketRules
from gateway.findings import OTHER, CallMood, Entity, Flag, Route, TicketDraft, TurnFindings

SUMMARY_CHARACTERS = 60
"""Of the caller's own words; a list shows one line."""
MATTERS_LESS = frozenset({OTHER, "agent"})
"""Routes that don't tell what a call is about, if any other does."""
MAX_FACTS = 3
"""Of one kind."""


def summary(conversation: Conversation, turns: Mapping[int, TurnFindings], route: Route) -> str:
    """What the call is about in the caller's words: of what they said, what says most of it, in one line.

    The longest answers about the call's route count most; a matter that takes two sentences has both.
    """
    about = [one for one in conversation.customer if one.index in turns]
    best = sorted(about, key=lambda one: _weight(one, turns[one.index], route.route), reverse=True)[:2]
    told = [one for one in about if one in best and _weight(one, turns[one.index], route.route) > 0] or best[:1]
    line = "，".join(one.text.strip("，。？！,.?! ") for one in told)
    return line if len(line) <= SUMMARY_CHARACTERS else line[: SUMMARY_CHARACTERS - 1] + "…"


def _weight(segment: Segment, found: TurnFindings, route: str) -> float:
    fits = dict(((found.route.route, found.route.probability), *found.route.others)).get(route, 0.0)
    complains = 0.3 * found.mood.anger + (0.3 if found.mood.polarity == "negative" else 0.0)
    return (fits + complains) * min(len(segment.text), SUMMARY_CHARACTERS)


def wanted(conversation: Conversation, route: Route, flags: Sequence[Flag], rules: TicketRules) -> bool:
    """Whether something is left to do: the flow opened a work order, or the call ended with the matter open."""
    if conversation.tickets or {flag.flag for flag in flags} & set(rules.open_on_flags):
        return True
    served = conversation.transferred or (conversation.source == "call" and conversation.disposition == "completed")
    return conversation.ended and not served and route.route in rules.open_for


def draft(
    conversation: Conversation,
    turns: Mapping[int, TurnFindings],
    route: Route,
    mood: CallMood,
    flags: Sequence[Flag],
    rules: TicketRules,
    opened_at: datetime,
) -> TicketDraft | None:
    """The work order, None when nothing is left to do.

    Args:
        turns: what was found in the caller's segments, by index.
        opened_at: aware; the deadlines are reckoned from it.
    """
    if not wanted(conversation, route, flags, rules):
        return None
    answer, solve, visit = (opened_at + within for within in rules.within(route.route))
    return TicketDraft(
        category=route.route,
        team=rules.category(route.route).team,
        summary=summary(conversation, turns, route),
        facts=_facts([one for found in turns.values() for one in found.entities], conversation, rules),
        priority=rules.urgency((flag.flag for flag in flags), mood.anger),
        answer_by=answer.isoformat(timespec="seconds"),
        solve_by=solve.isoformat(timespec="seconds"),
        visit_by=visit.isoformat(timespec="seconds"),
    )


def _facts(entities: Sequence[Entity], conversation: Conversation, rules: TicketRules) -> dict[str, str]:
    """What was named, each kind's first values; the number to call back is the one they gave, else their own."""
    facts: dict[str, str] = {}
    for title, kind in rules.facts.items():
        values = list(dict.fromkeys(entity.value for entity in entities if entity.kind == kind))[:MAX_FACTS]
        if kind == "phone":
            given = conversation.slots.get("callback") or conversation.slots.get("number")
            values = values or [one for one in (given, conversation.caller_number) if one][:1]
        if values:
            facts[title] = "、".join(values)
    return facts
