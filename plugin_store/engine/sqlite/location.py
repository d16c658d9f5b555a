"""The store's file in a data folder: how it is opened, and migrated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine

from errors import StorageFailed
from plugin_store.engine.database import Database
from plugin_store.engine.files import exclusive_lock
from plugin_store.engine.location import Location
from plugin_store.engine.rows import RowSource, RowTarget
from plugin_store.engine.sqlite.database import ENGINE_OPTIONS, SqliteDatabase, prepare_engine
from plugin_store.engine.sqlite.file import DATABASE_NAME, storage_failures
from plugin_store.engine.sqlite.rows import reading_rows, writing_rows
from settings import ConfigurationError


class SqliteFile(Location):
    """The file in a data folder."""

    def __init__(self, instance: Path) -> None:
        self._instance = instance
        self._path = instance / DATABASE_NAME
        self.url = URL.create("sqlite", database=str(self._path))
        self.options = ENGINE_OPTIONS

    @property
    def name(self) -> str:
        return str(self._path)

    def prepare(self, engine: Engine) -> None:
        prepare_engine(engine)

    def open(self, engine: Engine) -> Database:
        return SqliteDatabase(engine)

    @contextmanager
    def taking_turns(self) -> Iterator[None]:
        with ExitStack() as held:
            # Only what is done here says whether the folder can be written, not what is done in turn.
            try:
                held.enter_context(exclusive_lock(self._instance / ".migrate.lock"))
                self._path.touch(mode=0o600)
            except OSError:
                raise StorageFailed(f"The data folder {self._instance} cannot be written.") from None
            yield

    def failures(self) -> AbstractContextManager[None]:
        return storage_failures()

    @contextmanager
    def migration(self, connection: Connection) -> Iterator[None]:
        connection.execution_options(begin="IMMEDIATE")
        # A batch migration drops and recreates a table, which would delete its children by cascade. The pragma does
        # nothing inside a transaction, so it is sent to the driver's connection before one begins.
        _switch_foreign_keys(connection, on=False)
        try:
            yield
        finally:
            _switch_foreign_keys(connection, on=True)

    def finish_migration(self, connection: Connection) -> None:
        orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if orphans:
            tables = ", ".join(sorted({row[0] for row in orphans}))
            raise RuntimeError(f"The migration would leave rows without their parent in: {tables}")

    def advise_newer(self) -> str:
        return "set PATCHBAY_INSTANCE to another folder"

    def reading_rows(self) -> AbstractContextManager[RowSource]:
        # Opening it would create it.
        if not self._path.exists():
            raise ConfigurationError(f"{self.name} has no store: it does not exist.")
        return reading_rows(self._path)

    def writing_rows(self) -> AbstractContextManager[RowTarget]:
        return writing_rows(self._path)


def _switch_foreign_keys(connection: Connection, *, on: bool) -> None:
    driver_connection = connection.connection.driver_connection
    if driver_connection is not None:
        driver_connection.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")
