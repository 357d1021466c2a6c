"""The console: who may log in, who did what, what people made of flags; and the words of calls, to be searched."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op

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


def downgrade() -> None:
    for table in ("appeals", "reviews", "saved_filters", "logins", "accounts", "audit"):
        op.drop_table(table)
