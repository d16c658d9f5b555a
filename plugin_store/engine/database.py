"""What the code needs of a store. Each engine, SQLite or PostgreSQL, has a folder here that offers it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import text
from sqlalchemy.orm import Session

from plugin_store.engine.dialect import Dialect
from plugin_store.engine.locks import Locks
from plugin_store.engine.memo import RevisionMemo
from plugin_store.engine.write_lock import WriteLock

Parameters = Sequence[Any] | Mapping[str, Any]
"""The values of a plain statement: for each `?` in turn, or for each `:name`."""


class Cursor(Protocol):
    """The result of a plain statement."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """The plain connection that `Database.raw_write` yields. Its rows are tuples."""

    def execute(self, sql: str, parameters: Parameters = ..., /) -> Cursor: ...

    def executemany(self, sql: str, parameters: Sequence[Any], /) -> Cursor: ...


class Reads(Protocol):
    """Reads that are so frequent that a session would cost too much. Each raises StorageFailed."""

    def revision(self) -> int:
        """A number that every committed change of declarations or settings raises, whichever process made it."""
        ...

    def commits(self) -> int:
        """A number that changes with every commit that may make a cached answer wrong, whichever process made it."""
        ...

    def query(self, query: str, parameters: tuple[Any, ...], /) -> list[Any]:
        """The rows of a SELECT, as tuples."""
        ...


class Database(ABC):
    """A store. Sessions come from `reading` and `writing`, inside or outside of a request."""

    dialect: Dialect
    hot_reads: Reads
    """Reads of their own for the fast path, which never wait for others."""
    memo: RevisionMemo
    locks: Locks
    spans_hosts = False
    """Whether processes on several hosts may use it. They share no files, so what all of them need is in here."""
    _writers: WriteLock

    @abstractmethod
    def reading(self) -> AbstractContextManager[Session]:
        """A session on one snapshot; its changes are discarded. Raises StorageFailed."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Session]:
        """The only writing session: committed at the end, rolled back on errors. Raises StorageFailed.

        Writers of all processes come one after the other: what one has read nobody else changes before it commits.
        """

    @abstractmethod
    def raw_write(self) -> AbstractContextManager[Connection]:
        """Like `writing`, but on the plain connection, for rows written so often that a session would cost too much.

        Raises StorageFailed.
        """

    def write_lock(self) -> AbstractContextManager[None]:
        """The write lock of this process. Its holder writes without waiting for another thread.

        Raises StorageFailed if the lock is not free in time.
        """
        return self._writers.held()

    @abstractmethod
    def query(self, query: str, parameters: tuple[Any, ...], /) -> list[Any]:
        """See `Reads.query`."""

    @abstractmethod
    def revision(self) -> int:
        """See `Reads.revision`. Costs microseconds while nothing changes."""

    @abstractmethod
    def commits(self) -> int:
        """See `Reads.commits`. Costs microseconds while nothing changes."""

    @abstractmethod
    def size_bytes(self) -> int:
        """How much room the store takes on a disk. Raises StorageFailed."""

    @abstractmethod
    def require_writable(self) -> None:
        """Raises StorageFailed if it cannot be written now, as far as that is known without writing."""

    def touch(self) -> None:
        """Makes a commit that changes nothing, so that every process checks its caches again. Raises StorageFailed."""
        with self.writing() as session:
            session.execute(text("UPDATE store_revision SET revision = revision + 1"))

    @abstractmethod
    def close(self) -> None:
        """Lets go of all connections and locks. What is used afterwards connects again."""
