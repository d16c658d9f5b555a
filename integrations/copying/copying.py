"""Copies a store to an empty place: all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Table

from errors import StorageFailed
from integrations.copying.bodies import DiskBodies, TableBodies, write_to_disk
from integrations.copying.keys import fingerprint_at, has_fingerprint, note_fingerprint
from integrations.copying.tables import BODIES, FINGERPRINT, SEEDED, all_tables, copied_tables
from plugin_store.engine.change_record import ChangeRecord
from plugin_store.engine.files import make_instance_folder
from plugin_store.engine.location import Location
from plugin_store.engine.opening import migrate_tables, require_current
from plugin_store.engine.rows import Row, RowSource, RowTarget, UnfitRow, numbered
from plugin_store.vault.keyring import Keyring
from settings import ConfigurationError

Progress = Callable[[int, int], None]
"""Takes how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is. The data folder counts where no hosts share the store: the bodies and the key are there."""

    location: Location
    instance: Path

    @property
    def name(self) -> str:
        return self.location.name

    @property
    def cache(self) -> Path:
        return self.instance / "cache"


@dataclass(frozen=True, slots=True)
class Copied:
    """How many rows were copied, by table, how many bodies, and how many artifacts have none any more."""

    rows: dict[str, int]
    bodies: int
    missing_bodies: int


class SideFailed(StorageFailed):
    """A failure of the source or the target, which the detail names."""


def copy_store(
    source: Place,
    target: Place,
    keyring: Keyring,
    record: ChangeRecord,
    now: float,
    progress: Progress = lambda _done, _total: None,
) -> Copied:
    """Copies the source as it is now to the target, which must be empty, and returns what was copied.

    Servers may go on using the source; those that start on the target wait. `keyring` is that of the source, and
    `record` is written into the target. Raises ConfigurationError for a place that cannot be used, and StorageFailed;
    then the target is as empty as it was.
    """
    with _of(source), source.location.reading_rows() as rows:
        require_current(source.location, rows.revision())
        known = _look_at(source, rows, keyring)
        if not target.location.spans_hosts:
            make_instance_folder(target.instance)
        with _of(target), target.location.taking_turns():
            # Before its tables are touched, which could be those of another program.
            with target.location.writing_rows() as written:
                _require_empty(target, written, known)
            migrate_tables(target.location)
            with target.location.writing_rows() as written:
                _require_empty(target, written, known)
                return _Copy(source, target, rows, written, known, progress).run(record, now)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the source says before anything is copied, each by the table."""

    counts: dict[str, int]
    last_ids: dict[str, int]
    fingerprint: str | None


def _look_at(source: Place, rows: RowSource, keyring: Keyring) -> _Known:
    tables = copied_tables()
    return _Known(
        counts={table.name: rows.count(table) for table in tables},
        last_ids={table.name: rows.last_id(table) for table in numbered(tables)},
        fingerprint=fingerprint_at(rows, keyring, is_shared=source.location.spans_hosts),
    )


class _Copy:
    """One copy, in the transaction of the target."""

    def __init__(
        self,
        source: Place,
        target: Place,
        rows: RowSource,
        written: RowTarget,
        known: _Known,
        progress: Progress,
    ) -> None:
        self._source = source
        self._target = target
        self._rows = rows
        self._written = written
        self._known = known
        self._progress = progress
        self._done = 0
        self._total = sum(known.counts.values()) + known.counts["integration_artifacts"]

    def run(self, record: ChangeRecord, now: float) -> Copied:
        with self._written.without_triggers(all_tables()):
            for table in copied_tables():
                if table.name in SEEDED:
                    self._written.connection.execute(f"DELETE FROM {table.name}")  # noqa: S608 - our own names
                self._insert(table, self._rows.pages(table))
            bodies, missing = self._copy_bodies(now)
            if self._target.location.spans_hosts:
                note_fingerprint(self._written, self._known.fingerprint)
        self._compare()
        for table in numbered(copied_tables()):
            self._written.continue_after(table, self._known.last_ids[table.name])
        record.write(self._written.connection)
        return Copied(self._known.counts, bodies, missing)

    def _copy_bodies(self, now: float) -> tuple[int, int]:
        """How many are at the target now, and how many artifacts had none at the source."""
        is_shared = self._source.location.spans_hosts
        found = TableBodies(self._rows) if is_shared else DiskBodies(self._rows, self._source.cache)
        if self._target.location.spans_hosts:
            self._insert(BODIES, found.pages())
            kept = self._written.count(BODIES)
        else:
            kept = write_to_disk(self._target.cache, self._seen(found.pages()), now)
        return kept, found.missing

    def _insert(self, table: Table, pages: Iterator[Sequence[Row]]) -> None:
        try:
            self._written.insert(table, self._seen(pages))
        except UnfitRow:
            raise StorageFailed(f"A row of the table {table.name} cannot be stored there.") from None

    def _seen(self, pages: Iterator[Sequence[Row]]) -> Iterator[Sequence[Row]]:
        """The pages, with progress told of each."""
        with _of(self._source):
            for page in pages:
                yield page
                self._done = min(self._done + len(page), self._total)
                self._progress(self._done, self._total)

    def _compare(self) -> None:
        written = {table.name: self._written.count(table) for table in copied_tables()}
        different = [
            f"{name} has {count} rows instead of {self._known.counts[name]}"
            for name, count in written.items()
            if count != self._known.counts[name]
        ]
        if different:
            raise StorageFailed(f"The copy differs: {', '.join(different)}.")


@contextmanager
def _of(place: Place) -> Iterator[None]:
    """Names the place in failures that come from there."""
    try:
        yield
    except SideFailed:
        raise
    except StorageFailed as error:
        raise SideFailed(f"{place.name}: {error.detail}") from None


def _require_empty(target: Place, written: RowTarget, known: _Known) -> None:
    present = [table for table in all_tables() if written.has_table(table.name)]
    if present and written.revision() is None:
        raise ConfigurationError(f"{target.name} has tables of another program: name another place.")
    for table in present:
        if table.name not in SEEDED and table is not FINGERPRINT and not written.is_empty(table):
            raise ConfigurationError(
                f"{target.name} is not empty (the table {table.name} has rows), and nothing was copied: a store is "
                "copied to a new database or a new data folder only."
            )
    if FINGERPRINT in present and not has_fingerprint(written, known.fingerprint):
        raise ConfigurationError(
            f"{target.name} is of servers with another key, which could not read the secrets: name another place."
        )
