"""Versions side by side: the code of an older one goes on with the tables of a newer one, as that has said."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import (
    CheckConstraint,
    Column,
    Engine,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    create_engine,
    delete,
    select,
    text,
)
from sqlalchemy.orm import Session

from plugin_store.engine import opening as opening_module
from plugin_store.engine.migrating import config_of
from plugin_store.engine.opening import (
    MIGRATIONS_FOLDER,
    db,
    init_database,
    is_current,
    known_revisions,
    newest_revision,
)
from plugin_store.models import Base
from settings import ConfigurationError
from tests.plugin_store.engine.test_migration_walk import reflect, value_of

FIRST = "0019"
"""The oldest migration that servers of several hosts may run beside the version before."""
NEWEST = newest_revision(MIGRATIONS_FOLDER)
SINCE = [revision for revision in known_revisions() if revision >= FIRST]
LATER = """
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "{newest}"
branch_labels = None
depends_on = None
{mark}
def upgrade():
    op.add_column("workspaces", sa.Column("note", sa.Text(), nullable=True))
def downgrade():
    op.drop_column("workspaces", "note")
"""
BOOKKEEPING = {"alembic_version", "table_compatibility"}


# -- what a migration may do --------------------------------------------------------------------------------------------


def _must_be_given(column: Column[Any]) -> bool:
    counts_up = column.primary_key and column.autoincrement is not False
    return not (column.nullable or column.server_default is not None or counts_up)


def _constraints(table: Table) -> set[str]:
    """What a row may have to meet. Their names say nothing."""
    told = {
        f"unique {sorted(column.name for column in each.columns)}"
        for each in (*table.constraints, *table.indexes)
        if isinstance(each, UniqueConstraint) or (isinstance(each, Index) and each.unique)
    }
    told |= {f"check {each.sqltext}" for each in table.constraints if isinstance(each, CheckConstraint)}
    return told | {
        f"foreign {sorted(column.name for column in each.columns)}" for each in table.foreign_key_constraints
    }


def breaks(before: MetaData, after: MetaData) -> Iterator[str]:
    """What of the tables of an older version a newer one has taken away or made stricter."""
    for name, old in before.tables.items():
        if name not in after.tables:
            yield f"{name} is gone"
            continue
        new = after.tables[name]
        for column in old.columns:
            if column.name not in new.columns:
                yield f"{name}.{column.name} is gone"
            elif repr(new.columns[column.name].type) != repr(column.type):
                yield f"{name}.{column.name} has another type"
            elif _must_be_given(new.columns[column.name]) and not _must_be_given(column):
                yield f"{name}.{column.name} must be given"
        yield from (
            f"{name}.{column.name} is new and must be given"
            for column in new.columns
            if column.name not in old.columns and _must_be_given(column)
        )
        yield from (f"{name}: {told}" for told in sorted(_constraints(new) - _constraints(old)))


BEFORE = "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL)"


@pytest.mark.parametrize(
    ("after", "found"),
    [
        (BEFORE, []),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL, c TEXT)", []),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL, c TEXT NOT NULL DEFAULT '')", []),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT)", []),
        ("CREATE TABLE u (id INTEGER PRIMARY KEY)", ["t is gone"]),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT NOT NULL)", ["t.a is gone"]),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT)", ["t.b is gone"]),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b TEXT NOT NULL)", ["t.a has another type"]),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL, b TEXT NOT NULL)", ["t.a must be given"]),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL, c TEXT NOT NULL)",
            ["t.c is new and must be given"],
        ),
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT NOT NULL)", ["t: unique ['a']"]),
        (f"{BEFORE}; CREATE UNIQUE INDEX x ON t (a)", ["t: unique ['a']"]),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b TEXT NOT NULL, CHECK (length(b) < 9))",
            ["t: check length(b) < 9"],
        ),
        (
            "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT REFERENCES t (id), b TEXT NOT NULL)",
            ["t: foreign ['a']"],
        ),
    ],
)
def test_what_an_older_version_cannot_live_with_is_found(after: str, found: list[str]) -> None:
    def tables(statements: str) -> MetaData:
        engine = create_engine("sqlite://")
        with engine.connect() as connection:
            for statement in statements.split(";"):
                connection.execute(text(statement))
            return reflect(connection)

    assert list(breaks(tables(BEFORE), tables(after))) == found


@dataclass
class Tables:
    """A store whose tables are taken to any revision."""

    config: Config
    engine: Engine

    def take_to(self, revision: str) -> MetaData:
        command.downgrade(self.config, "base")
        command.upgrade(self.config, revision)
        return self.reflected()

    def reflected(self) -> MetaData:
        with self.engine.connect() as connection:
            return reflect(connection)


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    app = Flask("upgrade")
    database = init_database(app, tmp_path)
    with app.app_context():
        yield Tables(config_of(app, db, MIGRATIONS_FOLDER), db.engine)
    database.close()


def test_the_version_before_each_migration_goes_on_beside_it(tables: Tables) -> None:
    """It reads, writes and deletes in its own words, and today's code reads what it wrote."""
    for before, revision in zip(known_revisions(), known_revisions()[1:], strict=False):
        if revision not in SINCE:
            continue
        old = tables.take_to(before)
        command.upgrade(tables.config, revision)
        assert list(breaks(old, tables.reflected())) == [], revision
        own = [table for table in old.sorted_tables if table.name not in BOOKKEEPING]
        for write in (_delete_all, _insert_each, _update_each):
            with tables.engine.begin() as connection:
                write(connection, own)
        command.upgrade(tables.config, "head")
        with Session(tables.engine) as session:
            known = {table.name for table in own}
            for mapper in Base.registry.mappers:
                if mapper.local_table is not None and str(mapper.local_table) in known:
                    assert session.scalars(select(mapper)).all(), mapper
        with tables.engine.begin() as connection:
            _delete_all(connection, own)


# Its rows are never changed, and its triggers say so.
FIXED = {"audit_log"}


def _delete_all(connection: Any, own: list[Table]) -> None:
    for table in reversed(own):
        connection.execute(delete(table))


def _insert_each(connection: Any, own: list[Table]) -> None:
    for table in own:
        if connection.execute(select(table)).first() is None:
            # Triggers insert events too, so that these ids count up by themselves.
            row = {
                column.name: value_of(column)
                for column in table.columns
                if (table.name, column.name) != ("events", "id")
            }
            connection.execute(table.insert().values(row))


def _update_each(connection: Any, own: list[Table]) -> None:
    for table in own:
        if table.name not in FIXED:
            values = {column.name: value_of(column) for column in table.columns if not column.primary_key}
            connection.execute(
                table.update().values(values or {column.name: column for column in table.columns})
            )


def test_each_migration_says_which_versions_may_go_on_and_never_an_older_one_than_before(
    tables: Tables,
) -> None:
    script = ScriptDirectory.from_config(tables.config)
    marks = {
        revision: getattr(script.get_revision(revision).module, "compatible_from", "")
        for revision in SINCE
        if revision >= "0021"
    }
    assert all(mark in known_revisions() and mark <= revision for revision, mark in marks.items()), marks
    assert list(marks.values()) == sorted(marks.values())


# -- who may start ------------------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "instance"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def newer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, str], None]:
    """Has the next version migrate a store, by a migration with this mark."""

    def migrate(store: Path, mark: str) -> None:
        folder = tmp_path / "newer"
        shutil.copytree(MIGRATIONS_FOLDER, folder)
        (folder / "versions" / "9999_later.py").write_text(LATER.format(newest=NEWEST, mark=mark))
        with monkeypatch.context() as patch:
            patch.setattr(opening_module, "MIGRATIONS_FOLDER", folder)
            init_database(Flask("newer"), store).close()

    return migrate


def test_an_older_version_starts_beside_a_newer_one_that_allows_it(
    store: Path, newer: Callable[[Path, str], None], caplog: pytest.LogCaptureFixture
) -> None:
    running = init_database(Flask("running"), store)
    newer(store, f'compatible_from = "{NEWEST}"')
    caplog.set_level(logging.INFO)
    with closing(running), closing(init_database(Flask("older"), store)) as database:
        assert "A newer version of Patchbay made the tables (revision 9999)" in caplog.text
        assert is_current(database)
        for each in (running, database):
            with each.writing() as session:
                session.execute(text("INSERT INTO workspaces (name, created_at) VALUES ('Both', 1)"))
        assert database.query("SELECT count(*) FROM workspaces WHERE name = 'Both' AND note IS NULL", ()) == [
            (2,)
        ]
        assert database.query("SELECT version_num FROM alembic_version", ()) == [("9999",)]


@pytest.mark.parametrize("mark", ['compatible_from = "9999"', 'compatible_from = "a-branch"', ""])
def test_it_does_not_start_where_the_newer_one_does_not_say_so(
    store: Path, newer: Callable[[Path, str], None], mark: str
) -> None:
    newer(store, mark)
    with pytest.raises(ConfigurationError, match="newer version of Patchbay"):
        init_database(Flask("older"), store)


def test_what_was_said_of_other_tables_does_not_count(
    store: Path, newer: Callable[[Path, str], None]
) -> None:
    newer(store, f'compatible_from = "{NEWEST}"')
    with closing(init_database(Flask("older"), store)) as database, database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9998'"))
    with pytest.raises(ConfigurationError, match="newer version of Patchbay"):
        init_database(Flask("older again"), store)


def test_a_downgrade_takes_back_what_was_said(tables: Tables) -> None:
    said = select(text("revision, compatible_from FROM table_compatibility"))
    with tables.engine.connect() as connection:
        assert connection.execute(said).all() == [(NEWEST, "0020")]
    command.downgrade(tables.config, "0020")
    command.upgrade(tables.config, "head")
    with tables.engine.connect() as connection:
        assert connection.execute(said).all() == [(NEWEST, "0020")]
