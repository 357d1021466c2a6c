"""Accounts of the console, their logins, and the record of what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway.errors import StoreError
from gateway.store.store import Store
from gateway.store.tables import AccountRow, AuditRow, LoginRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who may log in."""

    name: str
    title: str
    role: str
    queues: tuple[str, ...] = ()
    hotlines: tuple[str, ...] = ()
    password_hash: str
    failures: int = 0
    locked_until: datetime | None = None
    disabled: bool = False
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One thing that somebody did."""

    at: datetime
    account: str
    action: str
    call_id: str
    detail: dict[str, Any]
    address: str


def add_account(store: Store, account: Account, told: Audited | None = None) -> None:
    """Add somebody, on record as `told`. Raises StoreError when the name is taken."""
    with store.writing() as session:
        if session.get(AccountRow, account.name) is not None:
            raise StoreError(f"there is an account '{account.name}' already", where=str(store.database))
        session.add(_row(account))
        _tell(session, told)


def get_account(store: Store, name: str) -> Account | None:
    """None when there is none of this name."""
    with store.session() as session:
        row = session.get(AccountRow, name)
        return None if row is None else _account(row)


def list_accounts(store: Store) -> list[Account]:
    """By name."""
    with store.session() as session:
        return [_account(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.name))]


def change_account(store: Store, name: str, told: Audited | None = None, **values: object) -> None:
    """Set fields of an account, on record as `told`; logins of one that is disabled, or whose password or role changes,
    end.

    Raises:
        StoreError: there is no such account.
    """
    with store.writing() as session:
        row = session.get(AccountRow, name)
        if row is None:
            raise StoreError(f"there is no account '{name}'", where=str(store.database))
        for field, value in values.items():
            setattr(row, field, list(value) if isinstance(value, tuple) else value)
        if {"disabled", "password_hash", "role"} & values.keys():
            session.execute(delete(LoginRow).where(LoginRow.account == name))
        _tell(session, told)


def note_failure(
    store: Store,
    name: str,
    now: datetime,
    most: int,
    locked_for: timedelta,
    told: Audited | None = None,
    told_locked: Audited | None = None,
) -> bool:
    """A wrong password, on record as `told`; after `most` of them the account is locked, on record as `told_locked`.

    One transaction, also for a name that nobody has: how long it takes doesn't tell which names there are.

    Returns:
        Whether it was locked just now.
    """
    with store.writing() as session:
        _tell(session, told)
        row = session.get(AccountRow, name)
        if row is None:
            return False
        row.failures += 1
        if row.failures < most:
            return False
        row.failures, row.locked_until = 0, now + locked_for
        _tell(session, told_locked)
        return True


def open_login(store: Store, name: str, token_sha256: str, now: datetime, told: Audited | None = None) -> None:
    """A right password: the account's failures are forgotten. On record as `told`."""
    with store.writing() as session:
        row = session.get(AccountRow, name)
        if row is not None:
            row.failures, row.locked_until = 0, None
        session.add(LoginRow(token_sha256=token_sha256, account=name, opened_at=now, seen_at=now))
        _tell(session, told)


def login_of(store: Store, token_sha256: str, now: datetime, idle: timedelta, longest: timedelta) -> Account | None:
    """Whose login it is; None when it has ended, wasn't used for `idle`, or is older than `longest`."""
    with store.session() as session:
        row = session.get(LoginRow, token_sha256)
        if row is None or now - row.seen_at > idle or now - row.opened_at > longest:
            return None
        account = session.get(AccountRow, row.account)
        return None if account is None or account.disabled else _account(account)


def touch_login(store: Store, token_sha256: str, now: datetime) -> None:
    """It was used."""
    with store.writing() as session:
        row = session.get(LoginRow, token_sha256)
        if row is not None:
            row.seen_at = now


def close_login(store: Store, token_sha256: str, told: Audited | None = None) -> None:
    """Log out, on record as `told`; idempotent."""
    with store.writing() as session:
        session.execute(delete(LoginRow).where(LoginRow.token_sha256 == token_sha256))
        _tell(session, told)


def close_logins(store: Store, name: str, told: Audited | None = None) -> None:
    """Log an account out wherever it is, on record as `told`; idempotent."""
    with store.writing() as session:
        session.execute(delete(LoginRow).where(LoginRow.account == name))
        _tell(session, told)


def end_old_logins(store: Store, now: datetime, idle: timedelta, longest: timedelta) -> None:
    """Delete those that `login_of` knows no more."""
    with store.writing() as session:
        session.execute(delete(LoginRow).where((LoginRow.seen_at < now - idle) | (LoginRow.opened_at < now - longest)))


def audit(session: Session, what: Audited) -> None:
    """Add to the record, in the open transaction of what it tells of."""
    session.add(
        AuditRow(
            at=what.at,
            account=what.account,
            action=what.action,
            call_id=what.call_id,
            detail=what.detail,
            address=what.address,
        )
    )


def _tell(session: Session, told: Audited | None) -> None:
    if told is not None:
        audit(session, told)


def note(store: Store, what: Audited) -> None:
    """Add to the record what is no change in the store: a listening, an export."""
    with store.writing() as session:
        audit(session, what)


def list_audit(
    store: Store, *, account: str = "", action: str = "", call_id: str = "", limit: int = 200, before_id: int = 0
) -> Sequence[tuple[int, Audited]]:
    """The newest first, each with its number; `before_id` goes on from there."""
    wanted: Mapping[Any, str] = {AuditRow.account: account, AuditRow.action: action, AuditRow.call_id: call_id}
    newest = select(AuditRow).where(*(column == value for column, value in wanted.items() if value))
    if before_id:
        newest = newest.where(AuditRow.id < before_id)
    with store.session() as session:
        return [(row.id, _audited(row)) for row in session.scalars(newest.order_by(AuditRow.id.desc()).limit(limit))]


def _audited(row: AuditRow) -> Audited:
    return Audited(
        at=row.at, account=row.account, action=row.action, call_id=row.call_id, detail=row.detail, address=row.address
    )


def _row(account: Account) -> AccountRow:
    return AccountRow(
        name=account.name,
        title=account.title,
        role=account.role,
        queues=list(account.queues),
        hotlines=list(account.hotlines),
        password_hash=account.password_hash,
        failures=account.failures,
        locked_until=account.locked_until,
        disabled=account.disabled,
        created_at=account.created_at,
    )


def _account(row: AccountRow) -> Account:
    return Account(
        name=row.name,
        title=row.title,
        role=row.role,
        queues=tuple(row.queues),
        hotlines=tuple(row.hotlines),
        password_hash=row.password_hash,
        failures=row.failures,
        locked_until=row.locked_until,
        disabled=row.disabled,
        created_at=row.created_at,
    )
