"""The order of a process's writers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from errors import StorageFailed

BUSY_TIMEOUT_SECONDS = 5.0
BUSY = "The store is busy with other writes; try again."


class WriteLock:
    """Threads of one process queue here in order, before they wait for those of others.

    SQLite's own waiting polls, and may starve one of them; on PostgreSQL each would take a connection to wait with.
    """

    def __init__(self) -> None:
        self._mutex = threading.RLock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the lock. Raises StorageFailed if it is not free in time."""
        if not self._mutex.acquire(timeout=BUSY_TIMEOUT_SECONDS):
            raise StorageFailed(BUSY)
        try:
            yield
        finally:
            self._mutex.release()
