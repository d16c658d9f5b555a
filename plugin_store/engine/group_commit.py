"""Writes of several threads in one transaction (group commit): a transaction costs more than what is in it.

The first who comes leads: it waits a moment where others are on their way and one came a moment ago, then for the
writer's turn, and writes what all brought who came meanwhile. PostgreSQL knows the moment as `commit_delay`, the
others as `commit_siblings`.
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

# What one transaction may hold up others for.
MAX_AT_ONCE = 64
# With so many, one more makes each of them hardly cheaper.
ENOUGH = 8
DELAY_SECONDS = 0.004


class _Group(Generic[Item, Result]):
    """What is written together, and what became of it once `written` can be acquired."""

    __slots__ = ("complete", "error", "expected", "items", "results", "written")

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.items: list[Item] = []
        self.results: Sequence[Result] = ()
        self.error: BaseException | None = None
        self.complete = _held_lock()
        self.written = _held_lock()

    def add(self, item: Item) -> int:
        """The item's place among the others."""
        self.items.append(item)
        if len(self.items) == self.expected:
            self.complete.release()
        return len(self.items) - 1

    def result(self, place: int) -> Result:
        if self.error is not None:
            raise self.error
        return self.results[place]


class GroupCommit(Generic[Item, Result]):
    """Gathers items until the writer's turn has come, then writes them all.

    `turn` is the writer's turn, `write` writes items in it and returns what came of each; `waiting` is around what a
    thread waits for others.
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
        """What came of the item, which is committed by then. Raises what `turn` and `write` raise.

        `siblings` is how many others are on their way. Alone, or where they come but now and then, a thread waits for
        nobody.
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
        """How many items wait to be written by a thread that waits for its turn."""
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
        """Whoever comes from now on comes to another group."""
        with self._lock:
            if self._gathering is group:
                self._gathering = None


def _held_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock
