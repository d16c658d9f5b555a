"""Opens the store's file, and translates storage errors."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy.exc import DatabaseError

from errors import StorageFailed
from plugin_store.engine.write_lock import BUSY, BUSY_TIMEOUT_SECONDS

DATABASE_NAME = "patchbay.db"
# KiB per connection. A small cache is enough, because the operating system caches the file once for all.
CACHE_KIB = 128

DAMAGED = "The database file is damaged; restore it from a backup."
READ_ONLY_FOLDER = "The data folder is read-only."
UNREACHABLE = "The data folder cannot be read or written."

# SQLite's errors that come from the disk, the folder or another process, not from our SQL, with our own messages:
# SQLite's may quote stored data.
STORAGE_REASONS = {
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_FULL: "The disk is full.",
    sqlite3.SQLITE_READONLY: READ_ONLY_FOLDER,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_CANTOPEN: UNREACHABLE,
    sqlite3.SQLITE_IOERR: UNREACHABLE,
    sqlite3.SQLITE_PERM: UNREACHABLE,
    sqlite3.SQLITE_PROTOCOL: UNREACHABLE,
}


def connect(path: str) -> sqlite3.Connection:
    """A connection that may write."""
    connection = open_file(path)
    set_pragmas(connection)
    return connection


def open_file(path: str) -> sqlite3.Connection:
    """A connection that any one thread may use at a time. It never begins a transaction by itself."""
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=BUSY_TIMEOUT_SECONDS, check_same_thread=False
    )
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def set_pragmas(connection: sqlite3.Connection, _record: object = None) -> None:
    """Configures a connection: WAL, foreign keys, little memory."""
    # WAL with NORMAL keeps every commit when a process dies. Only a power failure may lose the last ones.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


def may_write(path: str) -> bool:
    """Whether this process may write the file now.

    SQLite opens a file that it may not write for reading, and such a connection stays so when the file may be written
    again. Asked by name: to open the file here, and to close it, would let go of SQLite's locks on it (fcntl(2)).
    """
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


@contextmanager
def storage_failures() -> Iterator[None]:
    """Raises StorageFailed for SQLAlchemy's errors that come from the disk."""
    try:
        yield
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.Error) and is_storage_failure(error.orig):
            raise storage_failed(error.orig) from None
        raise


def driver_failures() -> AbstractContextManager[None]:
    """Raises StorageFailed for the driver's errors that come from the disk."""
    return _DRIVER_FAILURES


class _DriverFailures:
    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, sqlite3.Error) and is_storage_failure(error):
            raise storage_failed(error) from None


_DRIVER_FAILURES = _DriverFailures()


def is_storage_failure(error: sqlite3.Error) -> bool:
    """Whether the disk, the folder or another process caused the error, not our SQL."""
    return _primary_code(error) in STORAGE_REASONS


def storage_failed(error: sqlite3.Error) -> StorageFailed:
    """The error with our own message."""
    return StorageFailed(STORAGE_REASONS[_primary_code(error)])


def _primary_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
