"""PostgreSQL's words, and its spelling of plain statements."""

from __future__ import annotations

import re
from functools import lru_cache

from plugin_store.engine.dialect import Dialect

POSTGRESQL = Dialect(
    numbers="SELECT CAST(json_array_elements_text(?::json) AS bigint)",
    texts="SELECT json_array_elements_text(?::json)",
    join_texts="string_agg",
)
# What stands in quotes has no values, but a `%` there is doubled like any other.
_TOKENS = re.compile(r"'[^']*'|\"[^\"]*\"|::|:(?P<name>[a-z_]\w*)|\?|%", re.IGNORECASE)


@lru_cache(maxsize=1024)
def to_driver_sql(statement: str) -> str:
    """A plain statement, with values named `?` or `:name`, as psycopg reads it."""
    return _TOKENS.sub(_replace, statement)


def _replace(token: re.Match[str]) -> str:
    if token["name"]:
        return f"%({token['name']})s"
    return "%s" if token[0] == "?" else token[0].replace("%", "%%")
