"""Keeps artifacts within the size limit, and their rows and bodies consistent."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from errors import StorageFailed
from integrations.caching.access_log import AccessLog
from integrations.caching.body_store import BodyStore, batched
from plugin_store.engine.database import Database
from plugin_store.models import IntegrationArtifact

# The growth since the last check, as a fraction of the limit, that triggers another check.
CHECK_AFTER_GROWTH = 0.02
# The fraction of the limit that remains in use after an eviction.
TARGET_FRACTION = 0.9
# How many artifacts one transaction deletes. Other writers wait for some tens of milliseconds.
DELETE_BATCH = 250
WRITE_BATCH = 1000
SCAN_BATCH = 250
PAUSE_SECONDS = 0.01

# Reconciling asks these of every artifact, and a session would cost more than the query.
_KEYS = "SELECT parameters_hash FROM integration_artifacts"
_KEYS_AFTER = f"{_KEYS} WHERE parameters_hash > ? ORDER BY parameters_hash LIMIT ?"

_ARTIFACT_KEY = re.compile(r"[0-9a-f]{64}")


class Eviction:
    """Keeps the artifacts within `size_limit_bytes` on disk. Housekeeping calls it from time to time."""

    def __init__(
        self, bodies: BodyStore, database: Database, clock: Callable[[], float], size_limit_bytes: int
    ) -> None:
        self._bodies = bodies
        self._database = database
        self._clock = clock
        self._size_limit_bytes = size_limit_bytes
        self._grown_bytes = 0
        self.evicted = 0
        """How many artifacts this process has evicted for room."""
        self.is_needed = threading.Event()
        """Set when so much was kept or used since the last round that the next one should not wait."""
        self.access_log = AccessLog(self.is_needed)

    def note_growth(self, size_bytes: int) -> None:
        """Records that so many bytes were added."""
        self._grown_bytes += size_bytes
        if self._grown_bytes > self._size_limit_bytes * CHECK_AFTER_GROWTH:
            self._grown_bytes = 0
            self.is_needed.set()

    def write_uses(self) -> None:
        """Writes which artifacts were used since the last call. Raises StorageFailed."""
        keys, table = self.access_log.take(), IntegrationArtifact.__table__
        now = self._clock()
        while keys:
            some, rest = keys[:WRITE_BATCH], keys[WRITE_BATCH:]
            used = update(IntegrationArtifact).where(table.c.parameters_hash == bindparam("key"))
            try:
                with self._database.writing() as session:
                    session.connection().execute(
                        used.values(last_used_at=now), [{"key": key} for key in some]
                    )
            except StorageFailed:
                self.access_log.give_back(keys)
                raise
            keys = rest

    def make_room(self) -> int:
        """Evicts the least recently used artifacts and returns their number. Raises StorageFailed."""
        self._bodies.trim_copies(self._size_limit_bytes)
        if self._bodies.volume_bytes() <= self._size_limit_bytes:
            return 0
        gone = 0
        while True:
            with self._database.writing() as session:
                # Measured inside the write transaction, so that two processes do not evict for the same excess.
                excess = self._bodies.volume_bytes() - self._size_limit_bytes * TARGET_FRACTION
                keys = _longest_unused(session, excess) if excess > 0 else []
                drop(session, self._bodies, keys)
            gone += len(keys)
            self.evicted += len(keys)
            if not keys:
                return gone

    def sweep(self) -> int:
        """Deletes artifacts that have expired for every use and returns their number. Raises StorageFailed."""
        self._bodies.drop_expired()
        table, swept = IntegrationArtifact, 0
        while True:
            with self._database.writing() as session:
                keys = session.scalars(
                    select(table.parameters_hash).where(table.kept_until <= self._clock()).limit(DELETE_BATCH)
                ).all()
                drop(session, self._bodies, keys)
            swept += len(keys)
            if len(keys) < DELETE_BATCH:
                return swept

    def reconcile(self, pause: Callable[[float], bool] = lambda _seconds: False) -> tuple[int, int]:
        """Deletes bodies without a row and rows without a body, and returns both numbers.

        A killed process, a damaged file or a deleted workspace leaves them behind. `pause` is called between batches
        and stops the work by returning True. Raises StorageFailed.
        """
        bodies = rows = 0
        self._bodies.drop_copies(pause)
        for keys in batched(filter(_ARTIFACT_KEY.fullmatch, self._bodies.list_keys()), SCAN_BATCH):
            bodies += self._drop_bodies_without_row(keys)
            if pause(PAUSE_SECONDS):
                return bodies, rows
        last = ""
        while keys := self._keys_after(last):
            last = keys[-1]
            rows += self._drop_rows_without_body(keys)
            if pause(PAUSE_SECONDS):
                break
        return bodies, rows

    def _drop_bodies_without_row(self, keys: Sequence[str]) -> int:
        lone = set(keys) - self._find_rows(keys)
        if not lone:
            return 0
        with self._database.writing() as session:
            # A body and its row are written in one write transaction, so inside ours both are present.
            lone -= _with_rows(session, list(lone))
            self._bodies.drop_all(session, list(lone))
        return len(lone)

    def _find_rows(self, keys: Sequence[str]) -> set[str]:
        """Those of the keys that have a row."""
        query = f"{_KEYS} WHERE parameters_hash IN ({', '.join('?' * len(keys))})"
        return {key for (key,) in self._database.query(query, tuple(keys))}

    def _keys_after(self, last: str) -> list[str]:
        return [key for (key,) in self._database.query(_KEYS_AFTER, (last, SCAN_BATCH))]

    def _drop_rows_without_body(self, keys: Sequence[str]) -> int:
        lost = self._bodies.lacking(keys)
        if not lost:
            return 0
        with self._database.writing() as session:
            return forget_rows(session, self._bodies, lost)


def drop(session: Session, bodies: BodyStore, keys: Sequence[str]) -> None:
    """Deletes artifacts, rows and bodies. Raises StorageFailed if a body cannot be deleted; its row stays then."""
    table = IntegrationArtifact
    session.execute(delete(table).where(table.parameters_hash.in_(keys)))
    if not bodies.drop_all(session, keys):
        raise StorageFailed("Stored answers cannot be deleted: the data folder cannot be written.")


def forget_rows(session: Session, bodies: BodyStore, keys: Sequence[str]) -> int:
    """Deletes rows without a body and returns their number. Call it in a write transaction: nobody adds a body then."""
    lost = bodies.lacking(keys)
    table = IntegrationArtifact
    session.execute(delete(table).where(table.parameters_hash.in_(lost)))
    return len(lost)


def _longest_unused(session: Session, excess_bytes: float) -> list[str]:
    """The keys of the least recently used artifacts, up to the excess size or the batch limit."""
    table, keys = IntegrationArtifact, []
    for key, size_bytes in session.execute(
        select(table.parameters_hash, table.size_bytes).order_by(table.last_used_at).limit(DELETE_BATCH)
    ):
        keys.append(key)
        excess_bytes -= size_bytes
        if excess_bytes <= 0:
            break
    return keys


def _with_rows(session: Session, keys: Sequence[str]) -> set[str]:
    column = IntegrationArtifact.parameters_hash
    return set(session.scalars(select(column).where(column.in_(keys))))
