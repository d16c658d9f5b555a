"""The files and small rows in which artifacts' bodies lie: diskcache, for bytes only.

diskcache unpickles whatever row it finds marked as a pickle, so its disk is replaced by one that knows no pickle.
What is damaged is lost and made anew: a cache may forget, it may not stop the house.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

import diskcache
from diskcache.core import MODE_PICKLE

from integrations.presence import Presence

SHARDS = 1
CACHE_PAGES = 16
_BROKEN = (sqlite3.DatabaseError, OSError, diskcache.Timeout)
_UNREADABLE = (ValueError, TypeError, EOFError)
# A file that is no database, has other tables than ours, or ends too soon; a full disk or a lock is none of these.
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


class RefusedPickle(ValueError):
    """Something in the cache, or on its way there, is not bytes under a text key."""


class BytesDisk(diskcache.Disk):
    """Keys are text, values bytes; nothing is ever pickled or unpickled."""

    def put(self, key: Any) -> Any:
        if not isinstance(key, str):
            raise RefusedPickle("a key must be text")
        return key, True

    def get(self, key: Any, raw: bool) -> Any:
        if not raw or not isinstance(key, str):
            raise RefusedPickle("a key must be text")
        return key

    def store(self, value: Any, read: bool, key: Any = None) -> Any:
        if not isinstance(value, bytes) or read:
            raise RefusedPickle("a value must be bytes")
        return super().store(value, read, key=key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode == MODE_PICKLE:
            raise RefusedPickle("a value must be bytes")
        return super().fetch(mode, filename, value, read)


class Bodies:
    """Bytes by key, on disk. No method raises: what cannot be read is not there.

    What has expired goes with later writes. What else has to make room is for others to say (`housekeeping.py`).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Beside the folder, which is thrown away when it is damaged.
        self._presence = Presence(folder.with_name(f".{folder.name}-users"))
        self._lock = threading.Lock()
        self._cache: diskcache.FanoutCache | None = None

    def get(self, key: str) -> bytes | None:
        """The bytes; None when they are not there, expired, or damaged."""
        cache = self._cache
        try:
            value = (self._open() if cache is None else cache).get(key)
        except _UNREADABLE:
            self.delete(key)
            return None
        except _BROKEN as error:
            self._recover(cache, error)
            return None
        return value if isinstance(value, bytes) else None

    def set(self, key: str, value: bytes, expire_seconds: float) -> bool:
        """Whether the bytes are kept now."""
        for _ in range(2):
            cache = self._cache
            try:
                opened = self._open() if cache is None else cache
                if opened.set(key, value, expire=max(0.001, expire_seconds)):
                    return True
                # diskcache takes damage for a lock when it writes; counting tells the one from the other.
                len(opened)
                return False
            except _BROKEN as error:
                if not self._recover(cache, error):
                    break
        return False

    def delete(self, key: str) -> bool:
        """Whether the key is not there any more; it may still be where nothing can be written."""
        cache = self._cache
        try:
            return (self._open() if cache is None else cache).delete(key) or not self.holds(key)
        except _BROKEN as error:
            return self._recover(cache, error)

    def holds(self, key: str) -> bool:
        """Whether something is kept under the key, whole or damaged."""
        cache = self._cache
        try:
            return key in (self._open() if cache is None else cache)
        except (*_BROKEN, *_UNREADABLE) as error:
            if not isinstance(error, _UNREADABLE):
                self._recover(cache, error)
            return False

    def list_keys(self) -> Iterator[str]:
        """Every key, also of what has expired; it ends where it cannot be read on."""
        cache = self._cache
        try:
            yield from filter(_is_text, self._open() if cache is None else cache)
        except (*_BROKEN, *_UNREADABLE) as error:
            if not isinstance(error, _UNREADABLE):
                self._recover(cache, error)

    def volume_bytes(self) -> int:
        """What all of it takes up on disk, nearly."""
        cache = self._cache
        try:
            return (self._open() if cache is None else cache).volume()
        except _BROKEN as error:
            self._recover(cache, error)
            return 0

    # -- claims ------------------------------------------------------------------------------------------------------

    def claim(self, key: str, expire_seconds: float) -> bool:
        """Whether the caller has the key to itself, across processes, until `release`, its end, or the expiry.

        Where nothing can be kept everybody has it: a call too many is better than none.
        """
        name = f"claim:{key}"
        try:
            self._presence.show()
            if self._add(name, expire_seconds):
                return True
        except _BROKEN:
            return True
        holder = self.get(name)
        if holder is None:
            # Let go of since; or a cache that cannot be written, which looks as if somebody had been first.
            return not self.is_writable()
        return self._take_over(name, holder.decode("ascii", "replace"), expire_seconds)

    def release(self, key: str) -> None:
        """Somebody else may claim the key; a claim that is not the caller's any more stays."""
        name = f"claim:{key}"
        if self.get(name) == self._presence.name.encode():
            self.delete(name)

    def _take_over(self, name: str, holder: str, expire_seconds: float) -> bool:
        if not self._presence.is_gone(holder):
            return False
        try:
            # Of all who see that the holder is gone, one comes in its place.
            if not self._add(f"{name}:after:{holder}", expire_seconds):
                return False
        except _BROKEN:
            return True
        self.set(name, self._presence.name.encode(), expire_seconds)
        return True

    def _add(self, name: str, expire_seconds: float) -> bool:
        return bool(self._open().add(name, self._presence.name.encode(), expire=max(0.001, expire_seconds)))

    def is_writable(self) -> bool:
        """Whether something can be kept now."""
        return self.set("check:writable", b"1", 60)

    def close(self) -> None:
        with self._lock:
            if self._cache is not None:
                self._cache.close()
                self._cache = None
        self._presence.close()

    def _open(self) -> diskcache.FanoutCache:
        with self._lock:
            if self._cache is None:
                self._cache = self._make()
            return self._cache

    def _make(self) -> diskcache.FanoutCache:
        if any(map(_is_emptied, self._folder.glob("*/cache.db"))):
            shutil.rmtree(self._folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        return diskcache.FanoutCache(
            str(self._folder),
            shards=SHARDS,
            timeout=1.0,
            disk=BytesDisk,
            eviction_policy="none",
            disk_min_file_size=32 * 1024,
            # Reading a mapped file that somebody cuts short ends the process.
            sqlite_mmap_size=0,
            # Pages, for each thread and shard: the system keeps the files in memory once, for all of them.
            sqlite_cache_size=CACHE_PAGES,
        )

    def _recover(self, failed: diskcache.FanoutCache | None, error: Exception) -> bool:
        """Throws a damaged cache away, so that the next use makes it anew; whether another try is worth it.

        A full disk, a lock or a folder that may not be written pass by themselves: then nothing is touched.
        """
        if not _is_damage(error):
            return False
        with self._lock:
            if self._cache is failed:
                self._cache = None
                if failed is not None:
                    with contextlib.suppress(*_BROKEN):
                        failed.close()
                shutil.rmtree(self._folder, ignore_errors=True)
        return True


def _is_text(key: object) -> TypeGuard[str]:
    return isinstance(key, str)


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF in _DAMAGE


def _is_emptied(database: Path) -> bool:
    """Whether the file was cut to nothing beside its log, in which case SQLite would wait for minutes."""
    log = database.with_name(f"{database.name}-wal")
    return database.stat().st_size == 0 and log.exists() and log.stat().st_size > 0
