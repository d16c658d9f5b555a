"""Where a store is, and what differs between the engines when it is opened or migrated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import URL, Connection, Engine

from plugin_store.engine.database import Database
from plugin_store.engine.rows import RowSource, RowTarget


class Location(ABC):
    """A place for one store."""

    url: URL
    options: dict[str, Any]
    """Arguments of `create_engine`."""
    spans_hosts = False
    """See `Database.spans_hosts`."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What messages call it. Never a password."""

    @abstractmethod
    def prepare(self, engine: Engine) -> None:
        """Configures the engine's connections."""

    @abstractmethod
    def open(self, engine: Engine) -> Database:
        """The store, on an engine that was prepared."""

    @abstractmethod
    def taking_turns(self) -> AbstractContextManager[None]:
        """Makes processes that start together create and migrate the tables in turn. Raises StorageFailed."""

    @abstractmethod
    def failures(self) -> AbstractContextManager[None]:
        """Raises StorageFailed for SQLAlchemy's errors that come from storage."""

    @abstractmethod
    def migration(self, connection: Connection) -> AbstractContextManager[None]:
        """Prepares a connection, which has not begun a transaction, for migrations, and restores it afterwards."""

    @abstractmethod
    def finish_migration(self, connection: Connection) -> None:
        """Checks what the migrations of a transaction have left, before it is committed. Raises RuntimeError."""

    @abstractmethod
    def advise_newer(self) -> str:
        """What to do when a newer version made the tables."""

    @abstractmethod
    def reading_rows(self) -> AbstractContextManager[RowSource]:
        """One snapshot of the store, which is not changed. Raises StorageFailed, and ConfigurationError without one."""

    @abstractmethod
    def writing_rows(self) -> AbstractContextManager[RowTarget]:
        """One write transaction. Raises StorageFailed."""
