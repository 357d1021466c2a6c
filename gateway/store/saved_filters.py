"""The searches of calls that somebody keeps under a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from gateway.errors import StoreError
from gateway.store.store import Store
from gateway.store.tables import SavedFilterRow

MOST = 50
"""Of one account."""
MAX_NAME = 40
"""Characters."""
MAX_QUERY = 8000
"""Characters of all its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFilter:
    """One of them: what stood in the page's address, name by name."""

    name: str
    query: Mapping[str, Sequence[str]]


def saved_filters(store: Store, account: str) -> list[SavedFilter]:
    """An account's, by name. Raises StoreError."""
    mine = select(SavedFilterRow).where(SavedFilterRow.account == account).order_by(SavedFilterRow.name)
    with store.session() as session:
        return [SavedFilter(name=row.name, query=row.query) for row in session.scalars(mine)]


def save_filter(store: Store, account: str, saved: SavedFilter) -> None:
    """Keep it; one of the same name is replaced.

    Raises:
        StoreError: the name is empty or too long, the query too long, the account has `MOST` already, or the store
            can't be written.
    """
    name = saved.name.encode(errors="ignore").decode().strip()
    length = sum(len(value) for values in saved.query.values() for value in values)
    if not 0 < len(name) <= MAX_NAME or length > MAX_QUERY:
        raise StoreError(f"a filter's name has 1 to {MAX_NAME} characters", where=account, remedy="choose another name")
    query = {key: [value.encode(errors="ignore").decode() for value in values] for key, values in saved.query.items()}
    with store.writing() as session:
        mine = select(func.count()).where(SavedFilterRow.account == account, SavedFilterRow.name != name)
        if (session.scalar(mine) or 0) >= MOST:
            raise StoreError(f"there are {MOST} saved filters", where=account, remedy="delete one first")
        session.merge(SavedFilterRow(account=account, name=name, query=query))


def delete_filter(store: Store, account: str, name: str) -> None:
    """Forget it; idempotent. Raises StoreError."""
    with store.writing() as session:
        row = session.get(SavedFilterRow, (account, name))
        if row is not None:
            session.delete(row)
