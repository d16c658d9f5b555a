"""Threads shared out between lanes: by turns, and never all to one."""

import threading

import pytest

from integrations.concurrency.fair_thread_pool import FairThreadPool

PATIENCE_SECONDS = 10


@pytest.fixture
def gate():
    """Tasks that wait until they are let go; `begun` hears of each by name."""

    class Gate:
        def __init__(self):
            self.begun = []
            self.opened = threading.Event()
            self.heard = threading.Condition()

        def task(self, name):
            def work():
                with self.heard:
                    self.begun.append(name)
                    self.heard.notify_all()
                assert self.opened.wait(PATIENCE_SECONDS)
                return name

            return work

        def wait_for(self, count):
            with self.heard:
                assert self.heard.wait_for(lambda: len(self.begun) >= count, PATIENCE_SECONDS), self.begun

    made = Gate()
    yield made
    made.opened.set()


@pytest.fixture
def make_pool(gate):
    pools = []

    def make(size):
        pools.append(FairThreadPool(size, "test"))
        return pools[-1]

    yield make
    gate.opened.set()
    for pool in pools:
        pool.close()


def test_lanes_take_turns(make_pool, gate):
    pool = make_pool(1)
    names = ["a1", "a2", "a3", "b1", "b2", "c1"]
    futures = [pool.submit(name[0], gate.task(name)) for name in names]
    gate.opened.set()
    assert [future.result(PATIENCE_SECONDS) for future in futures] == names
    assert gate.begun == ["a1", "a2", "b1", "c1", "a3", "b2"]


def test_no_more_than_its_size_run_at_once(make_pool, gate):
    pool = make_pool(3)
    for lane in "abcdef":
        pool.submit(lane, gate.task(lane))
    gate.wait_for(3)
    assert (sorted(gate.begun), pool.waiting()) == (["a", "b", "c"], 3)


@pytest.mark.parametrize(("size", "share"), [(2, 1), (3, 2), (4, 2), (8, 6), (12, 10), (32, 27)])
def test_lanes_that_hang_leave_room_for_others(make_pool, gate, size, share):
    pool = make_pool(size)
    for number in range(2 * size):
        pool.submit("slow", gate.task(f"slow{number}"))
    gate.wait_for(share)
    for number in range(1, size - share + 1):
        for _ in range(2):
            pool.submit(f"other{number}", gate.task(f"other{number}"))
        gate.wait_for(share + number)
        assert (len(gate.begun), gate.begun[-1]) == (share + number, f"other{number}")


def test_the_lane_that_runs_least_comes_next(make_pool, gate):
    pool = make_pool(6)
    first = threading.Event()
    for number in range(8):
        pool.submit("many", gate.task(f"many{number}"))
    quick = pool.submit("few", lambda: first.wait(PATIENCE_SECONDS))
    few = pool.submit("few", gate.task("few"))
    gate.wait_for(4)
    assert not few.running()
    first.set()
    assert quick.result(PATIENCE_SECONDS)
    gate.wait_for(5)
    assert gate.begun[-1] == "few"


def test_what_is_cancelled_before_its_turn_never_begins(make_pool, gate):
    pool = make_pool(1)
    running = pool.submit("a", gate.task("first"))
    gate.wait_for(1)
    dropped, kept = pool.submit("a", gate.task("dropped")), pool.submit("a", gate.task("kept"))
    assert dropped.cancel()
    assert pool.waiting() == 1
    gate.opened.set()
    assert (running.result(PATIENCE_SECONDS), kept.result(PATIENCE_SECONDS)) == ("first", "kept")
    assert gate.begun == ["first", "kept"]


def test_a_failure_is_the_future_s_and_frees_its_place(make_pool):
    pool = make_pool(1)

    def fail():
        raise ValueError("no")

    assert isinstance(pool.submit("a", fail).exception(PATIENCE_SECONDS), ValueError)
    assert pool.submit("a", lambda: 5).result(PATIENCE_SECONDS) == 5


def test_a_closed_pool_begins_nothing(make_pool, gate):
    pool = make_pool(1)
    running, waiting = pool.submit("a", gate.task("first")), pool.submit("a", gate.task("second"))
    gate.wait_for(1)
    waiting.add_done_callback(lambda _future: gate.opened.set())
    pool.close()
    assert (running.result(0), waiting.cancelled(), gate.begun) == ("first", True, ["first"])
    assert pool.submit("a", gate.task("third")).cancelled()
