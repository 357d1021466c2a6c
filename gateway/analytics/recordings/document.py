"""The JSON document of one recording: that of a call (`gateway.analytics.document`), and what its file was like."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from gateway.analytics.document import CallFacts, Disclosure, call_document
from gateway.analytics.recordings.listening import Oddity, Recording
from gateway.analytics.shapes.call import CallDocument
from gateway.analytics.shapes.parts import Shape
from gateway.findings import CallFindings


class RecordedFile(Shape):
    """The file as it was read."""

    path: str
    """As it was named; bytes that are no UTF-8 as `\\xff`."""
    size_bytes: int
    modified_at: str
    """ISO 8601 with an offset."""
    modified_nanos: int
    """The same to the nanosecond, since 1970: by this and the size a file is known again."""
    rate_hz: int
    channels: int
    speech_millis: int
    """How much of it is speech, all channels together."""


class Processing(Shape):
    """What analysing it took."""

    elapsed_millis: int
    cpu_millis: int


class RecordingDocument(CallDocument):
    """A call's document, its `Source` being `recording`, and four fields more."""

    file: RecordedFile
    warnings: list[Oddity]
    made_with: dict[str, JsonValue]
    """Program, engine, rules and options: the same recording analysed with the same again gives the same."""
    processing: Processing


def recording_document(
    path: Path,
    shown: str,
    recording: Recording,
    findings: CallFindings,
    made_with: Mapping[str, Any],
    *,
    unmasked: bool = False,
) -> dict[str, Any]:
    """Build it, as `RecordingDocument` has it; `Processing` is left at 0.

    Args:
        path: the file, which is looked at for its size and time.
        shown: its path as text.
        recording: what was heard.
        findings: what was found.
        made_with: what made it.
        unmasked: keep personal numbers.

    Raises:
        OSError: the file has gone in the meantime.
    """
    status = path.stat()
    disclosure = Disclosure(redact=not unmasked)
    document = call_document(recording.conversation, findings, CallFacts(recording=shown), disclosure)
    file = RecordedFile(
        path=shown,
        size_bytes=status.st_size,
        modified_at=datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds"),
        modified_nanos=status.st_mtime_ns,
        rate_hz=recording.rate_hz,
        channels=recording.channels,
        speech_millis=round(recording.speech_ms),
    )
    return {
        **document,
        "File": file.model_dump(mode="json", by_alias=True),
        "Warnings": list(recording.warnings),
        "MadeWith": dict(made_with),
        "Processing": {"ElapsedMillis": 0, "CpuMillis": 0},
    }
