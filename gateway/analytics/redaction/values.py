"""Redaction of plain JSON: slots, what was handed over, the facts of a ticket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.analytics.entities.numbers import kind_of
from gateway.analytics.redaction.hiding import redacted
from gateway.analytics.redaction.masks import MASKS

KEPT = frozenset({"call_id", "started_at", "ended_at", "due", "at", "path", "recording", "node", "queue", "category"})
"""Keys whose values are the machine's own."""
_MAX_DEPTH = 50
_ASKED_BY_NAME = {
    "verification": "验证码", "captcha": "验证码", "code": "验证码", "password": "密码", "pin": "密码", "puk": "密码",
    "phone": "电话", "mobile": "手机", "id_card": "身份证", "bank": "银行卡",
}  # fmt: skip


def redact_value(value: Any, kept: frozenset[str] = KEPT) -> Any:  # noqa: ANN401 -- plain JSON
    """A copy of plain JSON with every text in it redacted, and numbers that are somebody's as their masks.

    Names of keys stay, and say what is asked: in `{"验证码": "8321"}` it is a code. The values of `kept` keys stay.
    What is nested deeper than 50 levels is left out (None).
    """
    return _redact(value, kept, "", 0)


def _redact(value: Any, kept: frozenset[str], asked: str, depth: int) -> Any:  # noqa: ANN401
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, str):
        return redacted(value, asked).render()
    if isinstance(value, Mapping):
        return {
            name: inner if name in kept else _redact(inner, kept, _question(str(name)), depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_redact(inner, kept, asked, depth + 1) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and (kind := kind_of(str(value))):
        return MASKS[kind]
    return value


def _question(name: str) -> str:
    known = [asked for word, asked in _ASKED_BY_NAME.items() if word in name.lower()]
    return " ".join([name, *known[:1]])
