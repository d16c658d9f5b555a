"""Runs a few tasks in parallel on the threads of a pool and on the caller's own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from typing import Generic, TypeVar

from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.concurrency.interpreter_slots import released_slot

Result = TypeVar("Result")

MAX_THREADS = 6
"""Of one caller, its own included."""


class ParallelCalls(Generic[Result]):
    """Runs the tasks of one caller at once.

    The caller works too, and waits only for tasks that have started. So callers that are themselves tasks of the pool
    cannot block each other, however full it is.
    """

    def __init__(self, pool: FairThreadPool, lane: str) -> None:
        self._pool = pool
        self._lane = lane

    def run(self, tasks: Sequence[Callable[[], Result]]) -> list[Result]:
        """The tasks' results, in their order. Raises the first task's error; tasks not yet started never start."""
        results: dict[int, Result] = {}
        waiting = deque(enumerate(tasks))

        def work() -> None:
            while True:
                try:
                    number, task = waiting.popleft()
                except IndexError:
                    return
                try:
                    results[number] = task()
                except BaseException:
                    waiting.clear()
                    raise

        threads = min(len(tasks), MAX_THREADS) - 1
        helpers = [self._pool.submit(self._lane, work) for _ in range(threads)]
        try:
            work()
        finally:
            started = [helper for helper in helpers if not helper.cancel()]
            with released_slot():
                wait(started)
        for helper in started:
            helper.result()
        return [results[number] for number in range(len(tasks))]
