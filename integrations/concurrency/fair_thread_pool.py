"""A thread pool shared fairly between lanes, so that a crowded or slow lane leaves room for the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from integrations.concurrency.current_request import carried
from integrations.concurrency.fair_queue import FairQueue
from integrations.concurrency.interpreter_slots import held_slot

_Task = tuple[Future[Any], Callable[[], Any]]


class FairThreadPool:
    """Runs at most `size` tasks at once. The lane with the fewest running tasks is next; equal lanes take turns.

    Some threads are reserved for lanes that run nothing, so that a few hanging lanes do not block the others.
    """

    def __init__(self, size: int, name: str) -> None:
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=name)
        self._queue: FairQueue[_Task] = FairQueue(size)
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, lane: str, work: Callable[[], Any]) -> Future[Any]:
        """The task's future. Cancelled before it starts, it never runs. A closed pool cancels it at once."""
        future: Future[Any] = Future()
        with self._lock:
            if not self._closed:
                self._queue.add(lane, (future, carried(work)))
                self._begin_what_fits()
                return future
        future.cancel()
        return future

    def waiting(self) -> int:
        """The number of tasks that have neither started nor been cancelled."""
        with self._lock:
            return sum(not future.cancelled() for future, _ in self._queue.waiting())

    def close(self) -> None:
        """Returns when running tasks have ended. Tasks that have not started are cancelled."""
        with self._lock:
            self._closed = True
            left = self._queue.withdraw_all()
        for future, _ in left:
            future.cancel()
        self._threads.shutdown()

    def _begin_what_fits(self) -> None:
        while (taken := self._queue.take()) is not None:
            self._threads.submit(self._run, *taken)

    def _run(self, lane: str, task: _Task) -> None:
        future, work = task
        try:
            if future.set_running_or_notify_cancel():
                try:
                    with held_slot():
                        result = work()
                    future.set_result(result)
                except BaseException as error:
                    future.set_exception(error)
        finally:
            with self._lock:
                self._queue.give_back(lane)
                if not self._closed:
                    self._begin_what_fits()
