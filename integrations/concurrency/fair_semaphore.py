"""A few places for what waits for others, shared out by lanes so that one that hangs leaves room for the rest."""

from __future__ import annotations

import threading

from integrations.concurrency.fair_queue import FairQueue
from integrations.concurrency.interpreter_slots import released_slot


class FairSemaphore:
    """At most `size` holders at once: next comes the lane that holds the fewest, and some are for who holds none."""

    def __init__(self, size: int) -> None:
        # A lock for each that waits, let go of when its turn has come.
        self._queue: FairQueue[threading.Lock] = FairQueue(size)
        self._lock = threading.Lock()

    def waiting(self) -> int:
        """How many wait for a place."""
        with self._lock:
            return len(self._queue.waiting())

    def take(self, lane: str, timeout_seconds: float) -> bool:
        """Whether the lane holds one more place now; it did not get one in time otherwise."""
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
            # Its turn came between the end of its patience and now.
            self.give_back(lane)
        return False

    def give_back(self, lane: str) -> None:
        """The lane holds one place less, for whoever comes next."""
        with self._lock:
            self._queue.give_back(lane)
            self._share_out()

    def _share_out(self) -> None:
        while (taken := self._queue.take()) is not None:
            taken[1].release()
