"""Simultaneous callers of the same key share one fetch, and its failure."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import pytest

from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.concurrency.single_flight import SingleFlight


@pytest.fixture
def flights():
    return SingleFlight()


def wait_until(happened):
    while not happened():
        threading.Event().wait(0.001)


def ask_together(flights, count, fetch):
    """What `count` callers get who all ask before the first one's fetch goes on."""
    release = threading.Event()
    calls = []

    def held():
        calls.append(1)
        release.wait(10)
        return fetch()

    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(flights.run, "key", held) for _ in range(count)]
        wait_until(lambda: flights.waiting("key") == count - 1)
        release.set()
        outcomes = [future.exception() or future.result() for future in asked]
    return outcomes, len(calls)


def fail():
    raise ValueError("no")


def test_a_hundred_callers_share_one_fetch(flights):
    assert ask_together(flights, 100, lambda: 7) == ([7] * 100, 1)


def test_a_failure_is_shared_and_not_remembered(flights):
    outcomes, calls = ask_together(flights, 10, fail)
    assert [str(outcome) for outcome in outcomes] == ["no"] * 10
    assert calls == 1
    assert flights.run("key", lambda: 1) == 1


def test_an_error_that_is_only_the_first_one_s_is_nobody_else_s(flights):
    release, begun, asked = threading.Event(), threading.Event(), []

    def refused():
        begun.set()
        release.wait(10)
        return fail()

    def fetch():
        asked.append(1)
        threading.Event().wait(0.01)
        return 7

    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(flights.run, "key", refused)
        begun.wait(10)
        others = [
            pool.submit(flights.run, "key", fetch, lambda error: isinstance(error, ValueError))
            for _ in range(4)
        ]
        content = pool.submit(flights.run, "key", fetch)
        wait_until(lambda: flights.waiting("key") == 5)
        release.set()
        assert isinstance(first.exception(), ValueError)
        assert isinstance(content.exception(), ValueError)
        assert [other.result() for other in others] == [7] * 4
    assert 1 <= len(asked) <= 4


def test_other_keys_do_not_wait(flights):
    assert flights.run("one", lambda: flights.run("two", lambda: 2)) == 2


def test_what_begins_behind_is_joined(flights):
    release, begun = threading.Event(), threading.Event()

    def held():
        begun.set()
        release.wait(10)
        return 5

    with ThreadPoolExecutor(2) as pool:
        flights.start("key", held, pool.submit)
        begun.wait(10)
        asked = pool.submit(flights.run, "key", fail)
        wait_until(lambda: flights.waiting("key") == 1)
        release.set()
        assert asked.result() == 5


def test_a_pool_that_is_closed_leaves_nobody_waiting(flights):
    pool = FairThreadPool(1, "test")
    pool.close()
    flights.start("key", fail, partial(pool.submit, "lane"))
    assert flights.run("key", lambda: 1) == 1


def test_what_a_pool_drops_before_its_turn_is_fetched_by_who_waits(flights):
    submitted = Future()
    flights.start("key", fail, lambda _work: submitted)
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(flights.run, "key", lambda: 1)
        wait_until(lambda: flights.waiting("key") == 1)
        submitted.cancel()
        assert asked.result(10) == 1
