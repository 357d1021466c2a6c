"""Hiding what belongs to a person alone: in texts, conversations, plain JSON, and as silence in recordings."""

from __future__ import annotations

from gateway.analytics.redaction.conversations import Redacted, redact
from gateway.analytics.redaction.copies import write_copies
from gateway.analytics.redaction.findings import redact_findings
from gateway.analytics.redaction.hiding import redact_text
from gateway.analytics.redaction.recording import redact_recording, redacted_path
from gateway.analytics.redaction.silences import Silence
from gateway.analytics.redaction.values import redact_value

__all__ = [
    "Redacted",
    "Silence",
    "redact",
    "redact_findings",
    "redact_recording",
    "redact_text",
    "redact_value",
    "redacted_path",
    "write_copies",
]
