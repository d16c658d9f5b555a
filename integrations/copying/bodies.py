"""Cached bodies on their way from one store to another: in a table where hosts share a store, else on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from integrations.caching.bodies import Bodies
from integrations.caching.negative_cache import is_name
from integrations.copying.tables import BODIES
from plugin_store.engine.rows import Row, RowSource
from plugin_store.models import Base

# Each may have some megabytes.
BODIES_AT_ONCE = 8
_ARTIFACTS = Base.metadata.tables["integration_artifacts"]
_MISSING = (
    "SELECT count(*) FROM integration_artifacts WHERE NOT EXISTS"
    " (SELECT 1 FROM cached_bodies WHERE key = parameters_hash)"
)


class TableBodies:
    """The bodies in a store's table, of its snapshot."""

    def __init__(self, rows: RowSource) -> None:
        self._rows = rows
        ((self.missing,),) = rows.query(_MISSING)

    def pages(self) -> Iterator[Sequence[Row]]:
        """Rows of the table of bodies. Raises StorageFailed."""
        return self._rows.pages(BODIES, BODIES_AT_ONCE)


class DiskBodies:
    """The bodies beside a store's file, as far as they can be read. A server may fetch some anew meanwhile."""

    def __init__(self, rows: RowSource, folder: Path) -> None:
        self._rows = rows
        self._folder = folder
        self.missing = 0
        """How many artifacts have no body. Known after the last page."""

    def pages(self) -> Iterator[Sequence[Row]]:
        """Rows for the table of bodies: those of artifacts, then remembered failures. Raises StorageFailed."""
        bodies = Bodies(self._folder)
        try:
            for keys in self._artifact_keys():
                found = bodies.get_kept(keys)
                self.missing += len(keys) - len(found)
                yield [_row_of(*body) for body in found]
            for name in filter(is_name, bodies.list_keys()):
                yield [_row_of(*body) for body in bodies.get_kept([name])]
        finally:
            bodies.close()

    def _artifact_keys(self) -> Iterator[list[str]]:
        place = list(_ARTIFACTS.columns).index(_ARTIFACTS.c.parameters_hash)
        for page in self._rows.pages(_ARTIFACTS, BODIES_AT_ONCE):
            yield [row[place] for row in page]


def write_to_disk(folder: Path, pages: Iterator[Sequence[Row]], now: float) -> int:
    """Keeps the bodies beside a store's file, and returns how many. What the disk refuses is missing there."""
    bodies, kept = Bodies(folder), 0
    try:
        for page in pages:
            entries = [(key, value, until - now) for key, value, _, until in page if until > now]
            if entries and bodies.set_all(entries):
                kept += len(entries)
    finally:
        bodies.close()
    return kept


def _row_of(key: str, value: bytes, expires_at: float) -> Row:
    return key, value, hashlib.sha256(value).hexdigest(), expires_at
