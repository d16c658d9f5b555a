"""Whole tables of the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import psycopg
from sqlalchemy import URL, Table, create_engine

from plugin_store.engine.postgresql.connections import Driver, PlainConnection, connect
from plugin_store.engine.postgresql.database import TAKE_TURN
from plugin_store.engine.postgresql.failures import storage_failures
from plugin_store.engine.rows import ROWS_AT_ONCE, Row, Rows, RowSource, RowTarget, UnfitRow, columns_of

_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_HAS_TABLE = "SELECT to_regclass(?) IS NOT NULL"
# Neither value is part of a transaction, so both may be newer than the snapshot; no id is given twice by that.
_LAST_GIVEN = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence(?, 'id')::regclass), 0)"
_CONTINUE = "SELECT setval(pg_get_serial_sequence(?, 'id'), ?)"


class PostgresqlRows(Rows):
    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self.connection = PlainConnection(driver)

    def has_table(self, name: str) -> bool:
        return bool(self._ask(_HAS_TABLE, name))

    def last_given_id(self, table: Table) -> int:
        return int(self._ask(_LAST_GIVEN, table.name))

    def _ask(self, query: str, *parameters: Any) -> Any:
        ((value,),) = self.connection.execute(query, parameters).fetchall()
        return value


class PostgresqlRowSource(PostgresqlRows, RowSource):
    def __init__(self, driver: Driver) -> None:
        super().__init__(driver)
        self._numbers = count()

    def pages(self, table: Table, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[Sequence[Row]]:
        # A cursor of the server, because a client would keep all rows at once.
        with storage_failures(), self._driver.cursor(name=f"rows_{next(self._numbers)}") as cursor:
            cursor.execute(f"SELECT {columns_of(table)} FROM {table.name}".encode())  # noqa: S608 - our own names
            while page := cursor.fetchmany(rows_at_once):
                yield page


class PostgresqlRowTarget(PostgresqlRows, RowTarget):
    @contextmanager
    def without_triggers(self, tables: Sequence[Table]) -> Iterator[None]:
        # Not those that check foreign keys.
        self._alter(tables, "DISABLE")
        yield
        self._alter(tables, "ENABLE")

    def _alter(self, tables: Sequence[Table], verb: str) -> None:
        for table in tables:
            self._driver.execute(f"ALTER TABLE {table.name} {verb} TRIGGER USER".encode())

    def insert(self, table: Table, pages: Iterable[Sequence[Row]]) -> None:
        statement = f"COPY {table.name} ({columns_of(table)}) FROM STDIN".encode()
        try:
            with self._driver.cursor() as cursor, cursor.copy(statement) as copy:
                for page in pages:
                    for row in page:
                        copy.write_row(row)
        except (
            psycopg.DataError,
            psycopg.IntegrityError,
            psycopg.errors.ProgramLimitExceeded,
            UnicodeEncodeError,
        ):
            raise UnfitRow from None

    def continue_after(self, table: Table, last_id: int) -> None:
        if last_id > self.last_given_id(table):
            self._ask(_CONTINUE, table.name, last_id)


@contextmanager
def reading_rows(url: URL) -> Iterator[PostgresqlRowSource]:
    """The database as it is at one moment. Raises StorageFailed."""
    with storage_failures(), _connection(url) as driver:
        driver.execute(_SNAPSHOT.encode())
        # The snapshot is that of the first statement.
        driver.execute(b"SELECT 1")
        yield PostgresqlRowSource(driver)


@contextmanager
def writing_rows(url: URL) -> Iterator[PostgresqlRowTarget]:
    """One write transaction of the database, after those that others have begun. Raises StorageFailed."""
    with storage_failures(), _connection(url) as driver:
        driver.execute(f"BEGIN; {TAKE_TURN}".encode())
        # Closing rolls back what was not committed.
        yield PostgresqlRowTarget(driver)
        driver.execute(b"COMMIT")


@contextmanager
def _connection(url: URL) -> Iterator[Driver]:
    driver = connect(create_engine(url))
    try:
        yield driver
    finally:
        driver.close()
