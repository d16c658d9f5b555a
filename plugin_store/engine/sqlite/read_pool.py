"""Reads from the store that are so frequent that a session would cost too much."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from plugin_store.engine.connection_pool import ConnectionPool
from plugin_store.engine.sqlite.file import is_storage_failure, open_file, storage_failed

Found = TypeVar("Found")


class ReadPool:
    """Frequent reads over a few connections kept for them."""

    def __init__(self, path: str, connections: int) -> None:
        self._readers = ConnectionPool(lambda: Reader(path), connections)
        self._commits = 0
        self._commits_lock = threading.Lock()

    def revision(self) -> int:
        """The store's revision. Raises StorageFailed."""
        return self._look(Reader.read_revision)

    def commits(self) -> int:
        """A number that changes with every commit to the store, whatever it changed and whichever process made it.

        It is at least as new as the moment of the call. Costs microseconds. Raises StorageFailed.
        """
        if self._look(Reader.has_moved):
            # Every connection that sees a commit counts it, so the number is never older than what one has seen.
            with self._commits_lock:
                self._commits += 1
        return self._commits

    def query(self, query: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
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
            # Like `driver_failures`, but entering a context manager would cost as much as the query itself.
            if is_storage_failure(error):
                raise storage_failed(error) from None
            raise

    def close(self) -> None:
        """Closes unused connections. New ones are opened when needed."""
        self._readers.discard(lambda reader: reader.connection.close())


class Reader:
    """One connection, used by one thread at a time, and its last read values.

    `PRAGMA data_version` only shows commits of other connections, so this one must never write.
    """

    def __init__(self, path: str) -> None:
        self.connection = open_file(path)
        self.connection.execute("PRAGMA query_only = ON")
        self._noticed_version: int | None = None

    def has_moved(self) -> bool:
        """Whether anybody committed since the last call."""
        ((data_version,),) = self.connection.execute("PRAGMA data_version").fetchall()
        if data_version == self._noticed_version:
            return False
        self._noticed_version = data_version
        return True

    def read_revision(self) -> int:
        ((revision,),) = self.connection.execute("SELECT revision FROM store_revision").fetchall()
        return int(revision)
