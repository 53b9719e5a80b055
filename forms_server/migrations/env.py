"""Owns how Alembic runs here: on the connection that the caller opened, never on one of its own."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
