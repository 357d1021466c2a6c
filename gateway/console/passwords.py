"""Passwords: how they are kept (Argon2id, RFC 9106, the library's own cost), and which are refused. Blocking: 0.1 s."""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 200
"""Longer ones are nobody's; hashing a megabyte would be work for free."""
_HASHER = PasswordHasher()
_COMMON = frozenset((Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").split())
_KEYBOARD = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")


def weakness(password: str, account: str) -> str:
    """Why a new password is refused, in Chinese; empty when it may be taken."""
    plain = password.strip().lower()
    if len(password) < MIN_LENGTH:
        return f"口令太短，至少要 {MIN_LENGTH} 个字符"
    if len(password) > MAX_LENGTH:
        return f"口令太长，最多 {MAX_LENGTH} 个字符"
    if not _can_be_sent(password):
        return "口令里有无法输入的字符"
    if plain in _COMMON or len(set(plain)) < 4 or any(plain in row for row in _KEYBOARD):
        return "这个口令太常见，容易被猜中"
    if not plain.replace(account.lower(), "").strip("0123456789!@#._-"):
        return "口令不能只是账号名加数字或符号"
    return ""


def hashed(password: str) -> str:
    """What is kept of it."""
    return _HASHER.hash(password)


def is_right(password: str, password_hash: str | None) -> bool:
    """Whether it is the one that was hashed. Takes as long when there is none (None), and says no then."""
    try:
        right = _HASHER.verify(password_hash or _nobodys(), password[: MAX_LENGTH + 1])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return right and password_hash is not None


def prepare() -> None:
    """Before the first login: or it would take longer for the first name that nobody has."""
    _nobodys()


@cache
def _nobodys() -> str:
    return _HASHER.hash(secrets.token_hex(16))


def _can_be_sent(password: str) -> bool:
    return password.isprintable()
