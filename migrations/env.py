"""In: the connection that `service.store.migrate` opened. Out: the revisions run on it, in its transaction.

Raises `RuntimeError` when run by alembic's own command line, which has no connection to give.
"""

from __future__ import annotations

from alembic import context

from service.store.schema import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("run migrations with `deskroute db upgrade`")

context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
