"""The words of SQL in which the engines differ, and statements that all of them understand.

Plain statements name their values `?` or `:name`, on every engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache

from plugin_store.models import Base


@dataclass(frozen=True)
class Dialect:
    """What an engine writes in the places of `{numbers}`, `{texts}` and so on, in a plain statement."""

    numbers: str
    """A subquery of the whole numbers in a value, which is a JSON array."""
    texts: str
    """A subquery of the texts in a value, which is a JSON array."""
    join_texts: str
    """The aggregate function that joins texts with a separator."""

    @cached_property
    def _words(self) -> dict[str, str]:
        return asdict(self)

    def spell(self, statement: str) -> str:
        """The statement in the words of the engine."""
        return _spell(statement, self)


@lru_cache(maxsize=256)
def _spell(statement: str, dialect: Dialect) -> str:
    return statement.format_map(dialect._words)


def upsert(table: type[Base], key: Sequence[str]) -> str:
    """The statement that inserts a row or replaces that with the same key, with its values by name: `:plugin_id`."""
    columns = [column.name for column in table.__table__.columns]
    values = ", ".join(f":{name}" for name in columns)
    replaced = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
    return (
        f"INSERT INTO {table.__tablename__} ({', '.join(columns)}) VALUES ({values}) "  # noqa: S608 - our own names
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {replaced}"
    )
