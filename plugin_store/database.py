"""The SQLite file: a door for reading, one for writing, and the number that tells of any change."""

from __future__ import annotations

import importlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Connection, Engine, event, inspect, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from errors import StorageFailed
from plugin_store.files import exclusive_lock
from plugin_store.leases import Leases
from plugin_store.memo import RevisionMemo
from plugin_store.models import Base, Notebook, Workspace

DATABASE_NAME = "patchbay.db"
MIGRATIONS_FOLDER = Path(__file__).resolve().parent.parent / "migrations"
BUSY_TIMEOUT_SECONDS = 5.0
POOL_SIZE = 6
READERS, READERS_AHEAD = 4, 2
# KiB of each connection's own; the system keeps the file in memory once, for all of them.
CACHE_KIB = 128

DAMAGED = "The database file is damaged; restore it from a backup."
UNREACHABLE = "The data folder cannot be read or written."
BUSY = "The store is busy with other writes; try again."

# What SQLite says when the disk, the folder or another process is in the way, and not our SQL; and what we
# say then: our own words, since SQLite's may quote what was stored.
STORAGE_REASONS = {
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_FULL: "The disk is full.",
    sqlite3.SQLITE_READONLY: "The data folder is read-only.",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_CANTOPEN: UNREACHABLE,
    sqlite3.SQLITE_IOERR: UNREACHABLE,
    sqlite3.SQLITE_PERM: UNREACHABLE,
    sqlite3.SQLITE_PROTOCOL: UNREACHABLE,
}

Found = TypeVar("Found")

db = SQLAlchemy(model_class=Base)


class Database:
    """The store's file. Sessions come from `reading` and `writing`, inside a request or out of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Threads of one process queue here, in turn; SQLite's own waiting polls and may starve one of them.
        self._write_turn = threading.RLock()
        self._path = engine.url.database or ""
        self._jotter: sqlite3.Connection | None = None
        self._glances = Glances(self._path, READERS)
        # What answers ahead of all others waits for none of them.
        self.ahead = Glances(self._path, READERS_AHEAD)
        self.memo = RevisionMemo(self.revision)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session on one snapshot; what it changes is not kept. Raises StorageFailed."""
        with _storage_failures(), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that alone may write: committed at the end, undone on errors. Raises StorageFailed."""
        with self.turn(), _storage_failures(), self._engine.connect() as connection:
            connection.execution_options(begin="IMMEDIATE")
            with Session(connection, expire_on_commit=False) as session, session.begin():
                yield session

    @contextmanager
    def jotting(self) -> Iterator[sqlite3.Connection]:
        """The same as `writing`, on the bare connection, for rows written so often that a session would cost too much.

        Raises StorageFailed.
        """
        with self.turn(), _driver_failures():
            connection = self._jotter = self._jotter or _connect(self._path)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def revision(self) -> int:
        """A number that every committed change to what is declared or set raises, whichever process made it.

        Costs microseconds while nothing changes. Raises StorageFailed.
        """
        return self._glances.revision()

    def commits(self) -> int:
        """As `Glances.commits` has it."""
        return self._glances.commits()

    def touch(self) -> None:
        """Commits nothing new, so that every process looks again at what it remembers. Raises StorageFailed."""
        with self.writing() as session:
            session.execute(text("UPDATE store_revision SET revision = revision + 1"))

    def glance(self, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """As `Glances.glance` has it."""
        return self._glances.glance(query, parameters)

    def close(self) -> None:
        self._glances.close()
        self.ahead.close()
        with self.turn():
            if self._jotter is not None:
                self._jotter.close()
                self._jotter = None
        self._engine.dispose()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """The writer's turn of this process: who has it writes without waiting for another thread.

        Raises StorageFailed when it does not come in time.
        """
        if not self._write_turn.acquire(timeout=BUSY_TIMEOUT_SECONDS):
            raise StorageFailed(BUSY)
        try:
            yield
        finally:
            self._write_turn.release()


class Glances:
    """Reads what is looked at so often that a session would cost too much, over a few connections kept for it."""

    def __init__(self, path: str, connections: int) -> None:
        self._readers = Leases(lambda: Reader(path), connections)
        self._commits = 0
        self._commits_lock = threading.Lock()

    def revision(self) -> int:
        """The store's revision. Raises StorageFailed."""
        return self._look(Reader.read_revision)

    def commits(self) -> int:
        """A number that moves with every commit to the store, whatever it changed and whichever process made it.

        It is at least as new as the moment of the call. Costs microseconds. Raises StorageFailed.
        """
        if self._look(Reader.has_moved):
            # Counted once by each connection that sees it, so the number is never older than what one has seen.
            with self._commits_lock:
                self._commits += 1
        return self._commits

    def glance(self, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        """The rows of a SELECT. Raises StorageFailed."""
        return self._look(lambda reader: reader.connection.execute(query, parameters).fetchall())

    def _look(self, look: Callable[[Reader], Found]) -> Found:
        try:
            reader = self._readers.take()
            try:
                return look(reader)
            finally:
                self._readers.give_back(reader)
        except sqlite3.Error as error:
            # As `_driver_failures` has it; entering a context costs as much as the look itself.
            if _is_storage_failure(error):
                raise _storage_failed(error) from None
            raise

    def close(self) -> None:
        """Closes what nobody uses; whoever asks again opens anew."""
        self._readers.discard(lambda reader: reader.connection.close())


class Reader:
    """One connection, used by one thread at a time, and what it read last.

    `PRAGMA data_version` tells of other connections' commits only, so this one must never write.
    """

    def __init__(self, path: str) -> None:
        self.connection = _open_file(path)
        self.connection.execute("PRAGMA query_only = ON")
        self._data_version: int | None = None
        self._noticed_version: int | None = None
        self._revision = 0

    def has_moved(self) -> bool:
        """Whether anybody committed since the last call."""
        ((data_version,),) = self.connection.execute("PRAGMA data_version").fetchall()
        if data_version == self._noticed_version:
            return False
        self._noticed_version = data_version
        return True

    def read_revision(self) -> int:
        ((data_version,),) = self.connection.execute("PRAGMA data_version").fetchall()
        if data_version != self._data_version:
            ((self._revision,),) = self.connection.execute("SELECT revision FROM store_revision").fetchall()
            # The version from before the row was read: a commit between the two is read again, never missed.
            self._data_version = data_version
        return self._revision


def init_database(app: Flask, instance: Path) -> Database:
    """The store in `instance`, migrated to the newest revision, with a workspace and a notebook in it.

    Processes that start together take turns. Raises StorageFailed when the folder cannot be written.
    """
    path = instance / DATABASE_NAME
    app.config["SQLALCHEMY_DATABASE_URI"] = URL.create("sqlite", database=str(path))
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "connect_args": {
            "isolation_level": None,
            "timeout": BUSY_TIMEOUT_SECONDS,
            "check_same_thread": False,
        },
        "pool_size": POOL_SIZE,
        "max_overflow": -1,
    }
    db.init_app(app)
    with app.app_context():
        engine = db.engine
        prepare_engine(engine)
        database = Database(engine)
        try:
            with exclusive_lock(instance / ".migrate.lock"):
                path.touch(mode=0o600)
                with _storage_failures():
                    if _revision_of_tables(engine) != newest_revision(MIGRATIONS_FOLDER):
                        _migrating().upgrade(app, db, MIGRATIONS_FOLDER)
                _make_first_workspace(database)
        except OSError:
            raise StorageFailed(f"The data folder {instance} cannot be written.") from None
    return database


def init_migrations(app: Flask) -> None:
    """Makes the app ready for `flask db …`."""
    _migrating().init_migrations(app, db, MIGRATIONS_FOLDER)


def newest_revision(folder: Path) -> str:
    """The revision that the last migration leads to; files are named `<revision>_<what it does>.py`."""
    return max(path.name.partition("_")[0] for path in (folder / "versions").glob("[0-9]*_*.py"))


def _revision_of_tables(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrating() -> Any:
    return importlib.import_module("plugin_store.migrating")


def prepare_engine(engine: Engine) -> None:
    """Make an engine's connections ours: WAL, foreign keys, and BEGIN said by us and by nobody else."""
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)


def _connect(path: str) -> sqlite3.Connection:
    connection = _open_file(path)
    _set_pragmas(connection, None)
    return connection


def _open_file(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, timeout=BUSY_TIMEOUT_SECONDS, check_same_thread=False
    )
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    # WAL with NORMAL keeps each commit through the death of a process; only a power cut may cost the last.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")


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


@contextmanager
def _storage_failures() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        if isinstance(error.orig, sqlite3.Error) and _is_storage_failure(error.orig):
            raise _storage_failed(error.orig) from None
        raise


@contextmanager
def _driver_failures() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        if _is_storage_failure(error):
            raise _storage_failed(error) from None
        raise


def _is_storage_failure(error: sqlite3.Error) -> bool:
    return _primary_code(error) in STORAGE_REASONS


def _storage_failed(error: sqlite3.Error) -> StorageFailed:
    return StorageFailed(STORAGE_REASONS[_primary_code(error)])


def _primary_code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
