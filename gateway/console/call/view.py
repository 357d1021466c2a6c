"""What a page shows of a call, personal numbers masked unless they may be seen. Blocking reads, pure values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.copies import conversation_of
from gateway.analytics.redaction import Redacted, Silence, redact, redact_findings, redact_text, redact_value
from gateway.analytics.scribe import masked
from gateway.events import Event, FlagRaised, NodeEntered, TransferRequested, TurnAnalyzed
from gateway.findings import SEVERITIES, CallFindings, Flag, TurnFindings
from gateway.store import Store, queries, search
from gateway.store.queries import CallRecord
from gateway.store.retention import words_forgotten
from gateway.store.search import ScopeLike
from gateway.store.tables import TicketRow
from gateway.store.tickets import TicketRecord, ticket_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftMessage:
    """A message that the caller left; told by its number, from 0."""

    node: str
    begin_ms: float
    length_ms: float
    has_file: bool
    """Kept yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A call as somebody may see it: nothing in it has to be hidden any more."""

    id: str
    unmasked: bool
    caller_number: str
    called_number: str
    hotline: str
    mode: str
    transport: str
    started_at: datetime
    ended: bool
    duration_ms: float
    """So far, while it is going on."""
    disposition: str | None
    reason: str | None
    segments: tuple[Segment, ...]
    silences: tuple[Silence, ...]
    """Where the sound that goes with it is silent; none when it is unmasked."""
    turns: Mapping[int, TurnFindings]
    """By segment."""
    flags: tuple[Flag, ...]
    """The gravest first, then in the order in which they showed."""
    findings: CallFindings | None
    """None while the call is going on."""
    path: tuple[tuple[str, float], ...]
    """Nodes in the order in which they were entered, and when, ms."""
    slots: Mapping[str, Any]
    tickets: tuple[TicketRecord, ...]
    queue: str
    """Whom it was, or is to be, handed to; empty when nobody was asked for."""
    handed_over: Mapping[str, Any]
    messages: tuple[LeftMessage, ...]
    line: Mapping[str, Any]
    satisfaction: int | None
    has_recording: bool
    words_gone: bool
    """Its words are deleted."""


def load(store: Store, scope: ScopeLike, call_id: str, *, unmasked: bool = False) -> Shown | None:
    """A call with all that was found in it; None when there is none in the scope. Blocking: 0.1 s for an hour's.

    Raises:
        StoreError: the store can't be read.
    """
    call = search.find_call(store, scope, call_id)
    if call is None:
        return None
    events = queries.events(store, call.id)
    conversation = conversation_of(events) or _empty(call)
    redacted = Redacted(conversation, ()) if unmasked else redact(conversation)
    tickets = tuple(ticket if unmasked else _masked(ticket) for ticket in _tickets(store, call.id))
    return _shown(call, events, redacted, tickets, unmasked=unmasked, words_gone=words_forgotten(store, call.id))


def _shown(
    call: CallRecord,
    events: Sequence[Event],
    redacted: Redacted,
    tickets: tuple[TicketRecord, ...],
    *,
    unmasked: bool,
    words_gone: bool,
) -> Shown:
    found = call.findings if unmasked or call.findings is None else redact_findings(redacted, call.findings)
    turns = {one.segment: one for one in _turns(call, events)}
    flags = _flags(call, events)
    queue, handed_over = _handed(call, events)
    return Shown(
        id=call.id,
        unmasked=unmasked,
        caller_number=call.caller_number if unmasked else masked(call.caller_number),
        called_number=call.called_number if unmasked else redact_text(call.called_number),
        hotline=call.flow,
        mode=call.mode,
        transport=call.transport,
        started_at=call.started_at,
        ended=call.ended_at is not None,
        duration_ms=redacted.conversation.duration_ms if call.duration_ms is None else call.duration_ms,
        disposition=call.disposition,
        reason=call.reason,
        segments=redacted.conversation.segments,
        silences=redacted.silences,
        turns=turns if unmasked else {at: redact_findings(redacted, turn) for at, turn in turns.items()},
        flags=flags if unmasked else tuple(redact_findings(redacted, flag) for flag in flags),
        findings=found,
        path=tuple((event.node, event.at_ms) for event in events if isinstance(event, NodeEntered)),
        slots=call.slots or redacted.conversation.slots if unmasked else redacted.conversation.slots,
        tickets=tickets,
        queue=queue,
        handed_over=handed_over if unmasked else _handed_masked(handed_over),
        messages=tuple(_message(one) for one in call.messages),
        line=call.line or {},
        satisfaction=call.satisfaction,
        has_recording=bool(call.recording),
        words_gone=words_gone,
    )


def _message(told: Mapping[str, Any]) -> LeftMessage:
    begin_ms = float(told.get("start_ms") or 0.0)
    length_ms = max(0.0, float(told.get("end_ms") or 0.0) - begin_ms)
    return LeftMessage(
        node=str(told.get("node") or ""), begin_ms=begin_ms, length_ms=length_ms, has_file=bool(told.get("path"))
    )


def _empty(call: CallRecord) -> Conversation:
    """Of a call whose events are gone."""
    return Conversation(id=call.id, source="call", segments=(), ended=True, duration_ms=call.duration_ms or 0.0)


def _turns(call: CallRecord, events: Sequence[Event]) -> tuple[TurnFindings, ...]:
    if call.findings is not None:
        return call.findings.turns
    return tuple(event.findings for event in events if isinstance(event, TurnAnalyzed))


def _flags(call: CallRecord, events: Sequence[Event]) -> tuple[Flag, ...]:
    """As they stand: the last word on each."""
    raised = {event.flag.flag: event.flag for event in events if isinstance(event, FlagRaised)}
    raised |= {flag.flag: flag for flag in (call.findings.flags if call.findings else ())}
    return tuple(sorted(raised.values(), key=lambda flag: (-SEVERITIES.index(flag.severity), flag.at_ms)))


def _handed(call: CallRecord, events: Sequence[Event]) -> tuple[str, dict[str, Any]]:
    """The queue, and what its people are told."""
    if call.transfer is not None:
        return str(call.transfer.get("queue") or ""), dict(call.transfer.get("handed_over") or {})
    if call.ended_at is None:
        asked = [event for event in events if isinstance(event, TransferRequested)]
        return (asked[-1].queue, asked[-1].handed_over) if asked else ("", {})
    return "", {}


def _handed_masked(handed_over: Mapping[str, Any]) -> dict[str, Any]:
    """The caller's own number shows as it does above."""
    told: dict[str, Any] = redact_value(handed_over)
    caller = handed_over.get("caller")
    if isinstance(caller, Mapping) and isinstance(caller.get("number"), str):
        told["caller"] = {**told["caller"], "number": masked(caller["number"])}
    return told


def _tickets(store: Store, call_id: str) -> list[TicketRecord]:
    of_call = select(TicketRow).where(TicketRow.call_id == call_id).order_by(TicketRow.opened_at)
    with store.session() as session:
        return [ticket_of(row) for row in session.scalars(of_call.options(selectinload(TicketRow.steps)))]


def _masked(ticket: TicketRecord) -> TicketRecord:
    return replace(
        ticket,
        caller_number=masked(ticket.caller_number),
        summary=redact_text(ticket.summary),
        facts=redact_value(ticket.facts),
        steps=tuple(replace(step, note=redact_text(step.note)) for step in ticket.steps),
    )
