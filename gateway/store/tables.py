"""The tables of the store, as SQLAlchemy classes: a call with its turns, events and flags; tickets; what is to be sent.

`migrations/` builds the same tables step by step; a test holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, MetaData, String, TypeDecorator, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, kept in UTC: SQLite has no time zones and would silently drop the offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is not None and value.tzinfo is None:
            raise ValueError("a stored moment needs an offset")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """The metadata that the migrations are compared with; names are fixed so that any database agrees on them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  # the name and the plain dict are SQLAlchemy's
        dict[str, Any]: JSON,
        dict[str, str]: JSON,
        list[str]: JSON,
        list[dict[str, Any]]: JSON,
        datetime: UtcDateTime,
        str: String,
    }


class CallRow(Base):
    """One call; everything from `ended_at` to `reason` is empty while it is going on."""

    __tablename__ = "calls"
    __table_args__ = (
        # Whatever a search asks for is answered from this one alone: a row of it is 200 bytes, one of the table several
        # thousand, so that a walk through all of 100,000 calls takes a tenth of a second and no filter needs its own.
        Index(
            "ix_calls_search",
            "started_at",
            "id",
            "flow",
            "mode",
            "route",
            "polarity",
            "anger",
            "flags",
            "severity",
            "disposition",
            "duration_ms",
            "queue",
            "caller_number",
            "satisfaction",
            "words_id",
        ),
        Index("ix_calls_going_on", "id", sqlite_where=text("disposition IS NULL")),
        Index("ix_calls_caller_number", "caller_number", "started_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    flow: Mapped[str]
    flow_version: Mapped[str]
    caller_number: Mapped[str]
    called_number: Mapped[str]
    transport: Mapped[str]
    trunk: Mapped[str] = mapped_column(default="")
    mode: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    duration_ms: Mapped[float | None]
    disposition: Mapped[str | None]
    reason: Mapped[str | None]
    path: Mapped[list[str]] = mapped_column(default=list)
    options: Mapped[list[str]] = mapped_column(default=list)
    slots: Mapped[dict[str, str]] = mapped_column(default=dict)
    transfer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    recording: Mapped[str | None]
    tickets: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    messages: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    satisfaction: Mapped[int | None]
    line: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    route: Mapped[str | None]
    """This and what follows: what was found in it (`gateway.findings`), for searching; whole in `findings`."""
    route_probability: Mapped[float | None]
    polarity: Mapped[str | None]
    anger: Mapped[int | None]
    findings: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    queue: Mapped[str | None]
    """Of `transfer`; this and what follows is there for searching too (`gateway.store.search`)."""
    flags: Mapped[str] = mapped_column(default="", server_default="")
    """Names of the call's flags, a space before and after each: ` churn regulator `; empty without any."""
    severity: Mapped[int | None]
    """Of the gravest: its place in `gateway.findings.SEVERITIES`; None without any."""
    words_id: Mapped[int | None]
    """Of its `WordsRow`."""

    turns: Mapped[list[TurnRow]] = relationship(order_by="TurnRow.index", passive_deletes=True)


class TurnRow(Base):
    """One answer of the caller: the columns are the fields of `gateway.events.Turn`."""

    __tablename__ = "turns"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    index: Mapped[int] = mapped_column(primary_key=True)
    node: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    keys: Mapped[str]
    alternatives: Mapped[list[str]]
    confidence: Mapped[float | None]
    matched: Mapped[str | None]
    score: Mapped[float | None]
    outcome: Mapped[str]
    start_ms: Mapped[float]
    end_ms: Mapped[float]
    heard_ms: Mapped[float]
    silence_window_ms: Mapped[float]
    recognise_ms: Mapped[float]
    turn_latency_ms: Mapped[float | None]
    voice: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class EventRow(Base):
    """One event, in the order it was told: `body` is what `gateway.events.to_json` makes of it."""

    __tablename__ = "events"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[float]
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]


class FlagRow(Base):
    """A flag of a call, as it stands: raised while the call was up, or found at its end."""

    __tablename__ = "flags"
    __table_args__ = (Index("ix_flags_flag", "flag"),)

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    flag: Mapped[str] = mapped_column(primary_key=True)
    severity: Mapped[str]
    at_ms: Mapped[float]
    body: Mapped[dict[str, Any]]
    """The `gateway.findings.Flag`."""


class TicketRow(Base):
    """A work order."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_caller_number", "caller_number", "opened_at"),
        Index("ix_tickets_call_id", "call_id"),
    )

    number: Mapped[str] = mapped_column(primary_key=True)
    """What callers are told: digits."""
    call_id: Mapped[str]
    """The call that opened it; empty for one that was opened otherwise. Outlives the call."""
    caller_number: Mapped[str]
    category: Mapped[str]
    team: Mapped[str]
    summary: Mapped[str]
    facts: Mapped[dict[str, str]]
    priority: Mapped[str]
    status: Mapped[str]
    opened_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    solve_by: Mapped[datetime]
    visit_by: Mapped[datetime]

    steps: Mapped[list[TicketStepRow]] = relationship(order_by="TicketStepRow.seq", passive_deletes=True)


class TicketStepRow(Base):
    """One step in the history of a work order."""

    __tablename__ = "ticket_steps"

    number: Mapped[str] = mapped_column(ForeignKey("tickets.number", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    status: Mapped[str]
    """After this step."""
    who: Mapped[str]
    note: Mapped[str]


class OutboxRow(Base):
    """A document that leaves: written in the transaction of what it tells of, and kept until every sink has it."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_call_id", "call_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    """In the order in which they are to arrive, within a call."""
    call_id: Mapped[str]
    topic: Mapped[str]
    """`call` for a whole call, `event` for one live event."""
    key: Mapped[str] = mapped_column(unique=True)
    """The idempotency key."""
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class DeliveryRow(Base):
    """How far a document is on its way to one sink; rows are made when a sink first looks at it."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_state", "sink", "state"),
        Index("ix_deliveries_outbox_id", "outbox_id"),  # without it, each deleted document reads all deliveries
    )

    sink: Mapped[str] = mapped_column(primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[str]
    """`waiting`, `delivered`, `dead`, `dropped`, or `passed`: see `gateway.store.outbox`."""
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime]
    """When it is tried again."""
    done_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")


class DeletionRow(Base):
    """Proof that something of a call was deleted: what, when, and why. Outlives the call."""

    __tablename__ = "deletions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str]
    what: Mapped[str]
    """`recording`, `transcript`, `call`, ..."""
    name: Mapped[str]
    """The file's, or empty."""
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    """Of what was deleted; empty where there was no file."""
    deleted_at: Mapped[datetime]
    reason: Mapped[str]


class RefusalRow(Base):
    """Calls that were refused within a minute, for one reason; none of them is a call of the store."""

    __tablename__ = "refusals"

    minute: Mapped[datetime] = mapped_column(primary_key=True)
    hotline: Mapped[str] = mapped_column(primary_key=True)
    """Empty where nobody has the number that was called."""
    reason: Mapped[str] = mapped_column(primary_key=True)
    """A value of `gateway.transport.switchboard.Refusal`."""
    count: Mapped[int]


class AccountRow(Base):
    """Somebody who may log in to the console."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    """As others see them."""
    role: Mapped[str]
    queues: Mapped[list[str]] = mapped_column(default=list)
    """Whose calls agents and team leaders see."""
    hotlines: Mapped[list[str]] = mapped_column(default=list)
    """Whose calls floor supervisors see."""
    password_hash: Mapped[str]
    failures: Mapped[int] = mapped_column(default=0)
    """Wrong passwords since the last right one."""
    locked_until: Mapped[datetime | None]
    disabled: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]


class LoginRow(Base):
    """A login that lasts; the browser has the token, the store only its digest."""

    __tablename__ = "logins"
    __table_args__ = (Index("ix_logins_account", "account"),)

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name", ondelete="CASCADE"))
    opened_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class AuditRow(Base):
    """Who did what in the console: every listening, unmasking, export and change. Never deleted by the console."""

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_at", "at"), Index("ix_audit_call_id", "call_id"))

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    account: Mapped[str]
    """As it was typed, for a login that failed."""
    action: Mapped[str]
    call_id: Mapped[str]
    """Empty for what is about no call."""
    detail: Mapped[dict[str, Any]]
    address: Mapped[str]


class ReviewRow(Base):
    """What a person made of a flag."""

    __tablename__ = "reviews"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    flag: Mapped[str] = mapped_column(primary_key=True)
    verdict: Mapped[str]
    """`confirmed` or `dismissed`."""
    comment: Mapped[str]
    account: Mapped[str]
    at: Mapped[datetime]
    revision: Mapped[int]
    """Counts up, so that the second of two reviewers at once is told of the first."""


class AppealRow(Base):
    """The agent's side against a flag or a score, and what was decided."""

    __tablename__ = "appeals"
    __table_args__ = (Index("ix_appeals_call_id", "call_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    about: Mapped[str]
    """A flag, or `card/RULE` of a scorecard."""
    reason: Mapped[str]
    account: Mapped[str]
    at: Mapped[datetime]
    decision: Mapped[str | None]
    """`upheld` or `rejected`; None while it is open."""
    decision_comment: Mapped[str] = mapped_column(default="")
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]


class SavedFilterRow(Base):
    """A search of the calls that somebody keeps."""

    __tablename__ = "saved_filters"

    account: Mapped[str] = mapped_column(ForeignKey("accounts.name", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    query: Mapped[dict[str, Any]]


class WordsRow(Base):
    """What the caller of a call said, as the full text has it (`gateway.store.fulltext`). Outlives the call until the
    full text is rid of its words."""

    __tablename__ = "call_words"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    """What the full text knows it by."""
    call_id: Mapped[str] = mapped_column(unique=True)
    words: Mapped[str]
    """Folded; empty once it is forgotten."""
    forgotten: Mapped[bool] = mapped_column(default=False)
    """Pages of the full text may hold remains of it still."""
