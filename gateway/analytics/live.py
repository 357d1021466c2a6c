"""Follows every call while it is up: what is found in each turn, flags as they show, everything at its end.

Called by the store's writer on its thread (`Follow`), so that findings are committed with what they were found in, and
no call waits for them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from gateway.analytics.analyser import Analyser
from gateway.analytics.building import ConversationBuilder
from gateway.analytics.conversation import Conversation
from gateway.events import (
    CallAnalyzed,
    CallEnded,
    CallStarted,
    Event,
    FlagRaised,
    Happened,
    TurnAnalyzed,
    TurnFinished,
)
from gateway.findings import SEVERITIES, CallFindings, Flag, Severity, TurnFindings
from gateway.store import Store, queries
from gateway.store.outbox import put
from gateway.store.record import KILLED, record_next
from gateway.store.writer import Consequences, Document

CONTACTS_WITHIN = timedelta(days=30)
CALL, EVENT = "call", "event"
"""Topics of documents."""

log = logging.getLogger(__name__)

History = Callable[[str, datetime], Sequence[datetime]]
"""When a number called before a moment."""


class Documents(Protocol):
    """Writes what leaves; None for what doesn't."""

    def of_event(self, event: Event, conversation: Conversation) -> dict[str, Any] | None:
        """One live event."""

    def of_call(
        self, started: CallStarted, ended: CallEnded, conversation: Conversation, findings: CallFindings
    ) -> dict[str, Any] | None:
        """A whole call."""


class _Call:
    """One call that is followed."""

    def __init__(self, started: CallStarted, contacts: Sequence[datetime]) -> None:
        self.started = started
        self.builder = ConversationBuilder(started, contacts)
        self.turns: dict[int, TurnFindings] = {}
        self.raised: dict[str, Severity] = {}
        self.told = 0
        """Documents of its events so far."""


class Analyst:
    """Implements `gateway.store.writer.Follow`.

    Args:
        history: earlier calls of a number.
        documents: writes what is to be sent; None: nothing is.
    """

    def __init__(self, analyser: Analyser, history: History, documents: Documents | None = None) -> None:
        self._analyser = analyser
        self._history = history
        self._documents = documents
        self._calls: dict[str, _Call] = {}

    def follow(self, event: Event) -> Consequences:
        """What follows from an event. Told in order, each call's from its start to its end."""
        if isinstance(event, CallStarted):
            self._calls[event.call_id] = _Call(event, self._earlier(event))
        call = self._calls.get(event.call_id)
        if call is None:
            return Consequences()
        found = self._found(call, event)
        documents = self._live(call, [event, *found])
        if isinstance(event, CallEnded):
            del self._calls[event.call_id]
            documents += self._whole(call, event, found)
        return Consequences(found, documents)

    def _found(self, call: _Call, event: Event) -> list[Event]:
        segment = call.builder.take(event)
        if isinstance(event, CallEnded):
            conversation = call.builder.conversation
            findings = self._analyser.call(conversation, call.turns)
            return [
                *_raised(call, findings.flags, event),
                CallAnalyzed(call_id=event.call_id, at_ms=event.at_ms, findings=findings),
            ]
        if segment is None or not isinstance(event, TurnFinished):
            return []
        found: list[Event] = []
        conversation = call.builder.conversation
        if segment.kind == "speech" and segment.text:
            turn = self._analyser.turn(segment, conversation.segments[: segment.index])
            call.turns[segment.index] = turn
            found.append(TurnAnalyzed(call_id=event.call_id, at_ms=event.at_ms, turn=event.turn.index, findings=turn))
        return [*found, *_raised(call, self._analyser.flags(conversation, call.turns), event)]

    def _live(self, call: _Call, events: Sequence[Event]) -> list[Document]:
        written: list[Document] = []
        if self._documents is None:
            return written
        for event in events:
            if (body := self._documents.of_event(event, call.builder.conversation)) is not None:
                written.append(Document(EVENT, f"{event.call_id}/{EVENT}/{call.told}", body))
                call.told += 1
        return written

    def _whole(self, call: _Call, ended: CallEnded, found: Sequence[Event]) -> list[Document]:
        findings = next((one.findings for one in found if isinstance(one, CallAnalyzed)), None)
        if self._documents is None or findings is None:
            return []
        body = self._documents.of_call(call.started, ended, call.builder.conversation, findings)
        return [] if body is None else [Document(CALL, f"{ended.call_id}/{CALL}", body)]

    def _earlier(self, started: CallStarted) -> Sequence[datetime]:
        return self._history(started.caller_number, datetime.fromisoformat(started.started_at))


def _raised(call: _Call, flags: Sequence[Flag], event: Happened) -> list[Event]:
    """Those that are new, or more severe than they were."""
    told: list[Event] = []
    for flag in flags:
        before = call.raised.get(flag.flag)
        if before is None or SEVERITIES.index(flag.severity) > SEVERITIES.index(before):
            call.raised[flag.flag] = flag.severity
            told.append(FlagRaised(call_id=event.call_id, at_ms=event.at_ms, flag=flag))
    return told


def history_of(store: Store) -> History:
    """The earlier calls that are in the store."""
    return lambda number, before: queries.earlier_calls(store, number, before, CONTACTS_WITHIN)


def read_killed(store: Store, analyst: Analyst) -> int:
    """Find out what there is in the calls that a killed process left behind, and store it with what is to be sent of
    it; returns how many. Raises StoreError.
    """
    unread = queries.unread_calls(store, KILLED)
    for call_id in unread:
        last = Consequences()
        for event in queries.events(store, call_id):
            if not isinstance(event, TurnAnalyzed | FlagRaised | CallAnalyzed):
                last = analyst.follow(event)
        with store.writing() as session:
            for event in last.events:
                record_next(session, event)
            for document in last.documents:
                put(session, call_id, document.topic, document.key, document.body, datetime.now(UTC))
    return len(unread)
