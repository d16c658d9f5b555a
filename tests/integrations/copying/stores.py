"""Stores to copy, filled with values that engines and protocols have trouble with."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import Boolean, Column, Float, Integer, LargeBinary, Table

from integrations.copying.copying import Place
from integrations.copying.tables import SEEDED, copied_tables
from plugin_store.columns import Json
from plugin_store.engine.change_record import Author, ChangeRecord, Entry
from plugin_store.engine.opening import init_location
from plugin_store.engine.postgresql.location import PostgresqlServer
from plugin_store.engine.rows import columns_of
from plugin_store.engine.sqlite.file import DATABASE_NAME, open_file
from plugin_store.engine.sqlite.location import SqliteFile
from plugin_store.vault.keyring import Keyring
from tests.databases import seed_file

NOW = 1_767_323_045.125
KEY = "3vQs7w1Zp5aB9cD2eF4gH6iJ8kL0mN1oP3qR5sT7uV8="
ROWS = 12
TEXTS = (
    "", "plain", "a\0b", "\0", "\ufdd0", "\ufdd00\ufdd01", "\\N", "\\.", "\t\n\r\v\f\b\\", "'; DROP TABLE plugins; --",
    "\u202e\U0001f4a5 e\u0301", "\x01\x7f\x80", "{}", '{"a": 1e400}', "NULL", "NaN", "x" * 20_000, "\ud7ff\ue000\uffff\U0010ffff",
)  # fmt: skip
WHOLE_NUMBERS = (0, 1, -1, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63))
NUMBERS = (
    0.0,
    -0.0,
    0.1,
    1 / 3,
    5e-324,
    -1.7e308,
    2.0**53 + 2,
    1767323045.123456,
    float("inf"),
    float("-inf"),
)
BYTES = (b"", b"\0", b"\\x00", bytes(range(256)), b"\xff" * 70_000)
JSON = (
    "{}",
    "[]",
    "null",
    '{"b":1,"a":9007199254740993}',
    '["\\u0000\\ud83d\\udca5", 1e308, 0.1, -0.0, true]',
    ' {"spaced" : "\ufdd0"} ',
)
VALUES: dict[type[Any], tuple[Any, ...]] = {
    Json: JSON,
    Boolean: (True, False),
    Float: NUMBERS,
    Integer: WHOLE_NUMBERS,
    LargeBinary: BYTES,
}


def sqlite_place(folder: Path) -> Place:
    return Place(SqliteFile(folder), folder)


def postgresql_place(url: str, folder: Path) -> Place:
    return Place(PostgresqlServer(url), folder)


def started(place: Place) -> Place:
    """The place with a store as a first start leaves it."""
    if isinstance(place.location, SqliteFile):
        seed_file(place.instance)
    else:
        init_location(Flask("store"), place.location).close()
    return place


def filled(place: Place) -> Place:
    """A SQLite store with hostile rows in every table."""
    started(place)
    with closing(open_file(str(place.instance / DATABASE_NAME))) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN")
        fill(connection, random.Random(20261201))
        connection.execute("COMMIT")
    return place


def fill(connection: sqlite3.Connection, chance: random.Random) -> None:
    for table in copied_tables():
        if table.name in SEEDED:
            connection.execute(f"UPDATE {table.name} SET revision = {2**40}")
            continue
        places = ", ".join("?" * len(table.columns))
        for number in range(1, ROWS + 1):
            row = [_value(connection, column, number, chance) for column in table.columns]
            connection.execute(f"INSERT INTO {table.name} ({columns_of(table)}) VALUES ({places})", row)
    # An id that is gone is not given again.
    connection.execute("DELETE FROM workspaces WHERE id = (SELECT max(id) FROM workspaces)")


def _value(connection: sqlite3.Connection, column: Column[Any], number: int, chance: random.Random) -> Any:
    if column.nullable and chance.random() < 0.25:
        return None
    if column.foreign_keys:
        (key,) = column.foreign_keys
        return _parent(connection, key.column, number)
    is_unique = column.primary_key or bool(column.unique) or column.name in {"key", "at"}
    if isinstance(column.type, Integer) and is_unique:
        return 1000 * number
    for kind, values in VALUES.items():
        if isinstance(column.type, kind):
            return chance.choice(values)
    return f"{number}{TEXTS[number]}" if is_unique else chance.choice(TEXTS)


def _parent(connection: sqlite3.Connection, column: Column[Any], number: int) -> Any:
    query = f"SELECT {column.name} FROM {column.table.name} ORDER BY {column.name} LIMIT 1 OFFSET ?"
    return connection.execute(query, (number % ROWS,)).fetchone()[0]


def rows_of(place: Place) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that is copied, but for the entries that copies make; with the types of the values."""
    return {table.name: sorted(_rows(place, table), key=repr) for table in copied_tables()}


def _rows(place: Place, table: Table) -> Iterator[tuple[Any, ...]]:
    with place.location.reading_rows() as source:
        for page in source.pages(table):
            for row in page:
                if "store.copied" not in row:
                    yield tuple((type(value).__name__, value) for value in row)


def count_of(place: Place) -> int:
    """How many rows there are, in all tables but those that a migration fills."""
    with place.location.reading_rows() as source:
        return sum(source.count(table) for table in copied_tables() if table.name not in SEEDED)


def keyring() -> Keyring:
    return Keyring([KEY])


def record() -> ChangeRecord:
    return ChangeRecord(Author("command"), Entry("store.copied"), lambda: NOW)


def driver_of(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)
