"""What tickets.yaml says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gateway.analytics.rulefiles import load_rules, refuse, rule_file
from gateway.dialogue.mistakes import Mistake, unknown
from gateway.findings import ENTITY_KINDS, OTHER
from gateway.strict import Strict

Priority = Literal["normal", "high", "urgent"]
PRIORITIES: dict[str, str] = {"normal": "普通", "high": "优先", "urgent": "紧急"}
"""What people read."""
Hours = Annotated[float, Field(gt=0, le=24 * 90)]


class Deadlines(Strict):
    """Hours after a work order was opened; None where the general one stands."""

    answer_h: Hours | None = None
    solve_h: Hours | None = None
    visit_h: Hours | None = None


class Usual(Strict):
    """The deadlines of every category that has none of its own."""

    answer_h: Hours = 4
    solve_h: Hours = 24
    visit_h: Hours = 48


class Category(Strict):
    """Work orders of one route."""

    title: Annotated[str, Field(min_length=1, max_length=20)]
    team: Annotated[str, Field(min_length=1, max_length=20)]
    deadlines: Deadlines = Deadlines()


class Urgency(Strict):
    """Who is served first."""

    level: Priority
    flags: tuple[str, ...] = ()
    """Any of them."""
    anger: Annotated[int, Field(ge=1, le=3)] | None = None
    """At least so angry."""

    def fits(self, flags: Iterable[str], anger: int) -> bool:
        """Whether it applies to a call with these flags."""
        return bool(set(self.flags) & set(flags)) or (self.anger is not None and anger >= self.anger)


class TicketRules(Strict):
    """The whole file."""

    deadlines: Usual = Usual()
    open_for: tuple[str, ...] = ()
    open_on_flags: tuple[str, ...] = ()
    priority: tuple[Urgency, ...] = ()
    routes: dict[str, Category]
    facts: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def load(cls, rules: Path | None = None) -> TicketRules:
        """From the operator's folder, else the package's. Raises RulesError."""
        found, source = load_rules(cls, rule_file("tickets.yaml", rules))
        strangers = [
            Mistake(("open_for", index), unknown("类别（`routes` 里的）", name, found.routes))
            for index, name in enumerate(found.open_for)
            if name not in found.routes
        ]
        strangers += [
            Mistake(("facts", title), unknown("内容的种类", kind, ENTITY_KINDS))
            for title, kind in found.facts.items()
            if kind not in ENTITY_KINDS
        ]
        refuse(source, strangers)
        return found

    def category(self, route: str) -> Category:
        """Of a route; one that the file doesn't have is treated as `other`."""
        return self.routes.get(route) or self.routes.get(OTHER) or Category(title=route, team=route)

    def within(self, route: str) -> tuple[timedelta, timedelta, timedelta]:
        """Until the answer, the solution and the visit back."""
        own, usual = self.category(route).deadlines, self.deadlines
        hours = (own.answer_h or usual.answer_h, own.solve_h or usual.solve_h, own.visit_h or usual.visit_h)
        first, second, third = (timedelta(hours=one) for one in hours)
        return first, second, third

    def urgency(self, flags: Iterable[str], anger: int) -> Priority:
        """The first level that fits."""
        names = tuple(flags)
        return next((rule.level for rule in self.priority if rule.fits(names, anger)), "normal")
