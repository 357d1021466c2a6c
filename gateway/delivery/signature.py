"""How a request proves where it comes from: Standard Webhooks 1.0 (standardwebhooks.com), for which libraries exist.

    Webhook-Signature: v1,BASE64(HMAC-SHA256(secret, "ID.TIMESTAMP.BODY"))

Two signatures, separated by a blank, while the secret is being changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"
MIN_BYTES = 16


def secret_bytes(secret: str) -> bytes:
    """The key that a secret of the settings stands for: base64 after `whsec_`, else its own characters in UTF-8.

    Raises:
        ValueError: too short, or no base64.
    """
    try:
        encoded = secret.removeprefix(PREFIX)
        key = base64.b64decode(encoded, validate=True) if secret.startswith(PREFIX) else secret.encode()
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError(f"what follows {PREFIX} must be base64; make one with: openssl rand -base64 32") from None
    if len(key) < MIN_BYTES:
        raise ValueError(f"a secret needs {MIN_BYTES} bytes or more; make one with: openssl rand -base64 32")
    return key


def signature(keys: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `Webhook-Signature`: one signature for each key, the newest key's first."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def content_digest(body: bytes) -> str:
    """The value of `Content-Digest` (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
