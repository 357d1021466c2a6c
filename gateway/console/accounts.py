"""Making and changing accounts, by the page and by the command. Blocking; refusals are ConsoleErrors in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.console.passwords import hashed, is_right, weakness
from gateway.console.rights import ROLES, TITLES
from gateway.errors import ConsoleError
from gateway.store import Store
from gateway.store import accounts as kept
from gateway.store.accounts import Account, Audited

MAX_TITLE = 40
MAX_NAMES = 50
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_BETWEEN = re.compile(r"[,，、;；\s]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What an account says of somebody."""

    title: str
    """As others see them."""
    role: str
    queues: tuple[str, ...] = ()
    """Of agents and team leaders: whose calls they see."""
    hotlines: tuple[str, ...] = ()
    """Of floor supervisors."""


def read_names(text: str | Iterable[str]) -> tuple[str, ...]:
    """Queues or hotlines as somebody types them, divided by commas or spaces."""
    parts = _BETWEEN.split(text) if isinstance(text, str) else [name.strip() for name in text]
    return tuple(dict.fromkeys(part for part in parts if part))


def add(store: Store, name: str, person: Person, password: str, told: Audited) -> None:
    """Make an account.

    Raises:
        ConsoleError: the name, the role or the password won't do, or the name is taken.
        StoreError: the store can't be written.
    """
    if not _NAME.fullmatch(name):
        raise ConsoleError("账号名只能用小写字母、数字和 . _ -，以字母或数字开头，最多 40 个字符", where=repr(name))
    _check_person(person)
    _check_password(password, name)
    if kept.get_account(store, name) is not None:
        raise ConsoleError(f"账号 {name} 已经存在")
    account = Account(
        name=name,
        title=person.title.strip(),
        role=person.role,
        queues=person.queues,
        hotlines=person.hotlines,
        password_hash=hashed(password),
        created_at=told.at,
    )
    kept.add_account(store, account, told)


def change(store: Store, name: str, person: Person, told: Audited) -> None:
    """Change what an account says of somebody; who gets another role must log in again.

    Raises:
        ConsoleError: there is no such account, the role won't do, or no administrator would be left.
        StoreError: the store can't be written.
    """
    account = _account(store, name)
    _check_person(person)
    if person.role != "admin":
        _check_admin_left(store, account)
    values: dict[str, object] = {"title": person.title.strip(), "queues": person.queues, "hotlines": person.hotlines}
    if person.role != account.role:
        values["role"] = person.role
    kept.change_account(store, name, told, **values)


def set_password(store: Store, name: str, password: str, told: Audited) -> None:
    """Give an account another password, and unlock it; its logins end. Raises ConsoleError, StoreError."""
    _account(store, name)
    _check_password(password, name)
    kept.change_account(store, name, told, password_hash=hashed(password), failures=0, locked_until=None)


def change_own_password(store: Store, name: str, old: str, new: str, told: Audited) -> None:
    """As `set_password`, by somebody who knows the old one. Raises ConsoleError, StoreError."""
    if not is_right(old, _account(store, name).password_hash):
        raise ConsoleError("现在的口令不对")
    if old == new:
        raise ConsoleError("新口令和现在的一样")
    set_password(store, name, new, told)


def set_disabled(store: Store, name: str, disabled: bool, told: Audited) -> None:
    """Disable an account, whose logins end, or enable it again. Raises ConsoleError, StoreError."""
    account = _account(store, name)
    if disabled:
        _check_admin_left(store, account)
    kept.change_account(store, name, told, disabled=disabled)


def _account(store: Store, name: str) -> Account:
    account = kept.get_account(store, name)
    if account is None:
        raise ConsoleError(f"没有账号 {name}")
    return account


def _check_person(person: Person) -> None:
    if person.role not in ROLES:
        known = "、".join(f"{role}（{TITLES[role]}）" for role in ROLES)
        raise ConsoleError(f"没有角色 {person.role}；可用的有 {known}")
    if len(person.title) > MAX_TITLE or not person.title.isprintable():
        raise ConsoleError(f"姓名最多 {MAX_TITLE} 个字符，不能有控制字符")
    for names in (person.queues, person.hotlines):
        if len(names) > MAX_NAMES or any(len(name) > 60 or not name.isprintable() for name in names):
            raise ConsoleError(f"队列和热线各最多 {MAX_NAMES} 个，每个最多 60 个字符")


def _check_password(password: str, name: str) -> None:
    if reason := weakness(password, name):
        raise ConsoleError(reason)


def _check_admin_left(store: Store, account: Account) -> None:
    if account.role != "admin":
        return
    if not any(a.role == "admin" and not a.disabled and a.name != account.name for a in kept.list_accounts(store)):
        raise ConsoleError("这是最后一个管理员，不能停用或改为其他角色")
