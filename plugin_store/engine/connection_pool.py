"""A pool of a few connections for many threads. A thread waits while all are in use."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Resource = TypeVar("Resource")


class ConnectionPool(Generic[Resource]):
    """At most `size` resources, each created on first use. Taking one costs a fraction of a microsecond.

    The resource that was returned last is taken first, because its cached state is the newest. A few are enough: a
    SQLite connection takes some two hundred kilobytes, and threads that run Python wait for each other anyway.
    """

    def __init__(self, make: Callable[[], Resource], size: int) -> None:
        self._make = make
        # One permit per resource, including those not created yet. A thread with a permit always finds a resource.
        self._turns: SimpleQueue[None] = SimpleQueue()
        self._left: list[Resource | None] = [None] * size
        for _ in range(size):
            self._turns.put(None)

    def take(self) -> Resource:
        """A resource for the caller alone, to be given back. Raises what creating one raises."""
        self._turns.get()
        resource = self._left.pop()
        if resource is not None:
            return resource
        try:
            return self._make()
        except BaseException:
            self.give_back(None)
            raise

    def give_back(self, resource: Resource | None) -> None:
        """Returns a resource to the pool. None returns only the permit, so that a new one can be created."""
        self._left.append(resource)
        self._turns.put(None)

    def discard(self, discard: Callable[[Resource], object]) -> None:
        """Discards the unused resources. New ones are created when needed."""
        idle: list[Resource | None] = []
        with suppress(Empty):
            while True:
                self._turns.get_nowait()
                idle.append(self._left.pop())
        for resource in idle:
            if resource is not None:
                discard(resource)
            self.give_back(None)
