"""Answers kept in memory by what was asked, bounded in bytes: those used longest ago go first."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    @property
    def size_bytes(self) -> int:
        """What it costs to keep it, roughly."""
        ...


Kept = TypeVar("Kept", bound=Sized)


class MemoryFront(Generic[Kept]):
    """Kept things by key, of `limit_bytes` together. Looking one up takes no lock."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def get(self, key: Hashable) -> Kept | None:
        kept = self._kept.get(key)
        if kept is not None:
            try:
                self._kept.move_to_end(key)
            except KeyError:
                # It went a moment ago; whoever asked may have it all the same.
                return kept
        return kept

    def put(self, key: Hashable, kept: Kept) -> None:
        """Keeps it, unless it alone would take more than a quarter of the room."""
        self.drop(key)
        if kept.size_bytes > self._limit_bytes // 4:
            return
        with self._lock:
            self._kept[key] = kept
            self._size_bytes += kept.size_bytes
            while self._size_bytes > self._limit_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._size_bytes -= oldest.size_bytes

    def drop(self, key: Hashable) -> None:
        with self._lock:
            kept = self._kept.pop(key, None)
            if kept is not None:
                self._size_bytes -= kept.size_bytes
