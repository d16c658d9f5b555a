"""A pool of a few connections for many threads. A thread waits while all are in use."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class ConnectionPool(Generic[Thing]):
    """At most `size` things, each created on first use. Taking one costs a fraction of a microsecond.

    The thing that was returned last is taken first, because its cached state is the newest. A SQLite connection takes
    some two hundred kilobytes, and threads that run Python wait for each other anyway.
    """

    def __init__(self, make: Callable[[], Thing], size: int) -> None:
        self._make = make
        # One permit per thing, including those not created yet. A thread with a permit always finds a thing.
        self._turns: SimpleQueue[None] = SimpleQueue()
        self._left: list[Thing | None] = [None] * size
        for _ in range(size):
            self._turns.put(None)

    def take(self) -> Thing:
        """A thing for the caller alone, to be given back. Raises what creating one raises."""
        self._turns.get()
        thing = self._left.pop()
        if thing is not None:
            return thing
        try:
            return self._make()
        except BaseException:
            self.give_back(None)
            raise

    def give_back(self, thing: Thing | None) -> None:
        """Returns a thing to the pool. None returns only the permit, so that a new one can be created."""
        self._left.append(thing)
        self._turns.put(None)

    def discard(self, discard: Callable[[Thing], object]) -> None:
        """Discards the unused things. New ones are created when needed."""
        idle: list[Thing | None] = []
        with suppress(Empty):
            while True:
                self._turns.get_nowait()
                idle.append(self._left.pop())
        for thing in idle:
            if thing is not None:
                discard(thing)
            self.give_back(None)
