"""Few active threads, and one more for each that a client blocks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

import pytest

from web.server.acceptor_threads import AcceptorThreads

PATIENCE_SECONDS = 20


class Crew:
    """Threads that take tasks from one queue, as the server's do."""

    def __init__(self, size: int) -> None:
        self.front = AcceptorThreads(held_slot=2)
        self._tasks: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self._threads = [threading.Thread(target=self._work) for _ in range(size)]
        for thread in self._threads:
            thread.start()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            self.front.enter()
            try:
                task()
            finally:
                self.front.leave()

    def give(self, task: Callable[[], None]) -> None:
        self._tasks.put(task)

    def busy_themselves(self, tasks: int = 200) -> set[str]:
        """The threads that did the last of many small tasks."""
        done: queue.Queue[str] = queue.Queue()
        for _ in range(tasks):
            self.give(lambda: done.put(threading.current_thread().name))
        names = [done.get(timeout=PATIENCE_SECONDS) for _ in range(tasks)]
        return set(names[tasks // 2 :])

    def end(self) -> None:
        self.front.close()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = Crew(6)
    yield crew
    crew.end()


def meet(crew: Crew) -> None:
    """Has all six come once."""
    together = threading.Barrier(7)
    for _ in range(6):
        crew.give(lambda: together.wait(PATIENCE_SECONDS) and None)
    together.wait(PATIENCE_SECONDS)


def test_two_are_at_work(crew: Crew):
    meet(crew)
    crew.busy_themselves()
    assert len(crew.busy_themselves()) <= 2


def test_for_each_that_is_held_up_another_comes(crew: Crew):
    meet(crew)
    crew.busy_themselves()
    let_go = threading.Event()

    def hang() -> bytes:
        assert let_go.wait(PATIENCE_SECONDS)
        return b""

    reading = [threading.Event() for _ in range(5)]
    for event in reading:

        def read(event: threading.Event = event) -> None:
            event.set()
            crew.front.read(hang)

        crew.give(read)
    for event in reading:
        assert event.wait(PATIENCE_SECONDS)
    assert crew.busy_themselves(20)
    let_go.set()
    crew.busy_themselves()
    assert len(crew.busy_themselves()) <= 2


def test_threads_that_ended_are_not_counted(crew: Crew):
    for _ in range(8):
        thread = threading.Thread(target=lambda: (crew.front.enter(), crew.front.leave()))
        thread.start()
        thread.join(PATIENCE_SECONDS)
        assert not thread.is_alive()
    assert crew.busy_themselves(20)
