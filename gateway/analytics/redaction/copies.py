"""The redacted copies of a call's files: its recording, and the messages that were left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.analytics.redaction.conversations import Redacted
from gateway.analytics.redaction.recording import redact_recording, redacted_path
from gateway.analytics.redaction.silences import Silence

MESSAGE_LEAD_MS = 300.0
"""A message's file begins up to so long before its `start_ms` (`gateway.events.MessageRecorded`)."""


def write_copies(redacted: Redacted, recording: Path, messages: Sequence[Mapping[str, Any]] = ()) -> tuple[Path, ...]:
    """Write a copy beside the recording and beside each message that has a file; returns their paths. Blocking.

    Args:
        messages: node, path, start_ms, end_ms, as `gateway.events.CallEnded` tells them.

    Raises:
        RecordingError: one can't be read or written. Those before it are there.
    """
    written = [redacted_path(recording)]
    redact_recording(recording, written[0], redacted.silences)
    for message in messages:
        file = recording.with_name(Path(str(message.get("path") or "?")).name)
        if file.is_file() and not file.is_symlink():  # a link may lead to what is no recording
            written.append(redacted_path(file))
            redact_recording(file, written[-1], _within(redacted.silences, float(message["start_ms"])))
    return tuple(written)


def _within(silences: Sequence[Silence], start_ms: float) -> list[Silence]:
    """The caller's silences on the clock of a message's file, wherever in its lead the file begins."""
    return [
        Silence(one.participant, one.begin_ms - start_ms, one.end_ms - start_ms + MESSAGE_LEAD_MS)
        for one in silences
        if one.participant == "customer" and one.end_ms + MESSAGE_LEAD_MS > start_ms
    ]
