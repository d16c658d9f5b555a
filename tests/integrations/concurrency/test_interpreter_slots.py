"""Interpreter slots: a few threads at once, released while waiting, and never a reason to block."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import pytest

from integrations.concurrency import interpreter_slots as held_slot
from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.concurrency.single_flight import SingleFlight

PLACES = 2


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> SimpleQueue[None]:
    """A few places, for which a thread waits as long as a test may take."""
    made: SimpleQueue[None] = SimpleQueue()
    for _ in range(PLACES):
        made.put(None)
    monkeypatch.setattr(held_slot, "_places", made)
    monkeypatch.setattr(held_slot, "PATIENCE_SECONDS", 60)
    return made


@pytest.fixture
def pool() -> Iterator[FairThreadPool]:
    made = FairThreadPool(8, "test")
    yield made
    made.close()


class Room:
    """Counts who is inside, and keeps them there."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.inside = self.most = 0
        self.leave = threading.Event()

    def visit(self) -> None:
        with self._changed:
            self.inside += 1
            self.most = max(self.most, self.inside)
            self._changed.notify_all()
        assert self.leave.wait(20)
        with self._changed:
            self.inside -= 1

    def wait_for(self, inside: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.inside == inside, 20)


def test_a_few_tasks_run_at_once_and_all_are_done(pool: FairThreadPool):
    room = Room()
    visits = [pool.submit(f"lane {number}", room.visit) for number in range(6)]
    room.wait_for(PLACES)
    room.leave.set()
    for visit in visits:
        visit.result(20)
    assert room.most == PLACES


def test_who_waits_gives_its_place_away(pool: FairThreadPool, places: SimpleQueue[None]):
    waiting, room = Room(), Room()

    def wait_away() -> None:
        with held_slot.released_slot():
            waiting.visit()

    waits = [pool.submit(f"wait {number}", wait_away) for number in range(4)]
    waiting.wait_for(4)
    visits = [pool.submit(f"work {number}", room.visit) for number in range(3)]
    room.wait_for(PLACES)
    room.leave.set()
    waiting.leave.set()
    for done in (*waits, *visits):
        done.result(20)
    assert places.qsize() == PLACES


def test_a_failure_leaves_no_place_taken(pool: FairThreadPool, places: SimpleQueue[None]):
    def fail() -> None:
        with held_slot.released_slot():
            raise ValueError

    for number in range(2 * PLACES):
        with pytest.raises(ValueError):
            pool.submit(f"lane {number}", fail).result(20)
    assert places.qsize() == PLACES


def test_all_who_wait_for_one_fetch_leave_room_for_it_and_for_others(pool: FairThreadPool):
    flights: SingleFlight[str] = SingleFlight()
    begun, fetched = threading.Event(), threading.Event()

    def fetch() -> str:
        begun.set()
        with held_slot.released_slot():
            assert fetched.wait(20)
        return "fetched"

    asked = [pool.submit(f"lane {number}", lambda: flights.run("key", fetch)) for number in range(6)]
    assert begun.wait(20)
    assert pool.submit("other", lambda: "done").result(20) == "done"
    fetched.set()
    assert {done.result(20) for done in asked} == {"fetched"}


def test_who_finds_no_room_in_time_goes_on_without(monkeypatch: pytest.MonkeyPatch, pool: FairThreadPool):
    monkeypatch.setattr(held_slot, "PATIENCE_SECONDS", 0.001)
    room = Room()
    visits = [pool.submit(f"lane {number}", room.visit) for number in range(PLACES + 3)]
    room.wait_for(PLACES + 3)
    room.leave.set()
    for visit in visits:
        visit.result(20)


def test_a_thread_of_no_pool_has_no_place_to_give_away(places: SimpleQueue[None]):
    def count_away() -> int:
        with held_slot.released_slot():
            return places.qsize()

    with ThreadPoolExecutor(1) as plain:
        assert plain.submit(count_away).result(20) == PLACES
    assert places.qsize() == PLACES
