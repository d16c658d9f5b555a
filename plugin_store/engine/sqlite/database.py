"""The SQLite file: sessions for reading, sessions for writing, and a revision that changes with every write."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from errors import StorageFailed
from plugin_store.engine.change_record import RecordedTransaction
from plugin_store.engine.database import Database
from plugin_store.engine.memo import RevisionMemo
from plugin_store.engine.sqlite.dialect import SQLITE
from plugin_store.engine.sqlite.file import (
    BUSY_TIMEOUT_SECONDS,
    READ_ONLY_FOLDER,
    connect,
    driver_failures,
    may_write,
    set_pragmas,
    storage_failures,
)
from plugin_store.engine.sqlite.locks import FileLocks
from plugin_store.engine.sqlite.read_pool import ReadPool
from plugin_store.engine.write_lock import WriteLock

POOL_SIZE = 6
READERS, HOT_READERS = 4, 2
READ_ONLY = "patchbay_read_only"

ENGINE_OPTIONS: dict[str, Any] = {
    "connect_args": {
        "isolation_level": None,
        "timeout": BUSY_TIMEOUT_SECONDS,
        "check_same_thread": False,
    },
    "pool_size": POOL_SIZE,
    "max_overflow": -1,
}


class SqliteDatabase(Database):
    """The store's file."""

    dialect = SQLITE

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writers = WriteLock()
        self._path = engine.url.database or ""
        self._raw_connection: sqlite3.Connection | None = None
        self._is_raw_read_only = False
        self._read_pool = ReadPool(self._path, READERS)
        self.hot_reads = self._hot_pool = ReadPool(self._path, HOT_READERS)
        self.memo = RevisionMemo(self.revision)
        self.locks = FileLocks(Path(self._path).parent)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with storage_failures(), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with (
            self.write_lock(),
            storage_failures(),
            RecordedTransaction() as transaction,
            self._engine.connect() as connection,
        ):
            connection.execution_options(begin="IMMEDIATE")
            with Session(connection, expire_on_commit=False) as session, session.begin():
                transaction.begin(lambda: _driver_of(connection).total_changes)
                yield session
                session.flush()
                transaction.end(lambda: _driver_of(connection).total_changes, lambda: _driver_of(connection))

    @contextmanager
    def raw_write(self) -> Iterator[sqlite3.Connection]:
        with self.write_lock(), driver_failures(), RecordedTransaction() as transaction:
            connection = self._raw_writer()
            connection.execute("BEGIN IMMEDIATE")
            transaction.begin(lambda: connection.total_changes)
            try:
                yield connection
                transaction.end(lambda: connection.total_changes, lambda: connection)
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _raw_writer(self) -> sqlite3.Connection:
        if self._is_raw_read_only and may_write(self._path):
            self._close_raw_writer()
        if self._raw_connection is None:
            self._raw_connection, self._is_raw_read_only = connect(self._path), not may_write(self._path)
        return self._raw_connection

    def _close_raw_writer(self) -> None:
        if self._raw_connection is not None:
            self._raw_connection.close()
            self._raw_connection = None

    def revision(self) -> int:
        return self._read_pool.revision()

    def commits(self) -> int:
        return self._read_pool.commits()

    def query(self, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        return self._read_pool.query(query, parameters)

    def size_bytes(self) -> int:
        file = Path(self._path)
        return sum(path.stat().st_size for path in file.parent.glob(f"{file.name}*") if path.is_file())

    def require_writable(self) -> None:
        if not may_write(self._path):
            raise StorageFailed(READ_ONLY_FOLDER)

    def close(self) -> None:
        self.locks.close()
        self._read_pool.close()
        self._hot_pool.close()
        with self.write_lock():
            self._close_raw_writer()
        self._engine.dispose()


def _driver_of(connection: Connection) -> sqlite3.Connection:
    driver: Any = connection.connection.driver_connection
    return driver


def prepare_engine(engine: Engine) -> None:
    """Configures an engine's connections: WAL, foreign keys, explicit BEGIN only, and none kept that cannot write."""
    path = engine.url.database or ""

    def note_access(_connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        record.info[READ_ONLY] = not may_write(path)

    def require_access(_connection: sqlite3.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if record.info.get(READ_ONLY) and may_write(path):
            raise DisconnectionError

    event.listen(engine, "connect", set_pragmas)
    event.listen(engine, "connect", note_access)
    event.listen(engine, "checkout", require_access)
    event.listen(engine, "begin", _begin)


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")
