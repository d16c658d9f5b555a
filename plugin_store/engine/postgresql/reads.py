"""Frequent reads over a few connections kept for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import psycopg

from errors import StorageFailed
from plugin_store.engine.connection_pool import ConnectionPool
from plugin_store.engine.postgresql.changes import Changes
from plugin_store.engine.postgresql.connections import Driver, PlainConnection
from plugin_store.engine.postgresql.failures import reason_of

Found = TypeVar("Found")


class PostgresqlReads:
    """Reads of one statement each. `changes` answers what can be answered from memory."""

    def __init__(self, connect: Callable[[], Driver], connections: int, changes: Changes) -> None:
        self._pool: ConnectionPool[Driver] = ConnectionPool(connect, connections)
        self._changes = changes

    def revision(self) -> int:
        """See `Changes.revision`."""
        return self._changes.revision(self.query)

    def commits(self) -> int:
        """See `Changes.commits`."""
        return self._changes.commits(self.query)

    def query(self, query: str, parameters: tuple[Any, ...], /) -> list[Any]:
        """The rows of a SELECT. Raises StorageFailed."""
        try:
            try:
                return self._ask(query, parameters)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                # The connections of a server that was restarted, or replaced by another one, are all broken.
                self.close()
                return self._ask(query, parameters)
        except psycopg.Error as error:
            reason = reason_of(error)
            if reason is None:
                raise
            raise StorageFailed(reason) from None

    def _ask(self, query: str, parameters: tuple[Any, ...]) -> list[Any]:
        driver = self._pool.take()
        try:
            return PlainConnection(driver).execute(query, parameters).fetchall()
        finally:
            self._pool.give_back(None if driver.closed else driver)

    def close(self) -> None:
        """Closes unused connections. New ones are opened when needed."""
        self._pool.discard(lambda driver: driver.close())
