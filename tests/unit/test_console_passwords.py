"""Passwords of the console: which are refused, and that only the right one fits."""

from __future__ import annotations

import pytest

from gateway.console.passwords import hashed, is_right, weakness

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("password", ["correct horse 12", "三百六十行行行出状元啊", "x7!kQ pr0 zz", "wangli-likes-tea"])
def test_a_long_uncommon_password_is_taken(password: str) -> None:
    assert weakness(password, "wangli") == ""


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "太短"),
        ("short9ch.", "太短"),
        ("x" * 201, "太长"),
        ("1234567890", "太常见"),
        ("Password123", "太常见"),
        ("aaaaaaaaaaaa", "太常见"),
        ("qwertyuiopas", "太常见"),
        ("wangli123456", "账号名"),
        ("WangLi@2026!", "账号名"),
        ("wangliwangli", "账号名"),
        ("tabs\tand more words", "无法输入"),
        ("lone \ud800 surrogate", "无法输入"),
    ],
)
def test_a_weak_password_is_refused_and_the_reason_is_told(password: str, reason: str) -> None:
    assert reason in weakness(password, "wangli")


def test_only_the_password_that_was_hashed_is_right() -> None:
    kept = hashed("correct horse 12")
    assert kept.startswith("$argon2id$")
    assert "correct" not in kept
    assert is_right("correct horse 12", kept)
    assert not is_right("correct horse 13", kept)


@pytest.mark.parametrize("password", ["x" * 100_000, "\ud800\x00🎧"])
def test_nothing_is_right_where_there_is_no_account_or_no_hash(password: str) -> None:
    assert not is_right(password, None)
    assert not is_right(password, "not a hash")
