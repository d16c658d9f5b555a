"""Types of columns, for models and migrations."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

# SQLite's whole numbers have 64 bits under any name, but only an INTEGER is a key that counts up by itself.
WHOLE_NUMBER = BigInteger().with_variant(Integer(), "sqlite")
# Compared and sorted by code points, as SQLite does, whatever the language of the database.
TEXT = Text().with_variant(Text(collation="C"), "postgresql")


class Json(TypeDecorator[Any]):
    """A JSON value stored as text, with its keys in their original order."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)

    def compare_values(self, x: Any, y: Any) -> bool:
        # In Python 1 equals True, so a change from one to the other would not be written.
        return orjson.dumps(x) == orjson.dumps(y)
