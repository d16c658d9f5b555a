"""Places shared out between lanes: bounded, by turns, and never all to one."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations.concurrency.fair_semaphore import FairSemaphore

PATIENCE_SECONDS = 10


def take_at_once(slots, lane):
    return slots.take(lane, 0)


@pytest.mark.parametrize(("size", "share"), [(1, 1), (2, 1), (3, 2), (4, 2), (8, 6), (12, 10), (24, 20)])
def test_lanes_that_take_what_they_can_leave_room_for_others(size, share):
    slots = FairSemaphore(size)
    assert [take_at_once(slots, "greedy") for _ in range(size)] == [True] * share + [False] * (size - share)
    for number in range(size - share):
        assert [take_at_once(slots, f"greedy too {number}") for _ in range(3)] == [True, False, False]
    assert not take_at_once(slots, "too late")


def test_the_more_lanes_hold_places_the_less_each_gets_back():
    slots = FairSemaphore(8)
    assert [take_at_once(slots, lane) for lane in "aaaaaabc"] == [True] * 8
    # The first two that come free make up for what is kept for lanes that hold none.
    for expected in ("", "", "b", "c"):
        slots.give_back("a")
        assert "".join(lane for lane in f"{expected}abc" if take_at_once(slots, lane)) == expected


def test_a_place_given_back_goes_to_the_lane_that_holds_the_fewest():
    slots = FairSemaphore(8)
    assert [take_at_once(slots, lane) for lane in "aaaaaabc"] == [True] * 8
    came = []

    def wait(lane):
        assert slots.take(lane, PATIENCE_SECONDS)
        came.append(lane)

    with ThreadPoolExecutor(3) as pool:
        for number, lane in enumerate(("a", "b", "d"), 1):
            pool.submit(wait, lane)
            wait_until(lambda number=number: slots.waiting() == number)
        for given_back, expected in (("a", ["d"]), ("aac", ["d", "b"])):
            for lane in given_back:
                slots.give_back(lane)
            wait_until(lambda expected=expected: came == expected)
        slots.give_back("d")
    assert came == ["d", "b", "a"]


def test_who_lost_patience_waits_no_more_and_holds_nothing():
    slots = FairSemaphore(1)
    assert take_at_once(slots, "a")
    assert not slots.take("b", 0.01)
    assert slots.waiting() == 0
    slots.give_back("a")
    assert take_at_once(slots, "c")


def test_places_are_never_lost_nor_made_up_under_a_rush():
    slots, holding, most, lock = FairSemaphore(4), 0, 0, threading.Lock()

    def rush(lane):
        nonlocal holding, most
        for number in range(200):
            # Little patience, so that turns come and patience ends at the same time.
            if not slots.take(lane, 0.00005 * (number % 3)):
                continue
            with lock:
                holding += 1
                most = max(most, holding)
            with lock:
                holding -= 1
            slots.give_back(lane)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(rush, "abcabcabcabc"))
    assert most <= 4
    assert [take_at_once(slots, lane) for lane in "abcde"] == [True] * 4 + [False]


def wait_until(is_so):
    waited = threading.Event()
    for _ in range(PATIENCE_SECONDS * 200):
        if is_so():
            return
        waited.wait(0.005)
    pytest.fail("it never came to that")
