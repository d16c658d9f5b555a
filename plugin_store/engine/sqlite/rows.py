"""Whole tables of the store's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Boolean, Table

from plugin_store.engine.rows import ROWS_AT_ONCE, Row, Rows, RowSource, RowTarget, UnfitRow, columns_of
from plugin_store.engine.sqlite.file import driver_failures, open_file, set_pragmas

# One large transaction, whose pages would else go to the log and back again and again.
CACHE_KIB = 32 * 1024
_HAS_TABLE = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
_TRIGGERS = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"


class SqliteRows(Rows):
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = self._file = connection

    def has_table(self, name: str) -> bool:
        return self.connection.execute(_HAS_TABLE, (name,)).fetchone() is not None

    def last_given_id(self, table: Table) -> int:
        if not _never_reuses(table):
            return 0
        given = self.connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,))
        row = given.fetchone()
        return 0 if row is None else row[0]


class SqliteRowSource(SqliteRows, RowSource):
    def pages(self, table: Table, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[Sequence[Row]]:
        with driver_failures():
            cursor = self._file.execute(f"SELECT {columns_of(table)} FROM {table.name}")  # noqa: S608 - our own names
            convert = _with_booleans(table)
            while page := cursor.fetchmany(rows_at_once):
                yield page if convert is None else [convert(row) for row in page]


class SqliteRowTarget(SqliteRows, RowTarget):
    @contextmanager
    def without_triggers(self, tables: Sequence[Table]) -> Iterator[None]:
        triggers = self.query(_TRIGGERS)
        for name, _ in triggers:
            self.connection.execute(f"DROP TRIGGER {name}")
        yield
        for _, definition in triggers:
            self.connection.execute(definition)

    def insert(self, table: Table, pages: Iterable[Sequence[Row]]) -> None:
        places = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {table.name} ({columns_of(table)}) VALUES ({places})"  # noqa: S608 - our own names
        for page in pages:
            try:
                self.connection.executemany(statement, page)
            except (sqlite3.IntegrityError, OverflowError, UnicodeEncodeError):
                raise UnfitRow from None

    def continue_after(self, table: Table, last_id: int) -> None:
        if _never_reuses(table) and last_id > self.last_given_id(table):
            self.connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table.name,))
            self.connection.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table.name, last_id)
            )


@contextmanager
def reading_rows(path: Path) -> Iterator[SqliteRowSource]:
    """The file as it is at one moment. Raises StorageFailed."""
    with driver_failures(), closing(open_file(str(path))) as connection:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        # The snapshot is that of the first read.
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        yield SqliteRowSource(connection)


@contextmanager
def writing_rows(path: Path) -> Iterator[SqliteRowTarget]:
    """One transaction of the file. Raises StorageFailed."""
    with driver_failures(), closing(open_file(str(path))) as connection:
        set_pragmas(connection)
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute("BEGIN IMMEDIATE")
        # Closing rolls back what was not committed.
        yield SqliteRowTarget(connection)
        connection.execute("COMMIT")


def _never_reuses(table: Table) -> bool:
    return bool(table.dialect_options["sqlite"]["autoincrement"])


def _with_booleans(table: Table) -> Callable[[Row], Row] | None:
    """What makes SQLite's numbers true and false again, for a table that has such columns."""
    places = [place for place, column in enumerate(table.columns) if isinstance(column.type, Boolean)]
    if not places:
        return None

    def convert(row: Row) -> Row:
        values = list(row)
        for place in places:
            values[place] = None if values[place] is None else bool(values[place])
        return tuple(values)

    return convert
