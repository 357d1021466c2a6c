"""The business back end with work orders that are kept: what a flow opens, and what callers ask after.

The back end is asked as ever; what it opens is kept in the store besides, with deadlines and history, and a caller who
asks what became of their matter is told the store's work order, unless the back end has a newer one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from gateway.analytics.tickets.rules import TicketRules
from gateway.call.lookups import LookupProvider
from gateway.errors import LookupFailedError, StoreError
from gateway.store import Store
from gateway.store.tickets import Status, TicketRecord, open_ticket
from gateway.store.worklist import latest_ticket

CREATE, LATEST = "ticket.create", "ticket.latest"
TOLD: Mapping[Status, str] = {"open": "处理中", "visit_back": "待回访", "done": "已完成"}
"""How callers are told; recorded texts of the bundled hotline."""

log = logging.getLogger(__name__)


class TicketLookups:
    """A `LookupProvider` for one call.

    Args:
        inner: the back end.
        store: where work orders are kept.
        rules: categories, teams and deadlines.
        call_id: whose work orders are opened.
        now: the time of day at the hotline, aware.
    """

    def __init__(
        self, inner: LookupProvider, store: Store, rules: TicketRules, call_id: str, now: Callable[[], datetime]
    ) -> None:
        self._inner = inner
        self._store = store
        self._rules = rules
        self._call_id = call_id
        self._now = now

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a look-up. Raises LookupFailedError."""
        if name == LATEST:
            return await self._latest(arguments)
        answer = await self._inner.lookup(name, arguments)
        if name != CREATE:
            return answer
        return await asyncio.to_thread(self._keep, arguments, answer)

    async def _latest(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = await asyncio.to_thread(self._kept, str(arguments.get("number") or ""))
        try:
            answer = await self._inner.lookup(LATEST, arguments)
        except LookupFailedError:
            if kept is None:
                raise
            return self._told(kept)
        return answer if kept is None or _received(answer) > self._day(kept.opened_at) else self._told(kept)

    def _keep(self, arguments: Mapping[str, Any], answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """Keep what the back end opened; a store that can't be written takes nothing from the caller."""
        now = self._now()
        category = str(arguments.get("category", ""))
        known = self._rules.category(category)
        within = self._rules.within(category)
        ticket = TicketRecord(
            number=str(answer.get("number") or ""),
            call_id=self._call_id,
            caller_number=str(arguments.get("number") or ""),
            category=category,
            team=str(answer.get("team") or known.team),
            summary=str(arguments.get("summary", "")),
            facts={"联系电话": str(arguments["callback"])} if arguments.get("callback") else {},
            priority="normal",
            status="open",
            opened_at=now,
            answer_by=now + within[0],
            solve_by=now + within[1],
            visit_by=_moment(arguments.get("due")) or now + within[2],
            steps=(),
        )
        try:
            with self._store.writing() as session:
                number = open_ticket(session, ticket)
        except StoreError as error:
            log.error("a ticket is kept by the back end alone: %s", error)
            return answer
        return {**answer, "number": number}

    def _kept(self, number: str) -> TicketRecord | None:
        try:
            return latest_ticket(self._store, number)
        except StoreError as error:
            log.error("what is kept of tickets can't be read: %s", error)
            return None

    def _told(self, ticket: TicketRecord) -> Mapping[str, Any]:
        return {
            "number": ticket.number,
            "received": self._day(ticket.opened_at).isoformat(),
            "team": ticket.team,
            "status": TOLD[ticket.status],
            "due": self._day(ticket.visit_by).isoformat(),
        }

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._now().tzinfo).date()


def _received(answer: Mapping[str, Any]) -> date:
    """The day on which the back end's latest was received; long ago when it has none."""
    try:
        return date.fromisoformat(str(answer.get("received")))
    except ValueError:
        return date.min


def _moment(due: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(due))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
