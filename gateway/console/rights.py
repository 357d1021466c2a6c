"""Who may do what in the console, and whose calls they see. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, get_args

Role = Literal["agent", "team_leader", "floor", "manager", "designer", "qa", "admin"]
View = Literal["own", "team", "floor", "all"]
"""Whose calls somebody sees: those handed to their queues (an agent's, a team's), of their hotlines, or all."""


class Right(StrEnum):
    """Something that a role may do."""

    CALLS = "calls"
    """See calls and their transcripts, personal numbers masked."""
    LISTEN = "listen"
    UNMASK = "unmask"
    """See and hear personal numbers; each time is on record."""
    REVIEW = "review"
    """Confirm and dismiss flags."""
    APPEAL = "appeal"
    DECIDE = "decide"
    """On appeals."""
    EXPORT = "export"
    LIVE = "live"
    SERVICE = "service"
    STUDIO = "studio"
    """See flows, and try them."""
    EDIT_FLOWS = "edit_flows"
    ACCOUNTS = "accounts"
    AUDIT = "audit"


_EVERYBODY = frozenset({Right.CALLS, Right.LISTEN, Right.SERVICE})
RIGHTS: dict[Role, frozenset[Right]] = {
    "agent": _EVERYBODY | {Right.APPEAL},
    "team_leader": _EVERYBODY | {Right.APPEAL, Right.LIVE, Right.EXPORT},
    "floor": _EVERYBODY | {Right.LIVE, Right.EXPORT, Right.DECIDE, Right.UNMASK},
    "manager": _EVERYBODY | {Right.LIVE, Right.EXPORT, Right.DECIDE, Right.AUDIT},
    "designer": frozenset({Right.CALLS, Right.SERVICE, Right.STUDIO, Right.EDIT_FLOWS}),
    "qa": _EVERYBODY | {Right.REVIEW, Right.EXPORT, Right.LIVE},
    "admin": frozenset(Right),
}
VIEWS: dict[Role, View] = {
    "agent": "own",
    "team_leader": "team",
    "floor": "floor",
    "manager": "all",
    "designer": "all",
    "qa": "all",
    "admin": "all",
}
TITLES: dict[Role, str] = {
    "agent": "坐席",
    "team_leader": "班长",
    "floor": "现场主管",
    "manager": "经理",
    "designer": "流程设计",
    "qa": "质检",
    "admin": "管理员",
}
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Whose calls somebody sees; what a query is limited to, whatever else it asks for."""

    view: View
    queues: tuple[str, ...] = ()
    """Of `own` and `team`: calls that were handed to one of these."""
    hotlines: tuple[str, ...] = ()
    """Of `floor`: calls of these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody who is logged in, as they were when they asked for a page."""

    account: str
    title: str
    role: Role
    scope: Scope
    token_sha256: str
    """Of their login: asked again before anything is changed."""
    address: str
    """Where they come from, for the audit."""

    def may(self, right: Right) -> bool:
        """Whether their role has it."""
        return right in RIGHTS[self.role]
