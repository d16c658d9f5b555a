"""The store in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from errors import StorageFailed
from plugin_store.engine.change_record import RecordedTransaction
from plugin_store.engine.database import Database
from plugin_store.engine.memo import RevisionMemo
from plugin_store.engine.postgresql.changes import Changes
from plugin_store.engine.postgresql.connections import (
    Driver,
    PlainConnection,
    connect,
)
from plugin_store.engine.postgresql.dialect import POSTGRESQL
from plugin_store.engine.postgresql.failures import LOST, READ_ONLY, storage_failures
from plugin_store.engine.postgresql.locks import SessionLocks
from plugin_store.engine.postgresql.reads import PostgresqlReads
from plugin_store.engine.write_lock import WriteLock

READERS, HOT_READERS = 4, 2
# "patchbay" in ASCII. Advisory locks are those of one database, so its stores need no names of their own.
WRITERS_LOCK = int.from_bytes(b"patchbay")
# Others may read meanwhile. PostgreSQL serves those who wait in the order in which they came.
TAKE_TURN = f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})"
# That of a standby, and of a server or a database that was made so.
_IS_READ_ONLY = "SELECT current_setting('transaction_read_only') = 'on'"
_HAS_WRITTEN = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"
_READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


class PostgresqlDatabase(Database):
    """The store in a database, shared with other processes and hosts.

    One advisory lock stands before every write transaction, so that writers come one after the other as they do on
    SQLite: ids of events ascend in the order of the commits, and what a writer has read stays true until it commits.
    """

    dialect = POSTGRESQL
    spans_hosts = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading_engine = engine.execution_options(**_READING)
        self._writers = WriteLock()
        self._raw_driver: Driver | None = None
        connect_new = partial(connect, engine)
        self._changes = Changes(connect_new)
        self._reads = PostgresqlReads(connect_new, READERS, self._changes)
        self.hot_reads = self._hot_reads = PostgresqlReads(connect_new, HOT_READERS, self._changes)
        self.memo = RevisionMemo(self.revision)
        self.locks = SessionLocks(connect_new)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self._failures(), Session(self._reading_engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with (
            self.write_lock(),
            self._failures(),
            RecordedTransaction() as transaction,
            self._engine.connect() as connection,
        ):
            # After an error too, because a commit whose answer was lost may have succeeded.
            may_have_written = True
            try:
                with Session(connection, expire_on_commit=False) as session, session.begin():
                    session.connection().exec_driver_sql(TAKE_TURN)
                    yield session
                    session.flush()
                    plain = _plain_connection(connection)
                    may_have_written = _has_written(plain)
                    transaction.end(lambda: int(may_have_written), lambda: plain)
            finally:
                if may_have_written:
                    self._changes.note()

    @contextmanager
    def raw_write(self) -> Iterator[PlainConnection]:
        with self.write_lock(), self._failures(), RecordedTransaction() as transaction:
            driver = self._begin()
            plain = PlainConnection(driver)
            may_have_written = True
            try:
                yield plain
                transaction.end(lambda: int(_has_written(plain)), lambda: plain)
                may_have_written = _commit(driver)
            finally:
                if may_have_written:
                    self._changes.note()
                if driver.info.transaction_status != TransactionStatus.IDLE:
                    self._abandon(driver)

    def _begin(self) -> Driver:
        """The plain connection, with a transaction begun whose turn it is."""
        try:
            return self._begin_on(self._raw_driver or self._connect_raw())
        except psycopg.Error:
            driver = self._raw_driver
            if driver is None:
                raise
            if not driver.closed:
                self._abandon(driver)
                raise
            # The connection was kept from before a restart of the server.
            self._raw_driver = None
            return self._begin_on(self._connect_raw())

    def _begin_on(self, driver: Driver) -> Driver:
        driver.execute(f"BEGIN; {TAKE_TURN}".encode())
        return driver

    def _connect_raw(self) -> Driver:
        self._raw_driver = connect(self._engine)
        return self._raw_driver

    def _abandon(self, driver: Driver) -> None:
        """Ends a transaction that failed; a connection that cannot even do that is closed."""
        with suppress(psycopg.Error):
            driver.execute("ROLLBACK")
        if driver.closed or driver.info.transaction_status != TransactionStatus.IDLE:
            self._close_raw()

    def _close_raw(self) -> None:
        driver, self._raw_driver = self._raw_driver, None
        if driver is not None:
            driver.close()

    def query(self, query: str, parameters: tuple[Any, ...], /) -> list[Any]:
        return self._reads.query(query, parameters)

    def revision(self) -> int:
        """See `Changes` for when a change of another process is known."""
        return self._reads.revision()

    def commits(self) -> int:
        """Counts what changes declarations, settings, secrets, artifacts, sessions, tokens or events.

        See `Changes` for when a change of another process is known.
        """
        return self._reads.commits()

    def size_bytes(self) -> int:
        ((size,),) = self.query("SELECT pg_database_size(current_database())", ())
        return size

    def require_writable(self) -> None:
        ((is_read_only,),) = self.query(_IS_READ_ONLY, ())
        if is_read_only:
            raise StorageFailed(READ_ONLY)

    def close(self) -> None:
        self.locks.close()
        self._changes.close()
        with self.write_lock():
            self._close_raw()
        self._drop_connections()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            with storage_failures():
                yield
        except StorageFailed as error:
            if error.detail in LOST:
                self._drop_connections()
            raise

    def _drop_connections(self) -> None:
        """Has what comes next connect anew. Connections in use are not touched."""
        self._reads.close()
        self._hot_reads.close()
        self._engine.dispose()


def _plain_connection(connection: Connection) -> PlainConnection:
    driver: Any = connection.connection.driver_connection
    return PlainConnection(driver)


def _has_written(connection: PlainConnection) -> bool:
    """Whether the transaction has changed a row, because only then it has an id."""
    ((has_id,),) = connection.execute(_HAS_WRITTEN).fetchall()
    return has_id


def _commit(driver: Driver) -> bool:
    """Commits, and returns whether anything was changed, in one round trip."""
    if driver.info.transaction_status == TransactionStatus.INERROR:
        # PostgreSQL would answer a COMMIT by rolling back, without an error.
        raise psycopg.errors.InFailedSqlTransaction("a statement of this transaction failed")
    ((has_id,),) = driver.execute(f"{_HAS_WRITTEN}; COMMIT".encode()).fetchall()
    return has_id
