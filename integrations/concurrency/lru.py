"""An LRU cache that threads share: cachetools' own behind a lock, for it has none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from cachetools import LRUCache

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Lru(Generic[Key, Value]):
    """Values by key, of `limit` together; the least recently used ones are evicted first.

    `size_of` says what a value counts, one each by default. A value above `largest` is not kept.
    """

    def __init__(
        self, limit: int, size_of: Callable[[Value], int] | None = None, largest: int | None = None
    ) -> None:
        self._kept: LRUCache[Key, Value] = LRUCache(limit, size_of)
        self._largest = limit if largest is None else largest
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """What all values count together."""
        return int(self._kept.currsize)

    def get(self, key: Key) -> Value | None:
        with self._lock:
            try:
                # `LRUCache.get` looks twice.
                return self._kept[key]
            except KeyError:
                return None

    def put(self, key: Key, value: Value) -> None:
        """Keeps the value in the place of the one before; one that is too large only ends that one."""
        with self._lock:
            self._kept.pop(key, None)
            if self._kept.getsizeof(value) <= self._largest:
                self._kept[key] = value

    def add(self, key: Key, value: Value) -> bool:
        """Whether the key was free, and now holds the value."""
        with self._lock:
            if key in self._kept:
                return False
            self._kept[key] = value
            return True

    def drop(self, key: Key) -> None:
        with self._lock:
            self._kept.pop(key, None)
