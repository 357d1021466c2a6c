"""The console: who may log in, who did what, what people made of flags; and the words of calls, to be searched."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from gateway.store.fulltext import create_full_text, drop_full_text, fill_full_text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def _moment(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    _accounts()
    _reviews()
    _search()
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        _moment("at"),
        _text("account"),
        _text("action"),
        _text("call_id"),
        sa.Column("detail", sa.JSON(), nullable=False),
        _text("address"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_call_id", "audit", ["call_id"])


def _accounts() -> None:
    op.create_table(
        "accounts",
        _text("name"),
        _text("title"),
        _text("role"),
        sa.Column("queues", sa.JSON(), nullable=False),
        sa.Column("hotlines", sa.JSON(), nullable=False),
        _text("password_hash"),
        sa.Column("failures", sa.Integer(), nullable=False),
        _moment("locked_until", nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
    )
    op.create_table(
        "logins",
        _text("token_sha256"),
        _text("account"),
        _moment("opened_at"),
        _moment("seen_at"),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name=op.f("fk_logins_account"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_logins")),
    )
    op.create_index("ix_logins_account", "logins", ["account"])
    op.create_table(
        "saved_filters",
        _text("account"),
        _text("name"),
        sa.Column("query", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.name"], name=op.f("fk_saved_filters_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", "name", name=op.f("pk_saved_filters")),
    )


def _reviews() -> None:
    op.create_table(
        "reviews",
        _text("call_id"),
        _text("flag"),
        _text("verdict"),
        _text("comment"),
        _text("account"),
        _moment("at"),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_reviews_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("call_id", "flag", name=op.f("pk_reviews")),
    )
    op.create_table(
        "appeals",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        _text("call_id"),
        _text("about"),
        _text("reason"),
        _text("account"),
        _moment("at"),
        sa.Column("decision", sa.String()),
        _text("decision_comment"),
        _text("decided_by"),
        _moment("decided_at", nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name=op.f("fk_appeals_call_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
    )
    op.create_index("ix_appeals_call_id", "appeals", ["call_id"])


_SEARCHED = (
    "started_at", "id", "flow", "mode", "route", "polarity", "anger", "flags", "severity", "disposition",
    "duration_ms", "queue", "caller_number", "satisfaction", "words_id",
)  # fmt: skip
_FILLED = """
UPDATE calls SET queue = json_extract(transfer, '$.queue') WHERE transfer IS NOT NULL;
UPDATE calls SET
  flags = (SELECT ' ' || group_concat(flag, ' ') || ' '
    FROM (SELECT flag FROM flags WHERE call_id = calls.id ORDER BY flag)),
  severity = (SELECT max(CASE severity WHEN 'critical' THEN 3 WHEN 'high' THEN 2 WHEN 'medium' THEN 1 ELSE 0 END)
    FROM flags WHERE call_id = calls.id)
  WHERE id IN (SELECT call_id FROM flags)
"""


def _search() -> None:
    """Columns that calls are searched by, filled for those that are there, and the full text of their words."""
    op.add_column("calls", sa.Column("queue", sa.String()))
    op.add_column("calls", sa.Column("flags", sa.String(), nullable=False, server_default=""))
    op.add_column("calls", sa.Column("severity", sa.Integer()))
    op.add_column("calls", sa.Column("words_id", sa.Integer()))
    op.create_table(
        "call_words",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=True),
        _text("call_id"),
        _text("words"),
        sa.Column("forgotten", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call_words")),
        sa.UniqueConstraint("call_id", name=op.f("uq_call_words_call_id")),
    )
    for statement in _FILLED.split(";"):
        op.execute(statement)
    create_full_text(op.get_bind())
    fill_full_text(op.get_bind())
    op.drop_index("ix_calls_started_at", "calls")
    op.drop_index("ix_calls_disposition", "calls")
    op.create_index("ix_calls_search", "calls", list(_SEARCHED))
    op.create_index("ix_calls_going_on", "calls", ["id"], sqlite_where=sa.text("disposition IS NULL"))


def downgrade() -> None:
    drop_full_text(op.get_bind())
    op.drop_table("call_words")
    op.drop_index("ix_calls_search", "calls")
    op.drop_index("ix_calls_going_on", "calls")
    for name in ("queue", "flags", "severity", "words_id"):
        op.drop_column("calls", name)  # not as a batch, which drops the table, and with it all turns of its calls
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_index("ix_calls_disposition", "calls", ["disposition"])
    for table in ("appeals", "reviews", "saved_filters", "logins", "accounts", "audit"):
        op.drop_table(table)
