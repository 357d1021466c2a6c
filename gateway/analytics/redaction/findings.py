"""What was found in a conversation, without the numbers that were found."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar, cast

from gateway.analytics.redaction.conversations import Redacted
from gateway.analytics.redaction.hiding import redact_text
from gateway.analytics.redaction.masks import MASKS
from gateway.analytics.redaction.values import redact_value
from gateway.findings import CallFindings, Entity, Evidence, Flag, TicketDraft, TurnFindings

_WORDS = {TicketDraft: "summary", CallFindings: "summary"}
_Found = TypeVar("_Found", CallFindings, TurnFindings, Flag)


def redact_findings(redacted: Redacted, found: _Found) -> _Found:
    """Findings as they may be shown beside `redacted.conversation`: evidence with the characters and the words that it
    has there, masks for the values of personal entities, and summaries and facts without numbers.
    """
    return cast(_Found, _walk(redacted, found))


def _walk(redacted: Redacted, value: Any) -> Any:  # noqa: ANN401 -- any part of findings
    if isinstance(value, Evidence):
        return redacted.evidence(value)
    if isinstance(value, tuple):
        return tuple(_walk(redacted, one) for one in value)
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changed = {field.name: _walk(redacted, getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Entity) and value.kind in MASKS:
        changed["value"] = MASKS[value.kind]
    if name := _WORDS.get(type(value)):
        changed[name] = redact_text(changed[name])
    if isinstance(value, TicketDraft):
        changed["facts"] = redact_value(value.facts)
    return replace(value, **changed)
