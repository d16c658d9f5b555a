"""The store's database on a PostgreSQL server: how it is opened, and migrated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from plugin_store.engine.database import Database
from plugin_store.engine.location import Location
from plugin_store.engine.postgresql.connections import (
    configure,
    connect,
    connect_arguments,
)
from plugin_store.engine.postgresql.database import WRITERS_LOCK, PostgresqlDatabase
from plugin_store.engine.postgresql.failures import storage_failures
from plugin_store.engine.postgresql.rows import reading_rows, writing_rows
from plugin_store.engine.rows import RowSource, RowTarget
from plugin_store.engine.write_lock import BUSY_TIMEOUT_SECONDS
from settings import ConfigurationError

POOL_SIZE, MORE_CONNECTIONS = 6, 10
STARTING_LOCK = WRITERS_LOCK + 1
OLDEST_VERSION = 13


class PostgresqlServer(Location):
    """A database, by its URL."""

    spans_hosts = True

    def __init__(self, url: str) -> None:
        self.url = make_url(url).set(drivername="postgresql+psycopg")
        self.options = {
            "pool_size": POOL_SIZE,
            "max_overflow": MORE_CONNECTIONS,
            "pool_timeout": BUSY_TIMEOUT_SECONDS,
            # A connection that broke while it was idle is replaced before it is used.
            "pool_pre_ping": True,
            "pool_use_lifo": True,
            "connect_args": connect_arguments(self.url),
        }

    @property
    def name(self) -> str:
        return f"The database {self.url.database}"

    def prepare(self, engine: Engine) -> None:
        event.listen(engine, "connect", configure)

    def open(self, engine: Engine) -> Database:
        return PostgresqlDatabase(engine)

    @contextmanager
    def taking_turns(self) -> Iterator[None]:
        with storage_failures():
            engine = create_engine(self.url)
            driver = connect(engine)
        try:
            self._require_version(driver.info.server_version // 10000, driver.info.encoding)
            with storage_failures():
                # However long the migrations of another process take.
                driver.execute("SET lock_timeout = 0")
                driver.execute(f"SELECT pg_advisory_lock({STARTING_LOCK})".encode())
            yield
        finally:
            driver.close()

    def _require_version(self, version: int, encoding: str) -> None:
        if version < OLDEST_VERSION:
            raise ConfigurationError(
                f"The database server is PostgreSQL {version}; {OLDEST_VERSION} or later is needed."
            )
        if encoding != "utf-8":
            raise ConfigurationError(f"{self.name} has another encoding than UTF8: create it with UTF8.")

    def failures(self) -> AbstractContextManager[None]:
        return storage_failures()

    @contextmanager
    def migration(self, connection: Connection) -> Iterator[None]:
        # Tables that running servers use are waited for longer than a request would.
        connection.exec_driver_sql("SET lock_timeout = '60s'")
        connection.commit()
        try:
            yield
        finally:
            connection.rollback()
            connection.invalidate()

    def finish_migration(self, connection: Connection) -> None:
        # PostgreSQL checks foreign keys itself.
        pass

    def advise_newer(self) -> str:
        return "set PATCHBAY_DATABASE_URL to another database"

    def reading_rows(self) -> AbstractContextManager[RowSource]:
        return reading_rows(self.url)

    def writing_rows(self) -> AbstractContextManager[RowTarget]:
        return writing_rows(self.url)
