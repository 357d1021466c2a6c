"""Work orders: opened while a call is up, filled in at its end, and every step of what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.findings import OTHER, TicketDraft
from gateway.store.tables import CallRow, TicketRow, TicketStepRow

Status = Literal["open", "visit_back", "done"]
"""Being worked on; solved, the customer is to be asked whether they are content; closed."""

MACHINE = "voice-gateway"
"""Who did what the machine did."""
FILLED_IN = "按通话内容补全"
FIRST_NUMBER = 70_000_001
"""Of work orders that no back end numbered; eight digits are told in two groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketStep:
    """One step in the history of a work order."""

    at: datetime
    status: Status
    """After it."""
    who: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRecord:
    """One stored work order; moments are aware, UTC."""

    number: str
    call_id: str
    caller_number: str
    category: str
    team: str
    summary: str
    facts: dict[str, str]
    priority: str
    status: Status
    opened_at: datetime
    answer_by: datetime
    solve_by: datetime
    visit_by: datetime
    steps: tuple[TicketStep, ...]

    def overdue(self, now: datetime) -> bool:
        """It isn't done, and the moment of its next step has passed."""
        if self.status == "done":
            return False
        answered = any(step.who != MACHINE for step in self.steps)
        due = self.visit_by if self.status == "visit_back" else self.solve_by if answered else self.answer_by
        return now > due


def open_ticket(session: Session, ticket: TicketRecord) -> str:
    """Add a work order to the open transaction; returns its number.

    A number that is taken already, as a sample back end that counts from the beginning gives them out, becomes the next
    free one.
    """
    number = ticket.number or str(FIRST_NUMBER)
    while session.get(TicketRow, number) is not None:
        number = str(int(number) + 1).zfill(len(number)) if number.isdecimal() else f"{number}-1"
    names = ("call_id", "caller_number", "category", "team", "summary", "priority", "status")
    moments = ("opened_at", "answer_by", "solve_by", "visit_by")
    values = {name: getattr(ticket, name) for name in (*names, *moments)}
    session.add(TicketRow(number=number, facts=dict(ticket.facts), **values))
    session.flush()
    add_step(session, number, TicketStep(at=ticket.opened_at, status=ticket.status, who=MACHINE, note="受理"))
    return number


def fill_in(session: Session, call_id: str, draft: TicketDraft, at: datetime) -> None:
    """Complete the call's work order with what the whole call tells, in the open transaction; open one if none is.

    What was promised to the caller stands: the moment to visit them back. Filling in twice changes nothing.
    """
    row = session.scalars(select(TicketRow).where(TicketRow.call_id == call_id).limit(1)).first()
    call = session.get(CallRow, call_id)
    if row is None:
        number = call.caller_number if call else ""
        open_ticket(session, _drafted(call_id, number, draft, call.started_at if call else at))
        return
    if any(step.who == MACHINE and step.note == FILLED_IN for step in row.steps):
        return
    if draft.category != OTHER:
        row.category, row.team = draft.category, draft.team
    row.facts = {**draft.facts, **row.facts}
    row.priority = draft.priority
    row.summary = draft.summary or row.summary
    row.answer_by, row.solve_by = datetime.fromisoformat(draft.answer_by), datetime.fromisoformat(draft.solve_by)
    add_step(session, row.number, TicketStep(at=at, status=_status(row.status), who=MACHINE, note=FILLED_IN))


def _drafted(call_id: str, caller_number: str, draft: TicketDraft, opened_at: datetime) -> TicketRecord:
    return TicketRecord(
        number="",
        call_id=call_id,
        caller_number=caller_number,
        category=draft.category,
        team=draft.team,
        summary=draft.summary,
        facts=draft.facts,
        priority=draft.priority,
        status="open",
        opened_at=opened_at,
        answer_by=datetime.fromisoformat(draft.answer_by),
        solve_by=datetime.fromisoformat(draft.solve_by),
        visit_by=datetime.fromisoformat(draft.visit_by),
        steps=(),
    )


def add_step(session: Session, number: str, step: TicketStep) -> None:
    """Add a step to the open transaction; the work order's own status is the caller's to set."""
    taken = session.scalars(select(TicketStepRow.seq).where(TicketStepRow.number == number)).all()
    row = TicketStepRow(
        number=number, seq=max(taken, default=-1) + 1, at=step.at, status=step.status, who=step.who, note=step.note
    )
    session.add(row)
    session.flush()


def ticket_of(row: TicketRow) -> TicketRecord:
    """The work order that was stored in `row`."""
    return TicketRecord(
        number=row.number,
        call_id=row.call_id,
        caller_number=row.caller_number,
        category=row.category,
        team=row.team,
        summary=row.summary,
        facts=dict(row.facts),
        priority=row.priority,
        status=_status(row.status),
        opened_at=row.opened_at,
        answer_by=row.answer_by,
        solve_by=row.solve_by,
        visit_by=row.visit_by,
        steps=tuple(TicketStep(at=one.at, status=_status(one.status), who=one.who, note=one.note) for one in row.steps),
    )


def _status(text: str) -> Status:
    return "done" if text == "done" else "visit_back" if text == "visit_back" else "open"
