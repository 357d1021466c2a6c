"""What a call led to: work orders, messages, and how content the caller was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("tickets", "messages"):
        op.add_column("calls", sa.Column(name, sa.JSON(), nullable=False, server_default=sa.text("'[]'")))
    op.add_column("calls", sa.Column("satisfaction", sa.Integer()))


def downgrade() -> None:
    with op.batch_alter_table("calls") as calls:
        for name in ("satisfaction", "messages", "tickets"):
            calls.drop_column(name)
