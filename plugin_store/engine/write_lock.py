"""The order of a process's writers."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager

from errors import StorageFailed

BUSY_TIMEOUT_SECONDS = 5.0
BUSY = "The store is busy with other writes; try again."


class WriteLock:
    """Threads of one process queue here in order, before they wait for those of others.

    SQLite's own waiting polls, and may starve one of them; on PostgreSQL each would take a connection to wait with.
    """

    def __init__(self) -> None:
        self._mutex = threading.RLock()

    def held(self) -> AbstractContextManager[None]:
        """Holds the lock. Raises StorageFailed if it is not free in time."""
        return _Held(self._mutex)


class _Held:
    """A class, because each write enters two of them and a generator costs three times as much."""

    __slots__ = ("_mutex",)

    def __init__(self, mutex: threading.RLock) -> None:
        self._mutex = mutex

    def __enter__(self) -> None:
        if not self._mutex.acquire(timeout=BUSY_TIMEOUT_SECONDS):
            raise StorageFailed(BUSY)

    def __exit__(self, *_exc: object) -> None:
        self._mutex.release()
