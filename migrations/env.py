"""Runs migrations on the app's own engine, in one transaction."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine, MetaData

from plugin_store.engine.compatibility import write_compatibility
from plugin_store.engine.location import Location
from plugin_store.engine.opening import LOCATION


def run_migrations() -> None:
    extension = current_app.extensions["migrate"]
    location: Location = current_app.extensions[LOCATION]
    engine: Engine = extension.db.engine
    metadata: MetaData = extension.db.metadatas[None]
    with engine.connect() as connection, location.migration(connection):
        context.configure(
            connection=connection,
            target_metadata=metadata,
            transactional_ddl=True,
            **extension.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
            mark_compatibility(connection)
            location.finish_migration(connection)


def mark_compatibility(connection: Connection) -> None:
    """Says in the store which older code works with its tables, once there is a table for that."""
    for revision in context.get_context().get_current_heads():
        script = context.script.get_revision(revision)
        if compatible_from := getattr(script.module, "compatible_from", None):
            write_compatibility(connection, revision, compatible_from)


run_migrations()
