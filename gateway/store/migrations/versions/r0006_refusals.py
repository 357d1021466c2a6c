"""Calls that were refused, counted by the minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refusals",
        sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hotline", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "hotline", "reason", name=op.f("pk_refusals")),
    )


def downgrade() -> None:
    op.drop_table("refusals")
