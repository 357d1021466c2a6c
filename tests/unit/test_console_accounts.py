"""Making and changing accounts: what is refused, and that every change is on record with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.console import accounts
from gateway.console.accounts import Person, read_names
from gateway.console.wording import told_detail
from gateway.errors import ConsoleError
from gateway.store import Store
from gateway.store import accounts as kept
from gateway.store.accounts import Audited
from tests.support.console import PASSWORD, account, store_with

pytestmark = pytest.mark.unit


def told(action: str = "account_changed", **detail: Any) -> Audited:
    now = dt.datetime(2026, 11, 29, tzinfo=dt.UTC)
    return Audited(at=now, account="admin", action=action, call_id="", detail=detail, address="127.0.0.1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with store_with(tmp_path, ["agent", "admin"]) as opened:
        yield opened


def test_an_account_is_made_as_told_and_on_record(store: Store) -> None:
    person = Person(title=" 李质检 ", role="qa", queues=("general",))
    accounts.add(store, "li.na", person, "three quiet rivers", told("account_added", account="li.na"))
    made = kept.get_account(store, "li.na")
    assert made is not None
    assert (made.title, made.role, made.queues) == ("李质检", "qa", ("general",))
    assert "quiet" not in made.password_hash
    assert [entry.action for _, entry in kept.list_audit(store)] == ["account_added"]


@pytest.mark.parametrize(
    ("name", "person", "password"),
    [
        ("", Person(title="", role="qa"), "three quiet rivers"),
        ("Li Na", Person(title="", role="qa"), "three quiet rivers"),
        ("../../etc", Person(title="", role="qa"), "three quiet rivers"),
        ("李娜", Person(title="", role="qa"), "three quiet rivers"),
        ("a" * 41, Person(title="", role="qa"), "three quiet rivers"),
        ("agent", Person(title="", role="qa"), "three quiet rivers"),
        ("li.na", Person(title="", role="owner"), "three quiet rivers"),
        ("li.na", Person(title="x" * 41, role="qa"), "three quiet rivers"),
        ("li.na", Person(title="a\x1b[0m", role="qa"), "three quiet rivers"),
        ("li.na", Person(title="", role="qa", queues=("q" * 61,)), "three quiet rivers"),
        ("li.na", Person(title="", role="qa", queues=tuple(map(str, range(51)))), "three quiet rivers"),
        ("li.na", Person(title="", role="qa"), "1234567890"),
    ],
)
def test_what_an_account_cannot_be_is_refused_in_chinese_and_nothing_is_kept(
    store: Store, name: str, person: Person, password: str
) -> None:
    with pytest.raises(ConsoleError) as caught:
        accounts.add(store, name, person, password, told())
    assert not caught.value.message.isascii()
    assert {each.name for each in kept.list_accounts(store)} == {"agent", "admin"}
    assert kept.list_audit(store) == []


def test_the_last_administrator_stays_one(store: Store) -> None:
    for refused in (
        lambda: accounts.set_disabled(store, "admin", True, told()),
        lambda: accounts.change(store, "admin", Person(title="", role="manager"), told()),
    ):
        with pytest.raises(ConsoleError, match="最后一个管理员"):
            refused()
    kept.add_account(store, account("admin", "second"))
    accounts.set_disabled(store, "admin", True, told())
    with pytest.raises(ConsoleError, match="最后一个管理员"):
        accounts.set_disabled(store, "second", True, told())


def test_a_new_password_unlocks_and_ones_own_needs_the_old_one(store: Store) -> None:
    kept.change_account(store, "agent", locked_until=dt.datetime(2030, 1, 1, tzinfo=dt.UTC), failures=3)
    with pytest.raises(ConsoleError, match="现在的口令不对"):
        accounts.change_own_password(store, "agent", "wrong password", "three quiet rivers", told())
    with pytest.raises(ConsoleError, match="和现在的一样"):
        accounts.change_own_password(store, "agent", PASSWORD, PASSWORD, told())
    accounts.change_own_password(store, "agent", PASSWORD, "three quiet rivers", told())
    changed = kept.get_account(store, "agent")
    assert changed is not None
    assert (changed.failures, changed.locked_until) == (0, None)


def test_names_of_queues_are_read_however_they_are_divided() -> None:
    assert read_names("宽带， billing、general billing;") == ("宽带", "billing", "general")
    assert read_names(["vip 1", "", "vip 1"]) == ("vip 1",)


def test_the_audit_tells_a_change_in_words_and_masks_numbers() -> None:
    detail = {"account": "qa", "role": ["agent", "qa"], "queues": [["a"], []], "comment": "回电 13800138000"}
    assert told_detail(detail) == "账号：qa；角色：坐席 → 质检；队列：a → 无；说明：回电 138****8000"
