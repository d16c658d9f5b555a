"""The files and small rows in which artifacts' bodies lie: diskcache, for bytes only.

diskcache unpickles whatever row it finds marked as a pickle, so its disk is replaced by one that knows no pickle.
What is damaged is lost and made anew: a cache may forget, it may not stop the house.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import MODE_PICKLE

SHARDS = 8
_BROKEN = (sqlite3.DatabaseError, OSError, diskcache.Timeout, ValueError, TypeError, EOFError)


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
    """Bytes by key, on disk, bounded in size. No method raises: what cannot be read is not there."""

    def __init__(self, folder: Path, size_limit_bytes: int) -> None:
        self._folder = folder
        self._size_limit_bytes = size_limit_bytes
        self._lock = threading.Lock()
        self._cache: diskcache.FanoutCache | None = None

    def get(self, key: str) -> bytes | None:
        """The bytes; None when they are not there, expired, or damaged."""
        try:
            value = self._open().get(key)
        except _BROKEN:
            self._recover()
            return None
        return value if isinstance(value, bytes) else None

    def set(self, key: str, value: bytes, expire_seconds: float) -> bool:
        """Whether the bytes are kept now."""
        for _ in range(2):
            try:
                return bool(self._open().set(key, value, expire=max(0.001, expire_seconds)))
            except _BROKEN:
                self._recover()
        return False

    def delete(self, key: str) -> None:
        """The key is not there any more."""
        try:
            self._open().delete(key)
        except _BROKEN:
            self._recover()

    def claim(self, key: str, expire_seconds: float) -> bool:
        """Whether the caller is the first to claim the key, across processes, until `release` or the expiry."""
        try:
            return bool(self._open().add(f"claim:{key}", b"1", expire=expire_seconds))
        except _BROKEN:
            return True

    def release(self, key: str) -> None:
        self.delete(f"claim:{key}")

    def is_writable(self) -> bool:
        """Whether something can be kept now."""
        return self.set("check:writable", b"1", 60)

    def close(self) -> None:
        with self._lock:
            if self._cache is not None:
                self._cache.close()
                self._cache = None

    def _open(self) -> diskcache.FanoutCache:
        cache = self._cache
        if cache is None:
            with self._lock:
                cache = self._cache
                if cache is None:
                    cache = self._cache = self._make()
        return cache

    def _make(self) -> diskcache.FanoutCache:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        return diskcache.FanoutCache(
            str(self._folder),
            shards=SHARDS,
            timeout=1.0,
            disk=BytesDisk,
            size_limit=self._size_limit_bytes,
            eviction_policy="least-recently-stored",
            disk_min_file_size=32 * 1024,
        )

    def _recover(self) -> None:
        """Throws a damaged cache away, so that the next use starts with an empty one."""
        with self._lock:
            cache, self._cache = self._cache, None
            if cache is not None:
                with contextlib.suppress(*_BROKEN):
                    cache.close()
            if not self._is_sound():
                shutil.rmtree(self._folder, ignore_errors=True)

    def _is_sound(self) -> bool:
        """Whether every shard's database can be read; a shard that is only busy is sound."""
        for path in self._folder.glob("*/cache.db"):
            try:
                with contextlib.closing(sqlite3.connect(path, timeout=1.0)) as connection:
                    connection.execute("SELECT COUNT(*) FROM Settings").fetchone()
                    connection.execute("SELECT key FROM Cache LIMIT 1").fetchone()
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) and "busy" not in str(error):
                    return False
            except sqlite3.DatabaseError:
                return False
        return True
