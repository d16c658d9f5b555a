"""A diskcache for bytes only, with few connections.

diskcache unpickles every row that is marked as a pickle, so its disk class is replaced by one without pickle.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import DBNAME, MODE_PICKLE

from integrations.caching.body_store import Entry
from plugin_store.engine.connection_pool import ConnectionPool

CONNECTIONS = 6
PRAGMAS = (
    # Pages per connection. A small number is enough, because the operating system caches the file once for all.
    "cache_size = 16",
    # Reading a memory-mapped file that was truncated ends the process.
    "mmap_size = 0",
    "synchronous = NORMAL",
)
BUSY_TIMEOUT_SECONDS = 5
SHRINK_BATCH = 20
OLDEST = "SELECT key FROM Cache WHERE raw = 1 ORDER BY store_time LIMIT ?"
# Answered from the index of keys alone, which is small beside the values.
KEYS_AFTER = "SELECT key FROM Cache WHERE key > ? AND raw = 1 AND typeof(key) = 'text' ORDER BY key LIMIT ?"
UNEXPIRED = "(expire_time IS NULL OR expire_time > ?)"


# What diskcache's own `set` writes, for several entries at once. Rows with an expiry are never culled by use.
KEEP = (
    "INSERT INTO Cache (key, raw, store_time, expire_time, access_time, access_count, size, mode, filename, value)"
    " VALUES (?, 1, ?, ?, ?, 0, ?, ?, ?, ?)"
    " ON CONFLICT (key, raw) DO UPDATE SET store_time = excluded.store_time, expire_time = excluded.expire_time,"
    " access_time = excluded.access_time, access_count = 0, tag = NULL, size = excluded.size, mode = excluded.mode,"
    " filename = excluded.filename, value = excluded.value"
)


class RefusedPickle(ValueError):
    """An entry of the cache, or one to be stored, is not bytes under a text key."""


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


class BytesCache(diskcache.Cache):
    """A cache that leases a connection for each operation. diskcache itself keeps one per thread for ever.

    So a process with many threads needs few connections.
    """

    def __init__(self, folder: Path) -> None:
        self._leases = ConnectionPool(self._connect, CONNECTIONS)
        super().__init__(
            str(folder),
            timeout=BUSY_TIMEOUT_SECONDS,
            disk=BytesDisk,
            eviction_policy="none",
            # Searching for expired rows at each write costs as much as the write.
            cull_limit=0,
            disk_min_file_size=32 * 1024,
        )
        self.release_connection()

    @property
    def _con(self) -> sqlite3.Connection:
        held: sqlite3.Connection | None = getattr(self._local, "con", None)
        if held is None:
            held = self._local.con = self._leases.take()
        return held

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            Path(self.directory) / DBNAME,
            timeout=self.timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}").fetchall()
        return connection

    def find_all(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The values of those keys that are present, in one query. Each is as `get` returns it."""
        placeholders = ", ".join("?" * len(keys))
        rows = self._sql(
            "SELECT key, mode, filename, value FROM Cache"  # noqa: S608 - only placeholders are put in
            f" WHERE key IN ({placeholders}) AND raw = 1 AND {UNEXPIRED}",
            (*keys, time.time()),
        ).fetchall()
        found = {}
        for key, mode, filename, value in rows:
            # The file may have been deleted between the query and its opening.
            with suppress(OSError):
                found[key] = self._disk.fetch(mode, filename, value, False)
        return found

    def find_expiries(self, keys: Sequence[str]) -> dict[str, float | None]:
        """When those of the keys expire that are present, in epoch seconds; None for never. In one query."""
        placeholders = ", ".join("?" * len(keys))
        query = (
            f"SELECT key, expire_time FROM Cache WHERE key IN ({placeholders}) AND raw = 1 AND {UNEXPIRED}"  # noqa: S608 - only placeholders are put in
        )
        return dict(self._sql(query, (*keys, time.time())).fetchall())

    def list_keys_after(self, last: str, limit: int) -> list[str]:
        """The next keys in their order, expired ones too."""
        return [key for (key,) in self._sql(KEYS_AFTER, (last, limit)).fetchall()]

    def set_all(self, entries: Sequence[Entry]) -> None:
        """Stores all entries in one transaction, or none. Each is as `set` stores it."""
        last_words = {key: (value, expire_seconds) for key, value, expire_seconds in entries}
        now, rows, files = time.time(), [], []
        try:
            for key, (value, expire_seconds) in last_words.items():
                size, mode, filename, stored = self._disk.store(value, False)
                rows.append((key, now, now + expire_seconds, now, size, mode, filename, stored))
                if filename is not None:
                    files.append(filename)
            with self.transact():
                unused = self._files_of(list(last_words))
                self._con.executemany(KEEP, rows)
        except BaseException:
            self._remove_files(files)
            raise
        self._remove_files(unused)

    def shrink(self, limit_bytes: float) -> None:
        """Deletes the entries that were stored first, until the rest is within the limit."""
        while self.volume() > limit_bytes:
            oldest = self._sql(OLDEST, (SHRINK_BATCH,)).fetchall()
            if not oldest:
                return
            with self.transact():
                for (key,) in oldest:
                    self.delete(key)

    def _files_of(self, keys: Sequence[str]) -> list[str]:
        placeholders = ", ".join("?" * len(keys))
        query = (
            f"SELECT filename FROM Cache WHERE key IN ({placeholders}) AND raw = 1 AND filename IS NOT NULL"  # noqa: S608
        )
        return [filename for (filename,) in self._sql(query, keys).fetchall()]

    def _remove_files(self, filenames: Sequence[str]) -> None:
        for filename in filenames:
            self._disk.remove(filename)

    def release_connection(self) -> None:
        """Ends the calling thread's operation and returns its connection to the pool."""
        held = self._local.__dict__.pop("con", None)
        if held is not None:
            self._leases.give_back(held)

    def close(self) -> None:
        """Closes the idle connections."""
        self.release_connection()
        self._leases.discard(lambda connection: connection.close())
