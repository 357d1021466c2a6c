"""What was found in a call: its flags, tickets, what is to be sent of it, and proof of what was deleted."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    op.add_column("calls", sa.Column("route", sa.String()))
    op.add_column("calls", sa.Column("route_probability", sa.Double()))
    op.add_column("calls", sa.Column("polarity", sa.String()))
    op.add_column("calls", sa.Column("anger", sa.Integer()))
    op.add_column("calls", sa.Column("findings", sa.JSON()))
    op.create_index("ix_calls_caller_number", "calls", ["caller_number", "started_at"])
    op.add_column("turns", sa.Column("voice", sa.JSON()))
    _flags()
    _tickets()
    _sending()
    op.create_table(
        "deletions",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        _text("call_id"),
        _text("what"),
        _text("name"),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        _text("sha256"),
        _moment("deleted_at"),
        _text("reason"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletions")),
    )


def _flags() -> None:
    op.create_table(
        "flags",
        _text("call_id"),
        _text("flag"),
        _text("severity"),
        sa.Column("at_ms", sa.Double(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_flags_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "flag", name=op.f("pk_flags")),
    )
    op.create_index("ix_flags_flag", "flags", ["flag"])


def _tickets() -> None:
    names = ("number", "call_id", "caller_number", "category", "team", "summary")
    op.create_table(
        "tickets",
        *(_text(name) for name in names),
        sa.Column("facts", sa.JSON(), nullable=False),
        _text("priority"),
        _text("status"),
        *(_moment(name) for name in ("opened_at", "answer_by", "solve_by", "visit_by")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tickets")),
    )
    op.create_index("ix_tickets_caller_number", "tickets", ["caller_number", "opened_at"])
    op.create_index("ix_tickets_call_id", "tickets", ["call_id"])
    op.create_table(
        "ticket_steps",
        _text("number"),
        sa.Column("seq", sa.Integer(), nullable=False),
        _moment("at"),
        _text("status"),
        _text("who"),
        _text("note"),
        sa.ForeignKeyConstraint(
            ["number"], ["tickets.number"], name=op.f("fk_ticket_steps_number"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("number", "seq", name=op.f("pk_ticket_steps")),
    )


def _sending() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        _text("call_id"),
        _text("topic"),
        _text("key"),
        sa.Column("body", sa.JSON(), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    op.create_index("ix_outbox_call_id", "outbox", ["call_id"])
    op.create_table(
        "deliveries",
        _text("sink"),
        sa.Column("outbox_id", sa.Integer(), nullable=False),
        _text("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("next_at"),
        _moment("done_at", nullable=True),
        _text("last_error"),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_deliveries_outbox_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("sink", "outbox_id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["sink", "state"])
    op.create_index("ix_deliveries_outbox_id", "deliveries", ["outbox_id"])


def downgrade() -> None:
    for table in ("deletions", "deliveries", "outbox", "ticket_steps", "tickets", "flags"):
        op.drop_table(table)
    op.drop_index("ix_calls_caller_number", "calls")
    with op.batch_alter_table("turns") as turns:
        turns.drop_column("voice")
    with op.batch_alter_table("calls") as calls:
        for name in ("findings", "anger", "polarity", "route_probability", "route"):
            calls.drop_column(name)
