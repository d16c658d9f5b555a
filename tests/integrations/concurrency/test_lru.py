"""The LRU cache: bounded, the least recently used value goes first, and many threads may use it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from integrations.concurrency.lru import Lru

THREADS = 6


@dataclass(frozen=True)
class Thing:
    size_bytes: int


def make_front(largest: int | None = 25) -> Lru[str, Thing]:
    return Lru(100, lambda thing: thing.size_bytes, largest)


def test_what_was_used_longest_ago_makes_room():
    front = make_front()
    for name in "abcd":
        front.put(name, Thing(25))
    front.get("a")
    front.put("e", Thing(25))
    assert [name for name in "abcde" if front.get(name)] == ["a", "c", "d", "e"]
    assert front.size == 100


def test_a_thing_in_the_place_of_another_is_counted_once():
    front = make_front()
    front.put("a", Thing(20))
    front.put("a", Thing(10))
    assert front.size == 10
    front.drop("a")
    front.drop("a")
    assert (front.size, front.get("a")) == (0, None)


def test_one_thing_never_takes_all_the_room():
    front = make_front()
    front.put("small", Thing(20))
    front.put("large", Thing(26))
    assert (front.get("large"), front.get("small")) == (None, Thing(20))


def test_what_became_too_large_is_not_answered_by_what_it_was():
    front = make_front()
    front.put("a", Thing(20))
    front.put("a", Thing(90))
    assert (front.get("a"), front.size) == (None, 0)


@pytest.mark.parametrize("size", [100, 101, 10_000])
def test_without_a_limit_for_one_value_the_limit_for_all_holds(size: int):
    front = make_front(largest=None)
    front.put("a", Thing(size))
    assert (front.get("a") is not None, front.size) == (size <= 100, size if size <= 100 else 0)


def test_without_sizes_each_value_counts_one():
    kept: Lru[int, str] = Lru(2)
    for number in range(3):
        kept.put(number, str(number))
    assert [kept.get(number) for number in range(3)] == [None, "1", "2"]


def test_a_key_is_added_once_until_it_is_dropped():
    kept: Lru[str, bool] = Lru(10)
    assert kept.add("a", True)
    assert not kept.add("a", True)
    kept.drop("a")
    assert kept.add("a", True)


def test_of_many_threads_one_adds_a_key():
    kept: Lru[int, int] = Lru(1000)
    with ThreadPoolExecutor(THREADS) as pool:
        for key in range(100):
            assert sum(pool.map(lambda name, key=key: kept.add(key, name), range(THREADS))) == 1


def test_threads_that_read_write_and_drop_leave_the_count_right():
    kept: Lru[int, Thing] = Lru(50, lambda thing: thing.size_bytes, 10)
    together = threading.Barrier(THREADS)

    def work(seed: int) -> None:
        together.wait()
        for step in range(3000):
            key = (step * (seed + 3)) % 40
            kept.put(key, Thing(1 + (step + seed) % 12))
            kept.get((key + 7) % 40)
            if step % 5 == 0:
                kept.drop(key)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    left = [thing for key in range(40) if (thing := kept.get(key))]
    assert kept.size == sum(thing.size_bytes for thing in left) <= 50
