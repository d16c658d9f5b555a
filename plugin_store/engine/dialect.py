"""SQLite's part in the statements of other folders: plain connections and upserts."""

from __future__ import annotations

import sqlite3

from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.sql import ClauseElement

__all__ = ["Connection", "insert", "to_named_sql"]

Connection = sqlite3.Connection
"""The plain connection that `Database.raw_write` yields."""


def to_named_sql(statement: ClauseElement) -> str:
    """The statement as SQL for a plain connection, with its values by name: `:plugin_id`."""
    return str(statement.compile(dialect=sqlite.dialect(paramstyle="named")))
