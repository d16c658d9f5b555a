"""Group commit: writes of several threads share one transaction, because it costs more than its content.

The first thread becomes the leader. It waits a moment if other writes are expected and one came a moment ago, then for
the write lock, and writes everything that was added meanwhile. PostgreSQL has the same settings: `commit_delay` for the
moment, `commit_siblings` for the other writes.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# The maximum per transaction, so that other writers do not wait too long.
MAX_AT_ONCE = 64
# With this many, waiting for one more saves hardly anything.
ENOUGH = 8
DELAY_SECONDS = 0.004


class _Group(Generic[Item, Result]):
    """The items that are written together. Their results are available once `written` can be acquired."""

    __slots__ = ("complete", "error", "expected", "items", "results", "written")

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.items: list[Item] = []
        self.results: Sequence[Result] = ()
        self.error: BaseException | None = None
        self.complete = _held_lock()
        self.written = _held_lock()

    def add(self, item: Item) -> int:
        """Adds the item and returns its index in the group."""
        self.items.append(item)
        if len(self.items) == self.expected:
            self.complete.release()
        return len(self.items) - 1

    def result(self, place: int) -> Result:
        if self.error is not None:
            raise self.error
        return self.results[place]


class GroupCommit(Generic[Item, Result]):
    """Collects items until the write lock is free, then writes them all.

    `turn` is the write lock. `write` writes items while holding it and returns their results. `waiting` is a context
    manager around the time in which a thread waits for others.
    """

    def __init__(
        self,
        turn: Callable[[], AbstractContextManager[None]],
        write: Callable[[Sequence[Item]], Sequence[Result]],
        waiting: Callable[[], AbstractContextManager[object]] = nullcontext,
        delay_seconds: float = DELAY_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._turn = turn
        self._write = write
        self._waiting = waiting
        self._delay_seconds = delay_seconds
        self._monotonic = monotonic
        self._came_at = -math.inf
        self._gathering: _Group[Item, Result] | None = None
        self._lock = threading.Lock()

    def write(self, item: Item, siblings: int = 0) -> Result:
        """The result of the item, which is committed by then. Raises what `turn` and `write` raise.

        `siblings` is the number of other writes that are expected. Without them, or if writes are rare, the thread does
        not wait for others.
        """
        with self._lock:
            now = self._monotonic()
            pause_seconds, self._came_at = now - self._came_at, now
            group = self._gathering
            leads = group is None or len(group.items) == MAX_AT_ONCE
            if group is None or leads:
                group = self._gathering = _Group(
                    min(siblings + 1, ENOUGH) if pause_seconds < self._delay_seconds else 1
                )
            place = group.add(item)
        if leads:
            self._lead(group)
        else:
            with self._waiting(), group.written:
                pass
        return group.result(place)

    def gathered(self) -> int:
        """The number of items that wait for a leader's transaction."""
        with self._lock:
            return len(self._gathering.items) if self._gathering is not None else 0

    def _lead(self, group: _Group[Item, Result]) -> None:
        try:
            if group.expected > 1:
                with self._waiting():
                    group.complete.acquire(timeout=self._delay_seconds)
            with self._turn():
                self._close(group)
                group.results = self._write(group.items)
        except BaseException as error:
            group.error = error
            raise
        finally:
            self._close(group)
            group.written.release()

    def _close(self, group: _Group[Item, Result]) -> None:
        """Closes the group. Later items start a new one."""
        with self._lock:
            if self._gathering is group:
                self._gathering = None


def _held_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock
