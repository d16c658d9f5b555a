"""Copies of SQLite files that are in use."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from errors import StorageFailed
from plugin_store.engine.sqlite.file import driver_failures, open_file

PAGES_AT_ONCE = 1000

Progress = Callable[[int, int], None]
"""Takes how much is done, and of how much."""


def copy_database(source: Path, target: Path, progress: Progress = lambda _done, _total: None) -> None:
    """Copies the file as it is at one moment, with SQLite's backup API. Others may write meanwhile.

    Raises StorageFailed.
    """

    def tell(_status: int, remaining: int, total: int) -> None:
        progress(total - remaining, total)

    with (
        driver_failures(),
        closing(open_file(str(source))) as reader,
        closing(open_file(str(target))) as writer,
    ):
        # A copy in steps begins again when somebody writes in between, unless it reads one snapshot.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        reader.backup(writer, pages=PAGES_AT_ONCE, progress=tell)
        writer.execute("PRAGMA journal_mode = DELETE")


def shrink_copy(path: Path, statements: Sequence[str]) -> None:
    """Runs the statements on a copy that nobody else uses, and frees the space. Raises StorageFailed."""
    with driver_failures(), closing(open_file(str(path))) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("VACUUM")


def check_database(path: Path) -> None:
    """Raises StorageFailed for a file that is no whole database."""
    try:
        with closing(open_file(str(path))) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error:
        found = "damaged"
    if found != "ok":
        raise StorageFailed(f"{path.name} is damaged.")


def read_revision(path: Path) -> str | None:
    """The revision of the file's tables, None if it has none. Raises StorageFailed."""
    with driver_failures(), closing(open_file(str(path))) as connection:
        known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'alembic_version'").fetchone()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if known else None
    return None if row is None else str(row[0])
