"""Copies of calls' recordings in which personal numbers are silent: written once a call has ended, or when asked."""

from __future__ import annotations

import logging
from pathlib import Path

from gateway.analytics.building import ConversationBuilder
from gateway.analytics.conversation import Conversation
from gateway.analytics.redaction import redact, redacted_path
from gateway.analytics.redaction.copies import write_copies
from gateway.errors import RecordingError, StoreError, VoiceGatewayError
from gateway.events import CallStarted, Event
from gateway.store import Store, queries
from gateway.store.retention import words_forgotten

log = logging.getLogger(__name__)


def conversation_of(events: list[Event]) -> Conversation | None:
    """The conversation that stored events tell; None without a beginning."""
    started = next((event for event in events if isinstance(event, CallStarted)), None)
    if started is None:
        return None
    builder = ConversationBuilder(started)
    for event in events:
        builder.take(event)
    return builder.conversation


def redacted_copy(store: Store, call_id: str) -> Path:
    """The redacted copy of a call's recording; written now if there is none. Blocking: about a second for an hour.

    Raises:
        StoreError: there is no such call, it hasn't ended, or the store can't be read.
        RecordingError: it has no recording (any more), or the copy can't be written.
    """
    call = queries.get_call(store, call_id)
    if call is None or call.ended_at is None:
        raise StoreError(f"there is no call {call_id} that has ended", where=str(store.database))
    if call.recording is None:
        raise RecordingError("the call has no recording", where=call_id, remedy="see its retention")
    source = store.recordings / Path(call.recording).name  # the store may have been moved since
    target = redacted_path(source)
    if target.exists():
        return target
    if words_forgotten(store, call_id):
        raise RecordingError(
            "nobody can tell any more where it has to be silent: the call's words are deleted", where=str(source)
        )
    conversation = conversation_of(queries.events(store, call_id))
    if conversation is None:
        raise StoreError(f"the events of call {call_id} are gone", where=str(store.database))
    return write_copies(redact(conversation), source, call.messages)[0]


def write_missing_copies(store: Store, limit: int = 100) -> int:
    """Write the copies of the latest calls that have ended and have none; returns how many. Blocking.

    One that can't be written is logged, and the others are. Raises StoreError when the store can't be read.
    """
    written = 0
    for call_id, recording in queries.latest_recordings(store, limit):
        source = Path(recording)
        if not source.exists() or redacted_path(source).exists():
            continue
        try:
            redacted_copy(store, call_id)
            written += 1
        except VoiceGatewayError as error:
            log.error("a recording has no redacted copy: %s", error)
    return written
