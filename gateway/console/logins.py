"""Letting people in: passwords, lock-out, logins that last and end. Blocking, but for `allows`."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from gateway.console.config import ConsoleConfig
from gateway.console.passwords import is_right
from gateway.console.rights import ROLES, VIEWS, Scope, Visitor
from gateway.errors import StoreError
from gateway.store import Store
from gateway.store import accounts as kept
from gateway.store.accounts import Account, Audited
from gateway.transport.limits import RateLimit

TOKEN_BYTES = 32
MAX_NAME = 40
TOUCH_EVERY = dt.timedelta(seconds=30)
"""A login's last use is written down so often at most: a write and an fsync at every key press would be many."""
MAX_TOUCHED = 10_000
"""Logins whose last write is remembered; those that end elsewhere are never asked for again."""

log = logging.getLogger(__name__)


def utc_now() -> dt.datetime:
    """The time of day, aware."""
    return dt.datetime.now(dt.UTC)


def digest(token: str) -> str:
    """What the store has of a login's token: SHA-256, in hex."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A login that succeeded."""

    token: str
    """For the browser alone."""
    visitor: Visitor


class Logins:
    """Everybody's logins.

    Args:
        store: has them; several consoles may share one.
        config: how long they last, how many guesses are allowed.
        now: aware; injected by tests.
    """

    def __init__(self, store: Store, config: ConsoleConfig, now: Callable[[], dt.datetime] = utc_now) -> None:
        self._store = store
        self._config = config
        self._now = now
        self._touched: dict[str, dt.datetime] = {}
        self._attempts = RateLimit(config.attempts_per_minute / 60, config.attempts_per_minute)

    def allows(self, source: str) -> bool:
        """Whether an address may try once more, which counts. On the event loop: it isn't for threads."""
        return self._attempts.allows(source, self._now().timestamp() * 1000)

    def attempt(self, name: str, password: str, address: str) -> Opened | None:
        """Log in. None for whatever reason it is refused, after the same time: a wrong password, an account that there
        isn't, that is locked or disabled. All of it is in the audit.

        Raises:
            StoreError: the store can't be read or written.
        """
        name = name.strip().lower()
        now = self._now()
        account = kept.get_account(self._store, name) if len(name) <= MAX_NAME and name.isprintable() else None
        right = is_right(password, account.password_hash if account else None)
        reason = _refusal(account, right, now)
        if account is None or reason:
            self._refuse(name, account, reason, address)
            return None
        kept.end_old_logins(self._store, now, self._config.idle, self._config.longest)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        kept.open_login(self._store, name, digest(token), now, self._told("login", name, address))
        visitor = visitor_of(account, digest(token), address)
        return None if visitor is None else Opened(token=token, visitor=visitor)

    def _refuse(self, name: str, account: Account | None, reason: str, address: str) -> None:
        typed = "".join(letter if letter.isprintable() else "?" for letter in name[:MAX_NAME])
        told = self._told("login_failed", typed, address, reason=reason)
        counted = account is not None and reason == "password"  # neither while it is locked, nor when it is disabled
        config = self._config
        if kept.note_failure(
            self._store,
            name if counted else "",
            self._now(),
            config.failures,
            config.locked_for,
            told,
            self._told("locked", typed, address, minutes=config.locked_minutes),
        ):
            log.warning("account %s is locked for %d min: too many wrong passwords", name, config.locked_minutes)

    def visitor(self, token_sha256: str, address: str, *, used: bool = True) -> Visitor | None:
        """Whose login it is, as their account stands now; None when it has ended.

        Args:
            token_sha256: `digest` of what the browser has.
            address: where they come from.
            used: a person did something: the login lives on. Not so for what a page asks by itself.

        Raises:
            StoreError: the store can't be read.
        """
        if not self._store.database.is_file():
            raise StoreError("the store is gone", where=str(self._store.database), remedy="restore it from a copy")
        now = self._now()
        account = kept.login_of(self._store, token_sha256, now, self._config.idle, self._config.longest)
        if account is None:
            self._touched.pop(token_sha256, None)
            return None
        if len(self._touched) > MAX_TOUCHED:
            self._touched.clear()
        if used and now - self._touched.get(token_sha256, now - 2 * TOUCH_EVERY) >= TOUCH_EVERY:
            self._touched[token_sha256] = now
            with suppress(StoreError):  # held by another program: a page that only reads goes on
                kept.touch_login(self._store, token_sha256, now)
        return visitor_of(account, token_sha256, address)

    def is_open(self, token_sha256: str) -> bool:
        """Whether the login stands. Raises StoreError."""
        return self.visitor(token_sha256, "", used=False) is not None

    def end(self, token_sha256: str) -> None:
        """Forget a login whose token is replaced; idempotent. Raises StoreError."""
        self._touched.pop(token_sha256, None)
        kept.close_login(self._store, token_sha256)

    def close(self, visitor: Visitor, extent: Literal["here", "everywhere"] = "here") -> None:
        """Log out: this login with all of its pages, or all of the account's. Raises StoreError."""
        self._touched.pop(visitor.token_sha256, None)
        told = self._told("logout", visitor.account, visitor.address, extent=extent)
        if extent == "everywhere":
            kept.close_logins(self._store, visitor.account, told)
        else:
            kept.close_login(self._store, visitor.token_sha256, told)

    def has_admin(self) -> bool:
        """Whether somebody can make accounts. Raises StoreError."""
        return any(account.role == "admin" and not account.disabled for account in kept.list_accounts(self._store))

    def told(self, action: str, visitor: Visitor, call_id: str = "", /, **detail: object) -> Audited:
        """What the audit has of something that a visitor does now."""
        return Audited(
            at=self._now(),
            account=visitor.account,
            action=action,
            call_id=call_id,
            detail=dict(detail),
            address=visitor.address,
        )

    def _told(self, action: str, account: str, address: str, **detail: object) -> Audited:
        return Audited(at=self._now(), account=account, action=action, call_id="", detail=dict(detail), address=address)


def visitor_of(account: Account, token_sha256: str, address: str) -> Visitor | None:
    """An account as a visitor; None when its role is of another version's making."""
    role = next((role for role in ROLES if role == account.role), None)
    if role is None:
        return None
    return Visitor(
        account=account.name,
        title=account.title or account.name,
        role=role,
        scope=Scope(view=VIEWS[role], queues=account.queues, hotlines=account.hotlines),
        token_sha256=token_sha256,
        address=address,
    )


def _refusal(account: Account | None, right: bool, now: dt.datetime) -> str:
    """Why nobody is let in, for the audit; empty when they are."""
    if account is None:
        return "unknown"
    if account.disabled:
        return "disabled"
    if account.locked_until is not None and account.locked_until > now:
        return "locked"
    return "" if right else "password"
