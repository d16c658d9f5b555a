"""Which versions of the code may use the tables of a store, kept in the store for versions that are older than it."""

from __future__ import annotations

from collections.abc import Container

from sqlalchemy import Connection, inspect, text

TABLE = "table_compatibility"
READ = "SELECT compatible_from FROM table_compatibility WHERE revision = :revision"
_CLEAR = "DELETE FROM table_compatibility"
_WRITE = (
    "INSERT INTO table_compatibility (id, revision, compatible_from) VALUES (1, :revision, :compatible_from)"
)


def is_usable(compatible_from: str | None, known: Container[str]) -> bool:
    """Whether code that knows these revisions may use tables of a newer version, which has said from which on.

    A revision that the code knows is not newer than the code.
    """
    return compatible_from is not None and compatible_from in known


def read_compatibility(connection: Connection, revision: str) -> str | None:
    """The oldest revision whose code works with tables at this revision; None if nobody has said it of this one."""
    if not inspect(connection).has_table(TABLE):
        return None
    return connection.execute(text(READ), {"revision": revision}).scalar()


def write_compatibility(connection: Connection, revision: str, compatible_from: str) -> None:
    """Says it of the revision that the tables have now."""
    connection.execute(text(_CLEAR))
    connection.execute(text(_WRITE), {"revision": revision, "compatible_from": compatible_from})
