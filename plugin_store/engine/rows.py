"""Whole tables as plain rows: read from one snapshot of a store, and written in one transaction of another.

Values are those that every engine has: None, bool, int, float, str and bytes. JSON stays the text that it is.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Table

from plugin_store.engine.database import Connection

Row = tuple[Any, ...]
"""A value for each column of the table, in their order."""
ROWS_AT_ONCE = 1000


class UnfitRow(ValueError):
    """A row that the engine cannot hold. Its values are not told."""


class Rows(ABC):
    """What can be asked of either side."""

    connection: Connection

    def query(self, query: str) -> list[Row]:
        """The rows of a plain SELECT."""
        return self.connection.execute(query).fetchall()

    def revision(self) -> str | None:
        """The revision of the tables; None if there are none."""
        if not self.has_table("alembic_version"):
            return None
        known = self.query("SELECT version_num FROM alembic_version")
        return known[0][0] if known else None

    @abstractmethod
    def has_table(self, name: str) -> bool: ...

    def is_empty(self, table: Table) -> bool:
        return not self.query(f"SELECT 1 FROM {table.name} LIMIT 1")  # noqa: S608 - our own names

    def count(self, table: Table) -> int:
        ((count,),) = self.query(f"SELECT count(*) FROM {table.name}")  # noqa: S608 - our own names
        return count

    def last_id(self, table: Table) -> int:
        """The greatest id that a row of the table has, or had; 0 if there was none."""
        ((greatest,),) = self.query(f"SELECT coalesce(max(id), 0) FROM {table.name}")  # noqa: S608 - our own names
        return max(greatest, self.last_given_id(table))

    @abstractmethod
    def last_given_id(self, table: Table) -> int:
        """The id that the engine gave last in a table that never reuses one; 0 if it does not note that."""


class RowSource(Rows):
    """One snapshot, whatever others write meanwhile."""

    @abstractmethod
    def pages(self, table: Table, rows_at_once: int = ROWS_AT_ONCE) -> Iterator[Sequence[Row]]:
        """All rows of the table, so many at a time."""


class RowTarget(Rows):
    """One transaction, which is committed when it is left without an error."""

    @abstractmethod
    def without_triggers(self, tables: Sequence[Table]) -> AbstractContextManager[None]:
        """Lets rows be written as they are: nothing is noted of them, and nobody is notified."""

    @abstractmethod
    def insert(self, table: Table, pages: Iterable[Sequence[Row]]) -> None:
        """Writes the rows. Raises UnfitRow."""

    @abstractmethod
    def continue_after(self, table: Table, last_id: int) -> None:
        """Lets new rows of the table have greater ids than this one."""


def numbered(tables: Iterable[Table]) -> list[Table]:
    """Those tables in which the engine gives ids."""
    return [table for table in tables if table.autoincrement_column is not None]


def columns_of(table: Table) -> str:
    """The names of the columns, as a statement lists them."""
    return ", ".join(f'"{column.name}"' for column in table.columns)
