"""Bodies in a table of the store, for processes that share no disk, with copies of large ones beside each process."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from errors import StorageFailed
from integrations.caching.bodies import Bodies
from integrations.caching.body_store import BodyStore, Entry, batched
from plugin_store.engine.database import Connection, Database
from plugin_store.engine.dialect import upsert
from plugin_store.shared_models import CachedBody

# Smaller ones are read with the digest. The disk is not asked for them, as it would cost as much as the network.
LARGE_BYTES = 32 * 1024
BATCH = 250
TRIM_FRACTION = 0.9
PAUSE_SECONDS = 0.01

_KEEP = upsert(CachedBody, ["key"])
_FIND = "SELECT key, digest, CASE WHEN length(value) < ? THEN value END FROM cached_bodies"
_LOAD = "SELECT value, expires_at FROM cached_bodies WHERE key = ?"
_KEYS_AFTER = "SELECT key FROM cached_bodies WHERE key > ? ORDER BY key LIMIT ?"
_VOLUME = "SELECT coalesce(sum(size_bytes), 0) FROM integration_artifacts"
_EXPIRED = "SELECT key FROM cached_bodies WHERE expires_at <= ? LIMIT ?"


class SharedBodies(BodyStore):
    """Bytes by key, in the transaction of their rows.

    A copy is used only if it is what the table keeps, by its digest. So copies may be old, damaged or lost.
    """

    def __init__(self, database: Database, copies: Bodies, clock: Callable[[], float]) -> None:
        self._database = database
        self._copies = copies
        self._clock = clock

    def get(self, key: str) -> bytes | None:
        return self.get_all([key]).get(key)

    def get_all(self, keys: Sequence[str]) -> dict[str, bytes]:
        query = f"{_FIND} WHERE key IN ({_places(keys)}) AND expires_at > ?"
        found: dict[str, bytes] = {}
        # A store that cannot be read keeps nobody from asking the provider.
        with suppress(StorageFailed):
            for key, digest, value in self._query(query, LARGE_BYTES, *keys, self._clock()):
                whole = value if value is not None else self._find_large(key, digest)
                if whole is not None:
                    found[key] = whole
        return found

    def set(self, key: str, value: bytes, expire_seconds: float) -> bool:
        try:
            with self._database.raw_write() as connection:
                return self.keep_all(connection, [(key, value, expire_seconds)])
        except StorageFailed:
            return False

    def keep_all(self, connection: Connection, entries: Sequence[Entry]) -> bool:
        now = self._clock()
        rows = {
            key: {"key": key, "value": value, "digest": _digest(value), "expires_at": now + seconds}
            for key, value, seconds in entries
        }
        connection.executemany(_KEEP, list(rows.values()))
        return True

    def delete(self, key: str) -> bool:
        return self.delete_all([key])

    def delete_all(self, keys: Sequence[str]) -> bool:
        try:
            for some in batched(keys, BATCH):
                with self._database.raw_write() as connection:
                    connection.execute(f"DELETE FROM cached_bodies WHERE key IN ({_places(some)})", some)  # noqa: S608 - only placeholders are put in
        except StorageFailed:
            return False
        self._copies.delete_all(keys)
        return True

    def drop_all(self, session: Session, keys: Sequence[str]) -> bool:
        session.execute(delete(CachedBody).where(CachedBody.key.in_(keys)))
        self._copies.delete_all(keys)
        return True

    def lacking(self, keys: Sequence[str]) -> list[str]:
        if not keys:
            return []
        rows = self._query(f"SELECT key FROM cached_bodies WHERE key IN ({_places(keys)})", *keys)  # noqa: S608 - only placeholders are put in
        held = {key for (key,) in rows}
        return [key for key in keys if key not in held]

    def list_keys(self) -> Iterator[str]:
        last = ""
        while keys := [key for (key,) in self._query(_KEYS_AFTER, last, BATCH)]:
            yield from keys
            last = keys[-1]

    def volume_bytes(self) -> int:
        ((size_bytes,),) = self._query(_VOLUME)
        return int(size_bytes)

    def drop_expired(self) -> None:
        self._copies.drop_expired()
        now = self._clock()
        while keys := [key for (key,) in self._query(_EXPIRED, now, BATCH)]:
            with self._database.raw_write() as connection:
                # What was kept anew since is not expired.
                connection.execute(
                    f"DELETE FROM cached_bodies WHERE key IN ({_places(keys)}) AND expires_at <= ?",  # noqa: S608 - only placeholders are put in
                    (*keys, now),
                )

    def trim_copies(self, limit_bytes: float) -> None:
        if self._copies.volume_bytes() > limit_bytes:
            self._copies.shrink(limit_bytes * TRIM_FRACTION)

    def drop_copies(self, pause: Callable[[float], bool]) -> None:
        for keys in batched(self._copies.list_keys(), BATCH):
            self._copies.delete_all(self.lacking(keys))
            if pause(PAUSE_SECONDS):
                return

    def close(self) -> None:
        self._copies.close()

    def _query(self, query: str, *parameters: Any) -> list[Any]:
        return self._database.query(query, parameters)

    def _find_large(self, key: str, digest: str) -> bytes | None:
        copy = self._copies.get(key)
        if copy is not None and _digest(copy) == digest:
            return copy
        rows = self._query(_LOAD, key)
        if not rows:
            return None
        ((value, expires_at),) = rows
        self._copies.set(key, value, expires_at - self._clock())
        return value


def _places(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()
