"""Runs migrations on the app's own engine, in one transaction, with foreign keys off meanwhile."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Connection, Engine, MetaData


def run_migrations() -> None:
    extension = current_app.extensions["migrate"]
    engine: Engine = extension.db.engine
    metadata: MetaData = extension.db.metadatas[None]
    with engine.connect() as connection:
        connection.execution_options(begin="IMMEDIATE")
        # A batch migration drops and recreates a table, which would delete its children by cascade. The pragma does
        # nothing inside a transaction, so it is sent to the driver's connection before one begins.
        _switch_foreign_keys(connection, on=False)
        try:
            context.configure(
                connection=connection,
                target_metadata=metadata,
                transactional_ddl=True,
                **extension.configure_args,
            )
            with context.begin_transaction():
                context.run_migrations()
                _refuse_orphans(connection)
        finally:
            _switch_foreign_keys(connection, on=True)


def _switch_foreign_keys(connection: Connection, *, on: bool) -> None:
    driver_connection = connection.connection.driver_connection
    if driver_connection is not None:
        driver_connection.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _refuse_orphans(connection: Connection) -> None:
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if orphans:
        tables = ", ".join(sorted({row[0] for row in orphans}))
        raise RuntimeError(f"The migration would leave rows without their parent in: {tables}")


run_migrations()
