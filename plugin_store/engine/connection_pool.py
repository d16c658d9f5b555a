"""A few connections for many threads: who comes while all are in use waits for one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Thing = TypeVar("Thing")


class ConnectionPool(Generic[Thing]):
    """At most `size` things, each made when it is first needed. Taking one costs a fraction of a microsecond.

    What was given back last is taken first: it knows best how things stand.
    A SQLite connection takes some two hundred kilobytes, and threads that run Python wait for each other anyway.
    """

    def __init__(self, make: Callable[[], Thing], size: int) -> None:
        self._make = make
        # As many turns as things, those not made yet among them: who has a turn finds a thing.
        self._turns: SimpleQueue[None] = SimpleQueue()
        self._left: list[Thing | None] = [None] * size
        for _ in range(size):
            self._turns.put(None)

    def take(self) -> Thing:
        """A thing for the caller alone, to be given back. Raises what making one raises."""
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
        """Another may have it; None gives back the right to have one made."""
        self._left.append(thing)
        self._turns.put(None)

    def discard(self, discard: Callable[[Thing], object]) -> None:
        """Lets go of those that nobody has now; they are made anew when they are needed again."""
        idle: list[Thing | None] = []
        with suppress(Empty):
            while True:
                self._turns.get_nowait()
                idle.append(self._left.pop())
        for thing in idle:
            if thing is not None:
                discard(thing)
            self.give_back(None)
