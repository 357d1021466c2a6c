"""Which line a call came in on, and how it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("calls", sa.Column("trunk", sa.String(), nullable=False, server_default=""))
    op.add_column("calls", sa.Column("line", sa.JSON()))


def downgrade() -> None:
    with op.batch_alter_table("calls") as calls:
        for name in ("line", "trunk"):
            calls.drop_column(name)
