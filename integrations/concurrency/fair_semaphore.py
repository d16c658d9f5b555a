"""A semaphore shared fairly between lanes, so that one that hangs leaves room for the others."""

from __future__ import annotations

import threading

from integrations.concurrency.fair_queue import FairQueue
from integrations.concurrency.interpreter_slots import released_slot


class FairSemaphore:
    """At most `size` holders. The lane with the fewest places is next, and some places are for lanes that hold none."""

    def __init__(self, size: int) -> None:
        # One lock per waiter, released when its turn comes.
        self._queue: FairQueue[threading.Lock] = FairQueue(size)
        self._lock = threading.Lock()

    def waiting(self) -> int:
        """The number of waiters."""
        with self._lock:
            return len(self._queue.waiting())

    def take(self, lane: str, timeout_seconds: float) -> bool:
        """Takes a place for the lane; returns False if none was free in time."""
        with self._lock:
            if self._queue.enter(lane):
                return True
            turn = threading.Lock()
            turn.acquire()
            self._queue.add(lane, turn)
            self._share_out()
        with released_slot():
            has_come = turn.acquire(timeout=max(0.0, timeout_seconds))
        if has_come:
            return True
        with self._lock:
            was_waiting = self._queue.withdraw(lane, turn)
        if not was_waiting:
            # The place was granted between the timeout and now.
            self.give_back(lane)
        return False

    def give_back(self, lane: str) -> None:
        """Releases one place of the lane, for the next waiter."""
        with self._lock:
            self._queue.give_back(lane)
            self._share_out()

    def _share_out(self) -> None:
        while (taken := self._queue.take()) is not None:
            taken[1].release()
