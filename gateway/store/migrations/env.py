"""Run by Alembic, always on a connection that `gateway.store.engine` hands over and inside its transaction."""

from __future__ import annotations

from alembic import context

from gateway.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite can't alter most of a table in place
    transactional_ddl=True,  # a process killed half-way leaves the old tables, not a mixture
)
with context.begin_transaction():
    context.run_migrations()
