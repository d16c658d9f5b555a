"""A thread-safe LRU cache: cachetools' LRUCache behind a lock, because it has none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Lru(Generic[Key, Value]):
    """Values by key, up to a total of `limit`. The least recently used ones are evicted first.

    `size_of` returns the size of a value, one by default. A value above `largest` is not stored.
    """

    def __init__(
        self, limit: int, size_of: Callable[[Value], int] | None = None, largest: int | None = None
    ) -> None:
        self._kept: LRUCache[Key, Value] = LRUCache(limit, size_of)
        self._largest = limit if largest is None else largest
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The total size of all values."""
        return int(self._kept.currsize)

    def get(self, key: Key) -> Value | None:
        with self._lock:
            try:
                # `LRUCache.get` would look up the key twice.
                return self._kept[key]
            except KeyError:
                return None

    def put(self, key: Key, value: Value) -> None:
        """Stores the value and replaces the previous one. A value that is too large only removes the previous one."""
        with self._lock:
            self._kept.pop(key, None)
            if self._kept.getsizeof(value) <= self._largest:
                self._kept[key] = value

    def add(self, key: Key, value: Value) -> bool:
        """Stores the value if the key is free; returns whether it was."""
        with self._lock:
            if key in self._kept:
                return False
            self._kept[key] = value
            return True

    def drop(self, key: Key) -> None:
        with self._lock:
            self._kept.pop(key, None)
