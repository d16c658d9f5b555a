"""Writes gathered while somebody writes: each is done once, and each thread learns what became of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from errors import StorageFailed
from plugin_store.together import MAX_AT_ONCE, Together


class Writer:
    """Notes what it is given together, and waits for leave to go on."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.written: list[list[int]] = []
        self.wanting = 0
        self.all_want = threading.Event()

    @contextmanager
    def turn(self) -> Iterator[None]:
        self.wanting += 1
        with self.lock:
            yield

    def write(self, items: Sequence[int]) -> list[int]:
        self.written.append(list(items))
        if -1 in items:
            raise StorageFailed("full")
        return [10 * item for item in items]


def test_alone_a_thread_writes_its_own():
    writer = Writer()
    together: Together[int, int] = Together(writer.turn, writer.write)
    assert [together.write(1), together.write(2)] == [10, 20]
    assert writer.written == [[1], [2]]


def gather(writer: Writer, items: Sequence[int]) -> list[int | BaseException]:
    """What comes of items that all wait for the turn at once."""
    together: Together[int, int] = Together(writer.turn, writer.write)

    def write(item: int) -> int | BaseException:
        try:
            return together.write(item)
        except StorageFailed as error:
            return error

    with ThreadPoolExecutor(len(items)) as pool:
        with writer.lock:
            results = [pool.submit(write, item) for item in items]
            while writer.wanting < len(items):
                threading.Event().wait(0.001)
        return [result.result(20) for result in results]


def test_who_waits_has_it_done_by_who_had_the_turn():
    writer = Writer()
    assert gather(writer, range(20)) == [10 * item for item in range(20)]
    assert [sorted(items) for items in writer.written] == [list(range(20))]


def test_one_transaction_holds_no_more_than_so_many():
    writer = Writer()
    items = range(MAX_AT_ONCE + 20)
    assert gather(writer, items) == [10 * item for item in items]
    assert sorted(map(len, writer.written)) == [20, MAX_AT_ONCE]


def test_a_failure_is_everybody_s_whose_write_it_was_and_nobody_else_s():
    writer = Writer()
    assert all(isinstance(result, StorageFailed) for result in gather(writer, [1, -1, 2]))
    assert gather(writer, [4]) == [40]


def test_a_turn_that_does_not_come_is_told_and_nothing_is_written_later():
    class Impatient(Writer):
        @contextmanager
        def turn(self) -> Iterator[None]:
            if not self.wanting:
                self.wanting += 1
                raise StorageFailed("busy")
            yield

    writer = Impatient()
    together: Together[int, int] = Together(writer.turn, writer.write)
    with pytest.raises(StorageFailed):
        together.write(1)
    assert together.write(2) == 20
    assert writer.written == [[2]]
