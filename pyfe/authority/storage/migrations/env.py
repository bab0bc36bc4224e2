"""Run by alembic, and by nothing else: on the connection that it is given, inside the transaction that this is in."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
