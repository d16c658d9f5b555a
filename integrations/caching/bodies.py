"""The files and small rows that store the artifacts' bodies.

Damaged data is dropped and fetched again: a cache may lose entries, but it must not stop the server.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import diskcache
from diskcache.core import DBNAME
from sqlalchemy.orm import Session

from integrations.caching.body_store import BodyStore, Entry
from integrations.caching.bytes_cache import BytesCache
from plugin_store.engine.database import Connection

LIST_BATCH = 1000

_BROKEN = (sqlite3.DatabaseError, OSError, diskcache.Timeout)
_UNREADABLE = (ValueError, TypeError, EOFError)
# The file is no database, has other tables, or is truncated. A full disk or a lock does not belong here.
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


class _Operation:
    """One operation on a cache. A class, because a render uses several and a generator costs three times as much."""

    __slots__ = ("_cache",)

    def __init__(self, cache: BytesCache) -> None:
        self._cache = cache

    def __enter__(self) -> BytesCache:
        return self._cache

    def __exit__(self, *_exc: object) -> None:
        self._cache.release_connection()


class Bodies(BodyStore):
    """Bytes by key, on disk. No method raises."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._cache: BytesCache | None = None

    def get(self, key: str) -> bytes | None:
        cache = self._cache
        try:
            with self._operation(cache) as opened:
                value = opened.get(key)
        except _UNREADABLE:
            self.delete(key)
            return None
        except _BROKEN as error:
            self._recover(cache, error)
            return None
        return value if isinstance(value, bytes) else None

    def get_all(self, keys: Sequence[str]) -> dict[str, bytes]:
        cache = self._cache
        try:
            with self._operation(cache) as opened:
                found = opened.find_all(keys)
        except _UNREADABLE:
            # One entry cannot be read. Reading them one by one drops only that entry.
            return {key: value for key in keys if (value := self.get(key)) is not None}
        except _BROKEN as error:
            self._recover(cache, error)
            return {}
        return {key: value for key, value in found.items() if isinstance(value, bytes)}

    def get_kept(self, keys: Sequence[str]) -> list[tuple[str, bytes, float]]:
        """Key, bytes and the end of their time, in epoch seconds, of those of the keys that are present."""
        cache = self._cache
        try:
            with self._operation(cache) as opened:
                expiries = opened.find_expiries(keys)
        except _BROKEN as error:
            self._recover(cache, error)
            return []
        found = self.get_all(list(expiries))
        return [
            (key, found[key], ends) for key, ends in expiries.items() if key in found and ends is not None
        ]

    def set(self, key: str, value: bytes, expire_seconds: float) -> bool:
        return self.set_all([(key, value, expire_seconds)])

    def set_all(self, entries: Sequence[Entry]) -> bool:
        """Stores all entries in one transaction and returns True; else none of them stays."""
        for _ in range(2):
            cache = self._cache
            try:
                with self._operation(cache) as opened:
                    _set_all(opened, entries)
                    return True
            except _BROKEN as error:
                if not self._recover(cache, error):
                    break
        return False

    def keep_all(self, connection: Connection, entries: Sequence[Entry]) -> bool:
        return self.set_all(entries)

    def drop_expired(self) -> None:
        cache = self._cache
        try:
            with self._operation(cache) as opened:
                opened.expire()
        except _BROKEN as error:
            self._recover(cache, error)

    def delete(self, key: str) -> bool:
        cache = self._cache
        try:
            with self._operation(cache) as opened:
                return opened.delete(key) or key not in opened
        except _BROKEN as error:
            return self._recover(cache, error)

    def delete_all(self, keys: Sequence[str]) -> bool:
        gone = [self.delete(key) for key in keys]
        return all(gone)

    def drop_all(self, session: Session, keys: Sequence[str]) -> bool:
        return self.delete_all(keys)

    def lacking(self, keys: Sequence[str]) -> list[str]:
        """As the interface says. Nothing, where that cannot be told for now."""
        cache = self._cache
        try:
            with self._operation(cache) as opened:
                held = opened.find_expiries(keys)
        except _BROKEN as error:
            return list(keys) if self._recover(cache, error) else []
        return [key for key in keys if key not in held]

    def list_keys(self) -> Iterator[str]:
        """As the interface says. Stops where the cache cannot be read further."""
        last = ""
        while keys := self._list_keys_after(last):
            yield from keys
            last = keys[-1]

    def _list_keys_after(self, last: str) -> list[str]:
        cache = self._cache
        try:
            with self._operation(cache) as opened:
                return opened.list_keys_after(last, LIST_BATCH)
        except _BROKEN as error:
            self._recover(cache, error)
            return []

    def volume_bytes(self) -> int:
        cache = self._cache
        try:
            with self._operation(cache) as opened:
                return int(opened.volume())
        except _BROKEN as error:
            self._recover(cache, error)
            return 0

    def trim_copies(self, limit_bytes: float) -> None:
        """Nothing here is a copy."""

    def drop_copies(self, pause: Callable[[float], bool]) -> None:
        """Nothing here is a copy."""

    def shrink(self, limit_bytes: float) -> None:
        """Deletes the entries that were stored first, until the rest is within the limit."""
        cache = self._cache
        try:
            with self._operation(cache) as opened:
                opened.shrink(limit_bytes)
        except _BROKEN as error:
            self._recover(cache, error)

    def close(self) -> None:
        with self._lock:
            if self._cache is not None:
                self._cache.close()
                self._cache = None

    def _is_there(self) -> bool:
        """Whether the cache's file still exists. Somebody may have deleted it while it was open."""
        try:
            return (self._folder / DBNAME).exists()
        except OSError:
            return True

    def _operation(self, cache: BytesCache | None) -> _Operation:
        return _Operation(self._open() if cache is None else cache)

    def _open(self) -> BytesCache:
        with self._lock:
            if self._cache is None:
                self._cache = self._make()
            return self._cache

    def _make(self) -> BytesCache:
        if _is_emptied(self._folder / DBNAME):
            shutil.rmtree(self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        return BytesCache(self._folder)

    def _recover(self, failed: BytesCache | None, error: Exception) -> bool:
        """Deletes a damaged cache, so that the next use creates a new one. Returns whether a retry is useful.

        A full disk, a lock or a read-only folder is temporary: the cache is left untouched then.
        """
        if not _is_damage(error) and self._is_there():
            return False
        with self._lock:
            if self._cache is failed:
                self._cache = None
                if failed is not None:
                    with contextlib.suppress(*_BROKEN):
                        failed.close()
                shutil.rmtree(self._folder, ignore_errors=True)
        return True


def _set_all(cache: BytesCache, entries: Sequence[Entry]) -> None:
    try:
        cache.set_all([(key, value, max(0.001, seconds)) for key, value, seconds in entries])
    except diskcache.Timeout:
        # diskcache reports damage as a lock when it writes. Reading the volume tells them apart.
        cache.volume()
        raise


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF in _DAMAGE


def _is_emptied(database: Path) -> bool:
    """Whether the database file was truncated to zero beside its log. SQLite would wait for minutes then."""
    log = database.with_name(f"{database.name}-wal")
    return _size(database) == 0 and _size(log) > 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1
