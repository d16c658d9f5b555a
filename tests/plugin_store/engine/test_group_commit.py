"""Group commit: each write is done once, and each thread gets its own result."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from errors import StorageFailed
from plugin_store.engine.group_commit import ENOUGH, MAX_AT_ONCE, GroupCommit

LONG_SECONDS = 20.0


class Writer:
    """Notes what it is given together; its turn comes when nobody else has it."""

    def __init__(self, delay_seconds: float = LONG_SECONDS) -> None:
        self.now = 0.0
        self.lock = threading.Lock()
        self.written: list[list[int]] = []
        self.waits = 0
        self.together: GroupCommit[int, int] = GroupCommit(
            self.write_lock,
            self.write,
            waiting=self.wait,
            delay_seconds=delay_seconds,
            monotonic=lambda: self.now,
        )

    @contextmanager
    def wait(self) -> Iterator[None]:
        self.waits += 1
        yield

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        with self.lock:
            yield

    def write(self, items: Sequence[int]) -> list[int]:
        self.written.append(list(items))
        if -1 in items:
            raise StorageFailed("full")
        return [10 * item for item in items]

    def gather(self, items: Sequence[int], siblings: int = 0) -> list[int | BaseException]:
        """What comes of items that all wait for the turn at once."""

        def write(item: int) -> int | BaseException:
            try:
                return self.together.write(item, siblings)
            except StorageFailed as error:
                return error

        with ThreadPoolExecutor(len(items)) as pool:
            with self.lock:
                results: list[Future[int | BaseException]] = []
                for item in items:
                    before = self.together.gathered()
                    results.append(pool.submit(write, item))
                    while self.together.gathered() == before:
                        threading.Event().wait(0.001)
            return [result.result(LONG_SECONDS) for result in results]


def test_alone_a_thread_writes_its_own_and_waits_for_nobody():
    writer = Writer()
    assert [writer.together.write(1), writer.together.write(2)] == [10, 20]
    assert writer.written == [[1], [2]]
    assert writer.waits == 0


def test_who_comes_before_the_turn_does_is_written_along():
    writer = Writer()
    assert writer.gather(range(20)) == [10 * item for item in range(20)]
    assert writer.written == [list(range(20))]


def test_where_others_are_on_their_way_and_one_came_a_moment_ago_the_first_waits():
    writer = Writer()
    writer.together.write(9, siblings=2)
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda item: writer.together.write(item, siblings=2), range(3)))
    assert results == [0, 10, 20]
    assert list(map(len, writer.written)) == [1, 3]


def test_where_they_come_now_and_then_nobody_waits_for_the_next():
    writer = Writer()
    for item in range(3):
        assert writer.together.write(item, siblings=2) == 10 * item
        writer.now += LONG_SECONDS
    assert writer.written == [[0], [1], [2]]
    assert writer.waits == 0


def test_of_many_who_are_expected_a_few_are_waited_for():
    writer = Writer()
    writer.together.write(9)
    with ThreadPoolExecutor(ENOUGH) as pool:
        list(pool.map(lambda item: writer.together.write(item, siblings=1000), range(ENOUGH)))
    assert sorted(writer.written[1]) == list(range(ENOUGH))


def test_company_that_does_not_come_is_waited_for_a_moment_only():
    writer = Writer(delay_seconds=0.001)
    assert [writer.together.write(item, siblings=3) for item in (1, 2)] == [10, 20]
    assert writer.written == [[1], [2]]
    assert writer.waits == 1


def test_one_transaction_holds_no_more_than_so_many():
    writer = Writer()
    items = range(MAX_AT_ONCE + 20)
    assert writer.gather(items) == [10 * item for item in items]
    assert sorted(map(len, writer.written)) == [20, MAX_AT_ONCE]


def test_a_failure_is_everybody_s_whose_write_it_was_and_nobody_else_s():
    writer = Writer()
    assert all(isinstance(result, StorageFailed) for result in writer.gather([1, -1, 2]))
    assert writer.gather([4]) == [40]


def test_a_turn_that_does_not_come_is_told_to_all_and_nothing_is_written_later():
    class Impatient(Writer):
        @contextmanager
        def write_lock(self) -> Iterator[None]:
            with self.lock:
                if not self.asked:
                    self.asked = True
                    raise StorageFailed("busy")
            yield

        asked = False

    writer = Impatient()
    assert all(isinstance(result, StorageFailed) for result in writer.gather([1, 2, 3]))
    assert writer.together.write(4) == 40
    assert writer.written == [[4]]


def test_while_one_group_is_written_the_next_gathers():
    class Slow(Writer):
        def write(self, items: Sequence[int]) -> list[int]:
            if items == [1]:
                is_writing.set()
                assert may_go_on.wait(LONG_SECONDS)
            return super().write(items)

    is_writing, may_go_on, writer = threading.Event(), threading.Event(), Slow()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(writer.together.write, 1)
        assert is_writing.wait(LONG_SECONDS)
        with ThreadPoolExecutor(2) as others:
            results = [others.submit(writer.together.write, item) for item in (2, 3)]
            while writer.together.gathered() < 2:
                threading.Event().wait(0.001)
            may_go_on.set()
            assert sorted(result.result(LONG_SECONDS) for result in results) == [20, 30]
        assert first.result(LONG_SECONDS) == 10
    assert [sorted(items) for items in writer.written] == [[1], [2, 3]]
