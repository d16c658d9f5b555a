"""A connection pool: no two threads share a connection, and no more are made than needed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from plugin_store.engine.connection_pool import ConnectionPool


class Workshop:
    """Makes numbers, and knows how many."""

    def __init__(self) -> None:
        self.made = 0
        self.is_broken = False

    def make(self) -> int:
        if self.is_broken:
            raise OSError("broken")
        self.made += 1
        return self.made


def test_one_after_the_other_all_have_the_same():
    workshop = Workshop()
    leases = ConnectionPool(workshop.make, 3)
    for _ in range(5):
        thing = leases.take()
        leases.give_back(thing)
        assert thing == 1


def test_what_was_given_back_last_is_taken_first():
    leases = ConnectionPool(Workshop().make, 3)
    one, two = leases.take(), leases.take()
    leases.give_back(one)
    leases.give_back(two)
    assert leases.take() == two


def test_who_comes_while_all_are_in_use_waits_for_one():
    leases = ConnectionPool(Workshop().make, 2)
    one, _two = leases.take(), leases.take()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(leases.take)
        leases.give_back(one)
        assert waiting.result(20) == one


def test_nobody_has_what_another_has():
    leases, in_use, lock = ConnectionPool(Workshop().make, 3), set[int](), threading.Lock()

    def use(_number: int) -> bool:
        thing = leases.take()
        with lock:
            is_alone = thing not in in_use
            in_use.add(thing)
        with lock:
            in_use.discard(thing)
        leases.give_back(thing)
        return is_alone

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(500)))


def test_one_that_cannot_be_made_is_tried_again():
    workshop = Workshop()
    leases = ConnectionPool(workshop.make, 1)
    workshop.is_broken = True
    for _ in range(2):
        with pytest.raises(OSError, match="broken"):
            leases.take()
    workshop.is_broken = False
    assert leases.take() == 1


def test_idle_ones_are_let_go_and_made_anew_when_they_are_needed():
    workshop, gone = Workshop(), list[int]()
    leases = ConnectionPool(workshop.make, 2)
    held, idle = leases.take(), leases.take()
    leases.give_back(idle)
    leases.discard(gone.append)
    assert gone == [idle]
    leases.give_back(held)
    assert [leases.take(), leases.take()] == [held, 3]
