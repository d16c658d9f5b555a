"""Every migration, one after the other, over tables with rows, on the engine that the tests run on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from flask import Flask
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    func,
    select,
)
from sqlalchemy.orm import Session

from plugin_store.engine.migrating import config_of
from plugin_store.engine.opening import MIGRATIONS_FOLDER, db, init_database, known_revisions
from plugin_store.models import Base

# A text of every kind: a name, a key, or a JSON object. The same everywhere, so that foreign keys are met.
VALUES: dict[type[Any], Any] = {Boolean: True, Integer: 1, Float: 1.5, LargeBinary: b"{}"}


CACHED = ("0004", "integration_artifacts")
"""The one migration that deletes rows: artifacts of another format are fetched again."""


def value_of(column: Column[Any]) -> Any:
    return next((value for kind, value in VALUES.items() if isinstance(column.type, kind)), "{}")


def reflect(connection: Connection) -> MetaData:
    metadata = MetaData()
    metadata.reflect(connection)
    return metadata


def count_rows(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        tables = [table for table in reflect(connection).sorted_tables if table.name != "alembic_version"]
        counted = select(func.count())
        return {table.name: connection.scalar(counted.select_from(table)) or 0 for table in tables}


def fill_empty_tables(engine: Engine) -> None:
    """Puts a row into every table that has none."""
    with engine.begin() as connection:
        for table in reflect(connection).sorted_tables:
            if connection.execute(select(table)).first() is None:
                row = {column.name: value_of(column) for column in table.columns}
                connection.execute(table.insert().values(row))


def test_every_migration_keeps_the_rows_that_it_finds(tmp_path: Path) -> None:
    app = Flask("walk")
    database = init_database(app, tmp_path)
    with app.app_context():
        config, engine = config_of(app, db, MIGRATIONS_FOLDER), db.engine
        command.downgrade(config, "base")
        for revision in known_revisions():
            before = count_rows(engine)
            command.upgrade(config, revision)
            after = count_rows(engine)
            for table in before.keys() & after.keys():
                assert after[table] == before[table] or (revision, table) == CACHED
            fill_empty_tables(engine)
        with Session(engine) as session:
            for mapper in Base.registry.mappers:
                assert session.scalars(select(mapper)).all(), mapper
        command.downgrade(config, "base")
        assert count_rows(engine) == {}
        command.upgrade(config, "head")
    database.close()
