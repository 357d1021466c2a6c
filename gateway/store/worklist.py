"""What can be asked of the work orders, and the steps that people take."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import selectinload

from gateway.errors import StoreError
from gateway.store.store import Store
from gateway.store.tables import TicketRow
from gateway.store.tickets import Status, TicketRecord, TicketStep, add_step, ticket_of


def take_step(store: Store, number: str, step: TicketStep) -> TicketRecord:
    """Add a step to a work order's history. Raises StoreError when there is no such work order."""
    with store.writing() as session:
        row = session.get(TicketRow, number)
        if row is None:
            raise StoreError(
                f"there is no ticket {number}", where=str(store.database), remedy="see `voice-gateway ticket list`"
            )
        row.status = step.status
        add_step(session, number, step)
        session.refresh(row)
        return ticket_of(row)


def get_ticket(store: Store, number: str) -> TicketRecord | None:
    """One work order, None when there is no such one."""
    return next(iter(_tickets(store, TicketRow.number == number, limit=1)), None)


def latest_ticket(store: Store, caller_number: str) -> TicketRecord | None:
    """The newest work order of a number; None when it has none, or is withheld."""
    if not caller_number:
        return None
    return next(iter(_tickets(store, TicketRow.caller_number == caller_number, limit=1)), None)


def list_tickets(store: Store, *, status: Status | None = None, limit: int = 50) -> list[TicketRecord]:
    """The newest work orders first."""
    conditions = () if status is None else (TicketRow.status == status,)
    return _tickets(store, *conditions, limit=limit)


def _tickets(store: Store, *conditions: ColumnElement[bool], limit: int) -> list[TicketRecord]:
    newest = select(TicketRow).where(*conditions).order_by(TicketRow.opened_at.desc(), TicketRow.number.desc())
    with store.session() as session:
        rows: Sequence[TicketRow] = session.scalars(newest.limit(limit).options(selectinload(TicketRow.steps))).all()
        return [ticket_of(row) for row in rows]
