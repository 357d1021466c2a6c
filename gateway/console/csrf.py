"""Tokens that show that a form or a request comes from our own page: salted HMACs of what only its browser has.

Of a page they are bound to the login's token, of the login form to a cookie that was set with it (double submit). Each
is salted anew, so that a compressed page tells nothing of it (BREACH).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

_SALT_BYTES = 8
HEADER = "X-CSRF-Token"
FIELD = "csrf"


def csrf_token(secret: str) -> str:
    """A token for somebody whose browser has `secret`: 81 characters, hexadecimal and a dot."""
    salt = secrets.token_hex(_SALT_BYTES)
    return f"{salt}.{_mac(secret, salt)}"


def is_csrf_token(secret: str, given: str) -> bool:
    """Whether `given` was made for `secret`; no token fits an empty one."""
    salt, _, mac = given.partition(".")
    return bool(secret) and hmac.compare_digest(_mac(secret, salt).encode(), mac.encode("utf-8", "replace"))


def _mac(secret: str, salt: str) -> str:
    return hmac.new(
        secret.encode("utf-8", "replace"), b"console form " + salt.encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()
