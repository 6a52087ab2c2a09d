"""Runs the migrations on the connection and in the transaction that `database.py` hands over."""

from __future__ import annotations

from alembic import context

from dealwright_embedded_crm.schema import metadata

# The metadata gives constraints their names; the transaction is the caller's, on SQLite too.
context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=False)
context.run_migrations()
