"""Logins of the console: lock-out, how long they last, what ends them, and that all of it is on record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.console.config import ConsoleConfig
from gateway.console.logins import Logins, Opened, digest
from gateway.errors import StoreError
from gateway.store import Store
from gateway.store import accounts as kept
from tests.support.console import PASSWORD, store_with

pytestmark = pytest.mark.unit

HOME = "127.0.0.1"


class House:
    """A store with an agent and an admin, and a clock."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.now = dt.datetime(2026, 11, 29, 9, 0, tzinfo=dt.UTC)
        self.logins = Logins(store, ConsoleConfig(), lambda: self.now)

    def later(self, **time: float) -> None:
        self.now += dt.timedelta(**time)

    def enter(self, name: str = "agent", password: str = PASSWORD) -> Opened:
        opened = self.logins.attempt(name, password, HOME)
        assert opened is not None
        return opened

    def stands(self, opened: Opened, *, used: bool = True) -> bool:
        return self.logins.visitor(opened.visitor.token_sha256, HOME, used=used) is not None

    def audit(self) -> list[tuple[str, str, dict[str, object]]]:
        """Oldest first."""
        return [(told.account, told.action, told.detail) for _, told in reversed(kept.list_audit(self.store))]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with store_with(tmp_path, ["agent", "admin"]) as store:
        yield House(store)


def test_the_store_has_only_the_digest_of_a_login_and_it_is_another_each_time(house: House) -> None:
    first, second = house.enter(), house.enter()
    assert first.token != second.token
    assert len(first.token) >= 43
    assert first.visitor.token_sha256 == digest(first.token)
    assert first.token.encode() not in house.store.database.read_bytes()
    assert house.stands(first)
    assert house.stands(second)


def test_names_are_taken_as_people_type_them(house: House) -> None:
    assert house.enter("  Agent ").visitor.account == "agent"


def test_an_account_locks_after_five_wrong_passwords_and_then_the_right_one_is_refused_too(house: House) -> None:
    for _ in range(5):
        assert house.logins.attempt("agent", "wrong password", HOME) is None
    assert house.logins.attempt("agent", PASSWORD, HOME) is None
    assert house.enter("admin")
    house.later(minutes=14)
    assert house.logins.attempt("agent", PASSWORD, HOME) is None
    house.later(minutes=2)
    assert house.enter()
    told = [(who, action) for who, action, _ in house.audit()]
    assert told.count(("agent", "login_failed")) == 7
    assert told.count(("agent", "locked")) == 1
    assert told[-1] == ("agent", "login")


def test_a_right_password_forgets_the_wrong_ones_before_it(house: House) -> None:
    for _ in range(3):
        for _ in range(4):
            house.logins.attempt("agent", "wrong password", HOME)
        house.enter()


def test_failed_logins_are_on_record_with_the_reason_and_what_was_typed(house: House) -> None:
    kept.change_account(house.store, "admin", disabled=True)
    for name in ("x" * 100_000, "a\x00b\ud800", "agent", "admin"):
        assert house.logins.attempt(name, "wrong password", HOME) is None
    assert [(who, detail["reason"]) for who, action, detail in house.audit() if action == "login_failed"] == [
        ("x" * 40, "unknown"),
        ("a?b?", "unknown"),
        ("agent", "password"),
        ("admin", "disabled"),
    ]


def test_a_login_that_nobody_uses_ends_and_one_that_is_used_lasts_a_working_day(house: House) -> None:
    idle, used = house.enter(), house.enter("admin")
    for _ in range(2):
        house.later(minutes=20)
        assert house.stands(used)
    assert not house.stands(idle)
    for _ in range(34):
        house.later(minutes=20)
        assert house.stands(used)
    house.later(minutes=20)
    assert not house.stands(used), "12 hours are over"


def test_what_a_page_asks_by_itself_does_not_keep_a_login_alive(house: House) -> None:
    opened = house.enter()
    for _ in range(3):
        house.later(minutes=10)
        assert house.stands(opened, used=False)
    house.later(minutes=1)
    assert not house.stands(opened)


@pytest.mark.parametrize("change", [{"disabled": True}, {"role": "qa"}, {"password_hash": "other"}])
def test_who_is_disabled_or_gets_another_role_or_password_is_out_at_the_next_step(
    house: House, change: dict[str, object]
) -> None:
    opened = house.enter()
    kept.change_account(house.store, "agent", **change)
    assert not house.stands(opened)


def test_other_queues_count_at_the_next_step_without_another_login(house: House) -> None:
    opened = house.enter()
    kept.change_account(house.store, "agent", queues=("broadband",))
    visitor = house.logins.visitor(opened.visitor.token_sha256, HOME)
    assert visitor is not None
    assert visitor.scope.queues == ("broadband",)


def test_logging_out_ends_this_login_or_all_of_the_account(house: House) -> None:
    first, second, third = house.enter(), house.enter(), house.enter("admin")
    house.logins.close(first.visitor)
    assert (house.stands(first), house.stands(second)) == (False, True)
    house.logins.close(second.visitor, "everywhere")
    assert (house.stands(second), house.stands(third)) == (False, True)
    assert [detail["extent"] for _, action, detail in house.audit() if action == "logout"] == ["here", "everywhere"]


def test_an_address_may_try_so_often_and_others_are_not_held_up(house: House) -> None:
    assert [house.logins.allows("192.0.2.1") for _ in range(25)].count(True) == 20
    assert house.logins.allows("192.0.2.2")
    house.later(minutes=1)
    assert house.logins.allows("192.0.2.1")


def test_a_store_that_is_gone_is_said_to_be_and_no_other_is_made_in_its_place(house: House) -> None:
    opened = house.enter()
    for file in house.store.directory.glob("voice-gateway.db*"):
        file.unlink()
    with pytest.raises(StoreError, match="gone"):
        house.stands(opened)
    assert not house.store.database.exists()


def test_it_is_known_whether_somebody_can_make_accounts(house: House) -> None:
    assert house.logins.has_admin()
    kept.change_account(house.store, "admin", disabled=True)
    assert not house.logins.has_admin()
