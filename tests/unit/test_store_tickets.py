"""Work orders are kept with their history, and what callers are told of them is what stands there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.analytics.tickets.lookups import TicketLookups
from gateway.analytics.tickets.rules import TicketRules
from gateway.errors import LookupFailedError, StoreError
from gateway.findings import TicketDraft
from gateway.store import Store
from gateway.store.tickets import MACHINE, TicketRecord, TicketStep, fill_in, open_ticket
from gateway.store.worklist import get_ticket, latest_ticket, list_tickets, take_step

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)
CALLER = "13900001004"
TICKET = TicketRecord(
    number="60112735",
    call_id="c1",
    caller_number=CALLER,
    category="complaint",
    team="投诉处理组",
    summary="乱扣费",
    facts={},
    priority="normal",
    status="open",
    opened_at=NOW,
    answer_by=NOW + timedelta(hours=4),
    solve_by=NOW + timedelta(hours=24),
    visit_by=NOW + timedelta(hours=48),
    steps=(),
)
DRAFT = TicketDraft(
    category="billing_dispute",
    team="资费核查组",
    summary="多扣了我三十块钱",
    facts={"金额": "30"},
    priority="high",
    answer_by=(NOW + timedelta(hours=4)).isoformat(),
    solve_by=(NOW + timedelta(hours=24)).isoformat(),
    visit_by=(NOW + timedelta(hours=48)).isoformat(),
)


def opened(store: Store, ticket: TicketRecord = TICKET) -> str:
    with store.session() as session, session.begin():
        return open_ticket(session, ticket)


def filled(store: Store, call_id: str, draft: TicketDraft = DRAFT) -> None:
    with store.session() as session, session.begin():
        fill_in(session, call_id, draft, NOW)


def test_what_is_opened_is_there_with_its_first_step(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        opened(store)
        ticket = get_ticket(store, "60112735")
        assert ticket is not None
        assert replace(ticket, steps=()) == TICKET
        assert [(step.who, step.status) for step in ticket.steps] == [(MACHINE, "open")]
        assert get_ticket(store, "1") is None


def test_a_number_that_is_taken_becomes_the_next_free_one(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        assert [opened(store) for _ in range(3)] == ["60112735", "60112736", "60112737"]
        assert opened(store, replace(TICKET, number="A-7")) == "A-7"
        assert opened(store, replace(TICKET, number="A-7")) == "A-7-1"
        assert opened(store, replace(TICKET, number="")) == "70000001"


def test_the_whole_call_completes_its_ticket_once(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        opened(store)
        for _ in range(2):
            filled(store, "c1")
        (ticket,) = list_tickets(store)
        assert (ticket.category, ticket.team, ticket.priority) == ("billing_dispute", "资费核查组", "high")
        assert ticket.facts == {"金额": "30"}
        assert ticket.visit_by == TICKET.visit_by, "what the caller was promised stands"
        assert len(ticket.steps) == 2


def test_a_call_without_a_ticket_gets_one_and_only_one(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        filled(store, "c2")
        filled(store, "c2")
        tickets = list_tickets(store)
        assert [ticket.call_id for ticket in tickets] == ["c2"]
        assert tickets[0].number == "70000001"


def test_steps_are_kept_in_order_and_set_the_status(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        opened(store)
        take_step(store, "60112735", TicketStep(at=NOW, status="visit_back", who="张三", note="已退费"))
        ticket = take_step(store, "60112735", TicketStep(at=NOW, status="done", who="李四", note="客户满意"))
        assert ticket.status == "done"
        assert [step.who for step in ticket.steps] == [MACHINE, "张三", "李四"]
        assert list_tickets(store, status="open") == []
        with pytest.raises(StoreError, match="no ticket 9"):
            take_step(store, "9", TicketStep(at=NOW, status="done", who="x", note=""))


@pytest.mark.parametrize(
    ("status", "worked_on", "hours", "overdue"),
    [
        ("open", False, 3, False),
        ("open", False, 5, True),
        ("open", True, 5, False),
        ("open", True, 25, True),
        ("visit_back", True, 47, False),
        ("visit_back", True, 49, True),
        ("done", True, 99, False),
    ],
)
def test_a_ticket_is_overdue_by_the_step_that_is_next(status: Any, worked_on: bool, hours: int, overdue: bool) -> None:
    steps = (TicketStep(at=NOW, status="open", who="张三" if worked_on else MACHINE, note=""),)
    assert replace(TICKET, status=status, steps=steps).overdue(NOW + timedelta(hours=hours)) is overdue


class BackEnd:
    """Answers what it is told to; counts from the beginning, as one that remembers nothing."""

    def __init__(self, latest: Mapping[str, Any] | None = None, *, knows: bool = True) -> None:
        self._latest = latest or {"number": None, "received": None, "team": None, "status": None, "due": None}
        self._knows = knows

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if name == "ticket.latest":
            if not self._knows:
                raise LookupFailedError("unknown number", where=name)
            return self._latest
        if name == "ticket.create":
            return {"number": "60112735", "team": "投诉处理组", "status": "处理中", "received": "2026-11-29"}
        return {"balance": 1}


def lookups(store: Store, back_end: BackEnd) -> TicketLookups:
    return TicketLookups(back_end, store, TicketRules.load(), "c1", lambda: NOW)


CREATE = {"number": CALLER, "category": "complaint", "summary": "乱扣费", "due": "2026-12-01T09:00:00+00:00"}


def ask(back_end: TicketLookups, name: str, **arguments: Any) -> Mapping[str, Any]:
    return asyncio.run(back_end.lookup(name, arguments))


def test_a_caller_hears_what_became_of_what_an_earlier_call_opened(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        assert ask(lookups(store, BackEnd()), "ticket.create", **CREATE)["number"] == "60112735"
        second = ask(lookups(store, BackEnd()), "ticket.create", **CREATE)
        assert second["number"] == "60112736"
        take_step(store, "60112736", TicketStep(at=NOW, status="visit_back", who="张三", note=""))
        assert ask(lookups(store, BackEnd(knows=False)), "ticket.latest", number=CALLER) == {
            "number": "60112736",
            "received": "2026-11-29",
            "team": "投诉处理组",
            "status": "待回访",
            "due": "2026-12-01",
        }


def test_a_newer_one_of_the_back_end_is_told_instead(tmp_path: Path) -> None:
    newer = {"number": "5", "received": "2026-11-30", "team": "组", "status": "处理中", "due": "2026-12-02"}
    with Store.open(tmp_path) as store:
        opened(store)
        assert ask(lookups(store, BackEnd(newer)), "ticket.latest", number=CALLER)["number"] == "5"
        assert ask(lookups(store, BackEnd()), "ticket.latest", number=CALLER)["number"] == "60112735"


def test_others_tickets_and_withheld_numbers_tell_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        opened(store, replace(TICKET, caller_number=""))
        assert latest_ticket(store, "") is None
        assert ask(lookups(store, BackEnd()), "ticket.latest", number="13900009999")["number"] is None
        with pytest.raises(LookupFailedError):
            ask(lookups(store, BackEnd(knows=False)), "ticket.latest", number="13900009999")
        assert ask(lookups(store, BackEnd()), "account.balance", number=CALLER) == {"balance": 1}


def test_a_store_that_fails_takes_nothing_from_the_caller(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        with store.session() as session:
            session.execute(text("DROP TABLE ticket_steps"))
            session.execute(text("DROP TABLE tickets"))
            session.commit()
        assert ask(lookups(store, BackEnd()), "ticket.create", **CREATE)["number"] == "60112735"
        assert ask(lookups(store, BackEnd()), "ticket.latest", number=CALLER)["number"] is None
