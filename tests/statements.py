"""Statements compiled once for all apps of a test process.

SQLAlchemy keeps what it compiled for each engine, and each test has an engine of its own: a sixth of a test's processor
time was spent on compiling the same statements again.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

_compiled: LRUCache[Any, Any] = LRUCache(1000)


def share_compiled_statements() -> None:
    """From now on all engines of this process have one cache; it finds a statement whichever engine compiled it."""
    # The dialect is a part of the key, and compared by identity; ours are all alike.
    SQLiteDialect_pysqlite.__hash__ = lambda _self: hash(SQLiteDialect_pysqlite)  # type: ignore[method-assign]
    SQLiteDialect_pysqlite.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
    event.listen(Engine, "engine_connect", _share)


def _share(connection: Any) -> None:
    connection.engine._compiled_cache = _compiled
