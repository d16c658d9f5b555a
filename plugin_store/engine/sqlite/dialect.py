"""SQLite's words."""

from __future__ import annotations

from plugin_store.engine.dialect import Dialect

_MEMBERS = "SELECT value FROM json_each(?)"

SQLITE = Dialect(
    numbers=_MEMBERS,
    texts=_MEMBERS,
    join_texts="group_concat",
)
