"""A dictionary that threads share and that cannot grow without end."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Value = TypeVar("Value")
MAX_ENTRIES = 1000


class Bounded(Generic[Value]):
    """Values by key; the one that was used longest ago goes first."""

    def __init__(self, max_entries: int = MAX_ENTRIES) -> None:
        self._max_entries = max_entries
        self._entries: OrderedDict[str, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Value | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: str, value: Value) -> None:
        with self._lock:
            self._entries[key] = value
            self._entries.move_to_end(key)
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def add(self, key: str, value: Value) -> bool:
        """Whether the key was free, and now holds the value."""
        with self._lock:
            if key in self._entries:
                return False
            self._entries[key] = value
            return True

    def drop(self, key: str) -> None:
        with self._lock:
            self._entries.pop(key, None)
