"""Runs migrations on the app's own engine, in one transaction."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Engine, MetaData

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
            location.finish_migration(connection)


run_migrations()
