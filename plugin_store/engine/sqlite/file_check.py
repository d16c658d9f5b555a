"""Checks the store's file without changing it, also while no server runs."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from plugin_store.engine.compatibility import READ, TABLE, is_usable
from plugin_store.engine.opening import MIGRATIONS_FOLDER, known_revisions, newest_revision
from plugin_store.engine.sqlite.file import DATABASE_NAME

PROGRESS_STEPS = 100_000
Integrity = Literal["ok", "damaged", "unreadable", "unfinished", "missing"]


@dataclass(frozen=True, slots=True)
class FileCheck:
    """SQLite's version, whether the file is whole, and the revision of its tables beside the newest one.

    `unfinished` means that the time was over before all was read, without a damage found.
    """

    sqlite_version: str
    integrity: Integrity
    revision: str | None
    newest_revision: str
    fits_newer: bool = False
    """Whether the tables are of a newer version, which lets this one use them."""

    @property
    def is_usable(self) -> bool:
        """Whether this version reads the tables as they are."""
        return self.integrity in {"ok", "unfinished"} and (
            self.revision == self.newest_revision or self.fits_newer
        )


def check_file(instance: Path, seconds: float) -> FileCheck:
    """The check of the store in a data folder. Reads for at most the given time."""
    path = instance / DATABASE_NAME
    integrity, revision, fits = _look(path, seconds) if path.exists() else ("missing", None, False)
    return FileCheck(sqlite3.sqlite_version, integrity, revision, newest_revision(MIGRATIONS_FOLDER), fits)


def _look(path: Path, seconds: float) -> tuple[Integrity, str | None, bool]:
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            revision = _revision(connection)
            fits_newer = revision is not None and _fits_newer(connection, revision)
            deadline = time.monotonic() + seconds
            connection.set_progress_handler(lambda: time.monotonic() > deadline, PROGRESS_STEPS)
            return _quick_check(connection), revision, fits_newer
    except sqlite3.DatabaseError as error:
        is_damage = getattr(error, "sqlite_errorcode", 0) & 0xFF in {
            sqlite3.SQLITE_CORRUPT,
            sqlite3.SQLITE_NOTADB,
        }
        return ("damaged" if is_damage else "unreadable"), None, False


def _quick_check(connection: sqlite3.Connection) -> Integrity:
    try:
        return "ok" if connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",) else "damaged"
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return "unfinished"
        raise


def _fits_newer(connection: sqlite3.Connection, revision: str) -> bool:
    known = known_revisions()
    if revision in known or not _has_table(connection, TABLE):
        return False
    row = connection.execute(READ, {"revision": revision}).fetchone()
    return row is not None and is_usable(row[0], known)


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    return found is not None


def _revision(connection: sqlite3.Connection) -> str | None:
    if not _has_table(connection, "alembic_version"):
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])
