"""The SQLite file: sessions for reading, sessions for writing, and a revision that changes with every write."""

from __future__ import annotations

import importlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from errors import StorageFailed
from plugin_store.engine.change_record import Transaction
from plugin_store.engine.files import exclusive_lock
from plugin_store.engine.memo import RevisionMemo
from plugin_store.engine.read_pool import ReadPool
from plugin_store.engine.sqlite_file import (
    BUSY,
    BUSY_TIMEOUT_SECONDS,
    connect,
    driver_failures,
    may_write,
    set_pragmas,
    storage_failures,
)
from plugin_store.models import Base, Notebook, Workspace
from settings import ConfigurationError

DATABASE_NAME = "patchbay.db"
MIGRATIONS_FOLDER = Path(__file__).resolve().parents[2] / "migrations"
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

db = SQLAlchemy(model_class=Base)


class Database:
    """The store's file. Sessions come from `reading` and `writing`, inside or outside of a request."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Threads of one process queue here in order. SQLite's own waiting polls, and may starve one of them.
        self._write_mutex = threading.RLock()
        self._path = engine.url.database or ""
        self._raw_connection: sqlite3.Connection | None = None
        self._is_raw_read_only = False
        self._read_pool = ReadPool(self._path, READERS)
        # A separate pool for the fast path, so that it never waits for other readers.
        self.hot_reads = ReadPool(self._path, HOT_READERS)
        self.memo = RevisionMemo(self.revision)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one snapshot; its changes are discarded. Raises StorageFailed."""
        with storage_failures(), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """The only writing session: committed at the end, rolled back on errors. Raises StorageFailed."""
        with (
            self.write_lock(),
            storage_failures(),
            recording() as transaction,
            self._engine.connect() as connection,
        ):
            connection.execution_options(begin="IMMEDIATE")
            with Session(connection, expire_on_commit=False) as session, session.begin():
                transaction.begin(lambda: _driver_of(connection))
                yield session
                session.flush()
                transaction.end(lambda: _driver_of(connection))

    @contextmanager
    def raw_write(self) -> Iterator[sqlite3.Connection]:
        """Like `writing`, but on the plain connection, for rows written so often that a session would cost too much.

        Raises StorageFailed.
        """
        with self.write_lock(), driver_failures(), recording() as transaction:
            connection = self._raw_writer()
            connection.execute("BEGIN IMMEDIATE")
            transaction.begin(lambda: connection)
            try:
                yield connection
                transaction.end(lambda: connection)
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
        """A number that every committed change of declarations or settings raises, whichever process made it.

        Costs microseconds while nothing changes. Raises StorageFailed.
        """
        return self._read_pool.revision()

    def commits(self) -> int:
        """See `ReadPool.commits`."""
        return self._read_pool.commits()

    def touch(self) -> None:
        """Makes an empty commit, so that every process checks its caches again. Raises StorageFailed."""
        with self.writing() as session:
            session.execute(text("UPDATE store_revision SET revision = revision + 1"))

    def query(self, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """See `ReadPool.query`."""
        return self._read_pool.query(query, parameters)

    def close(self) -> None:
        self._read_pool.close()
        self.hot_reads.close()
        with self.write_lock():
            self._close_raw_writer()
        self._engine.dispose()

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """The write lock of this process. Its holder writes without waiting for another thread.

        Raises StorageFailed if the lock is not free in time.
        """
        if not self._write_mutex.acquire(timeout=BUSY_TIMEOUT_SECONDS):
            raise StorageFailed(BUSY)
        try:
            yield
        finally:
            self._write_mutex.release()


@contextmanager
def recording() -> Iterator[Transaction]:
    """A transaction for the present record of changes, which forgets it again on errors."""
    transaction = Transaction()
    try:
        yield transaction
    except BaseException:
        transaction.roll_back()
        raise


def _driver_of(connection: Connection) -> sqlite3.Connection:
    driver: Any = connection.connection.driver_connection
    return driver


def init_database(app: Flask, instance: Path) -> Database:
    """The store in `instance`, migrated to the newest revision, with a workspace and a notebook in it.

    Processes that start together take turns. Raises StorageFailed when the folder cannot be written, and
    ConfigurationError when a newer version made the tables.
    """
    path = instance / DATABASE_NAME
    app.config["SQLALCHEMY_DATABASE_URI"] = URL.create("sqlite", database=str(path))
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = ENGINE_OPTIONS
    db.init_app(app)
    with app.app_context():
        engine = db.engine
        prepare_engine(engine)
        database = Database(engine)
        try:
            with exclusive_lock(instance / ".migrate.lock"):
                path.touch(mode=0o600)
                with storage_failures():
                    revision = _revision_of_tables(engine)
                    _require_known(path, revision)
                    if revision != newest_revision(MIGRATIONS_FOLDER):
                        _migrating().upgrade(app, db, MIGRATIONS_FOLDER)
                _make_first_workspace(database)
        except OSError:
            raise StorageFailed(f"The data folder {instance} cannot be written.") from None
    return database


def open_database(instance: Path) -> Database:
    """The store that exists in `instance`, as it is: nothing is created and nothing migrated."""
    engine = create_engine(URL.create("sqlite", database=str(instance / DATABASE_NAME)), **ENGINE_OPTIONS)
    prepare_engine(engine)
    return Database(engine)


def init_migrations(app: Flask) -> None:
    """Prepares the app for `flask db …`."""
    _migrating().init_migrations(app, db, MIGRATIONS_FOLDER)


def newest_revision(folder: Path) -> str:
    """The revision of the last migration. Files are named `<revision>_<what it does>.py`."""
    return max(_revisions(folder))


def known_revisions() -> list[str]:
    """The revisions of all tables that this version can migrate, the newest last."""
    return sorted(_revisions(MIGRATIONS_FOLDER))


def _revisions(folder: Path) -> set[str]:
    return {path.name.partition("_")[0] for path in (folder / "versions").glob("[0-9]*_*.py")}


def _require_known(path: Path, revision: str | None) -> None:
    """Raises ConfigurationError for tables that this version cannot upgrade, and leaves them unchanged."""
    if revision is None or revision in _revisions(MIGRATIONS_FOLDER):
        return
    newest = newest_revision(MIGRATIONS_FOLDER)
    raise ConfigurationError(
        f"{path} was written by a newer version of Patchbay (its tables are at revision {revision[:32]!r}, this one "
        f"knows up to {newest!r}): start that version, or set PATCHBAY_INSTANCE to another folder."
    )


def _revision_of_tables(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrating() -> Any:
    return importlib.import_module(".migrating", __package__)


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


def _make_first_workspace(database: Database) -> None:
    with database.writing() as session:
        if session.scalar(select(Workspace.id).limit(1)) is not None:
            return
        now = time.time()
        workspace = Workspace(name="Default", created_at=now)
        session.add(workspace)
        session.flush()
        session.add(Notebook(workspace_id=workspace.id, name="Notebook", created_at=now))
