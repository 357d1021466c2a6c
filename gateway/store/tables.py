"""The tables of the store, as SQLAlchemy classes: a call, its turns, and everything that happened in it.

`migrations/` builds the same tables step by step; a test holds the two together.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, MetaData, String, TypeDecorator
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
    __table_args__ = (Index("ix_calls_started_at", "started_at"), Index("ix_calls_disposition", "disposition"))

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


class EventRow(Base):
    """One event, in the order it was told: `body` is what `gateway.events.to_json` makes of it."""

    __tablename__ = "events"

    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at_ms: Mapped[float]
    kind: Mapped[str]
    body: Mapped[dict[str, Any]]
