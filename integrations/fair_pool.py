"""A few threads for many tasks, shared out by lanes so that a crowded or slow lane leaves room for the others."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_Task = tuple[Future[Any], Callable[[], Any]]


class FairPool:
    """Runs at most `size` tasks at once: next comes the lane that runs the fewest, by turns among equals.

    One lane never has all the threads, so that what hangs in it holds up nothing else.
    """

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._lane_size = max(1, size - max(1, size // 8))
        self._threads = ThreadPoolExecutor(size, thread_name_prefix=name)
        self._waiting: OrderedDict[str, deque[_Task]] = OrderedDict()
        self._running: Counter[str] = Counter()
        self._closed = False
        self._lock = threading.Lock()

    def submit(self, lane: str, work: Callable[[], Any]) -> Future[Any]:
        """The future of the work. Cancelled before its turn it never begins; a closed pool cancels it at once."""
        future: Future[Any] = Future()
        with self._lock:
            if not self._closed:
                self._waiting.setdefault(lane, deque()).append((future, work))
                self._begin_what_fits()
                return future
        future.cancel()
        return future

    def waiting(self) -> int:
        """How many tasks have neither begun nor been cancelled."""
        with self._lock:
            return sum(not future.cancelled() for tasks in self._waiting.values() for future, _ in tasks)

    def close(self) -> None:
        """Returns when what runs has ended; what has not begun is cancelled."""
        with self._lock:
            self._closed = True
            left = [future for tasks in self._waiting.values() for future, _ in tasks]
            self._waiting.clear()
        for future in left:
            future.cancel()
        self._threads.shutdown()

    def _begin_what_fits(self) -> None:
        while self._running.total() < self._size and (lane := self._next_lane()) is not None:
            tasks = self._waiting[lane]
            task = tasks.popleft()
            if tasks:
                self._waiting.move_to_end(lane)
            else:
                del self._waiting[lane]
            self._running[lane] += 1
            self._threads.submit(self._run, lane, task)

    def _next_lane(self) -> str | None:
        open_lanes = (lane for lane in self._waiting if self._running[lane] < self._lane_size)
        return min(open_lanes, key=lambda lane: self._running[lane], default=None)

    def _run(self, lane: str, task: _Task) -> None:
        future, work = task
        try:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)
        finally:
            with self._lock:
                self._running[lane] -= 1
                if not self._running[lane]:
                    del self._running[lane]
                if not self._closed:
                    self._begin_what_fits()
