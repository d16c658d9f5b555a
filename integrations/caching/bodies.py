"""The files and small rows in which artifacts' bodies lie.

What is damaged is lost and made anew: a cache may forget, it may not stop the house.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeGuard

import diskcache
from diskcache.core import DBNAME

from integrations.caching.bytes_cache import BytesCache, Entry

_BROKEN = (sqlite3.DatabaseError, OSError, diskcache.Timeout)
_UNREADABLE = (ValueError, TypeError, EOFError)
# A file that is no database, has other tables than ours, or ends too soon; a full disk or a lock is none of these.
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})

"""A key, its bytes, and the seconds for which they are kept."""


class _AtWork:
    """One piece of work with a cache. A class, for a render enters several, and a generator costs thrice as much."""

    __slots__ = ("_cache",)

    def __init__(self, cache: BytesCache) -> None:
        self._cache = cache

    def __enter__(self) -> BytesCache:
        return self._cache

    def __exit__(self, *_exc: object) -> None:
        self._cache.rest()


class Bodies:
    """Bytes by key, on disk. No method raises: what cannot be read is not there.

    When what has expired goes, and what else has to make room, is for others to say (`housekeeping.py`).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._cache: BytesCache | None = None

    def get(self, key: str) -> bytes | None:
        """The bytes; None when they are not there, expired, or damaged."""
        cache = self._cache
        try:
            with self._at_work(cache) as opened:
                value = opened.get(key)
        except _UNREADABLE:
            self.delete(key)
            return None
        except _BROKEN as error:
            self._recover(cache, error)
            return None
        return value if isinstance(value, bytes) else None

    def get_all(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The same of several keys, in one look: those that are there."""
        cache = self._cache
        try:
            with self._at_work(cache) as opened:
                found = opened.find_all(keys)
        except _UNREADABLE:
            # One of them cannot be read: each for itself, so that only that one goes.
            return {key: value for key in keys if (value := self.get(key)) is not None}
        except _BROKEN as error:
            self._recover(cache, error)
            return {}
        return {key: value for key, value in found.items() if isinstance(value, bytes)}

    def set(self, key: str, value: bytes, expire_seconds: float) -> bool:
        """Whether the bytes are kept now."""
        return self.set_all([(key, value, expire_seconds)])

    def set_all(self, entries: Sequence[Entry]) -> bool:
        """Whether all of them are kept now, in one transaction; else none is, or not for long."""
        for _ in range(2):
            cache = self._cache
            try:
                with self._at_work(cache) as opened:
                    _set_all(opened, entries)
                    return True
            except _BROKEN as error:
                if not self._recover(cache, error):
                    break
        return False

    def drop_expired(self) -> None:
        """Lets go of what has expired; until then it is not found, but takes up room."""
        cache = self._cache
        try:
            with self._at_work(cache) as opened:
                opened.expire()
        except _BROKEN as error:
            self._recover(cache, error)

    def delete(self, key: str) -> bool:
        """Whether the key is not there any more; it may still be where nothing can be written."""
        cache = self._cache
        try:
            with self._at_work(cache) as opened:
                return opened.delete(key) or key not in opened
        except _BROKEN as error:
            return self._recover(cache, error)

    def holds(self, key: str) -> bool:
        """Whether something is kept under the key, whole or damaged."""
        cache = self._cache
        try:
            with self._at_work(cache) as opened:
                return key in opened
        except (*_BROKEN, *_UNREADABLE) as error:
            if not isinstance(error, _UNREADABLE):
                self._recover(cache, error)
            return False

    def list_keys(self) -> Iterator[str]:
        """Every key, also of what has expired; it ends where it cannot be read on."""
        cache = self._cache
        try:
            yield from filter(_is_text, (self._open() if cache is None else cache).list_keys())
        except (*_BROKEN, *_UNREADABLE) as error:
            if not isinstance(error, _UNREADABLE):
                self._recover(cache, error)

    def volume_bytes(self) -> int:
        """What all of it takes up on disk, nearly."""
        cache = self._cache
        try:
            with self._at_work(cache) as opened:
                return int(opened.volume())
        except _BROKEN as error:
            self._recover(cache, error)
            return 0

    def close(self) -> None:
        with self._lock:
            if self._cache is not None:
                self._cache.close()
                self._cache = None

    def _is_there(self) -> bool:
        """Whether the cache's file was not deleted while it was open."""
        try:
            return (self._folder / DBNAME).exists()
        except OSError:
            return True

    def _at_work(self, cache: BytesCache | None) -> _AtWork:
        return _AtWork(self._open() if cache is None else cache)

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
        """Throws a damaged cache away, so that the next use makes it anew; whether another try is worth it.

        A full disk, a lock or a folder that may not be written pass by themselves: then nothing is touched.
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
        # diskcache takes damage for a lock when it writes; looking at it tells the one from the other.
        cache.volume()
        raise


def _is_text(key: object) -> TypeGuard[str]:
    return isinstance(key, str)


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF in _DAMAGE


def _is_emptied(database: Path) -> bool:
    """Whether the file was cut to nothing beside its log, in which case SQLite would wait for minutes."""
    log = database.with_name(f"{database.name}-wal")
    return _size(database) == 0 and _size(log) > 0


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1
