"""Places shared out between lanes: bounded, by turns, and never all to one."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from integrations.fair_slots import FairSlots

PATIENCE_SECONDS = 10


def take_at_once(slots, lane):
    return slots.take(lane, 0)


@pytest.mark.parametrize(("size", "share"), [(1, 1), (2, 1), (3, 2), (8, 7), (24, 21)], ids=str)
def test_one_lane_leaves_room_for_another(size, share):
    slots = FairSlots(size)
    assert [take_at_once(slots, "greedy") for _ in range(size)] == [True] * share + [False] * (size - share)
    assert [take_at_once(slots, "other") for _ in range(size - share)] == [True] * (size - share)
    assert not take_at_once(slots, "third")


def test_a_place_given_back_goes_to_the_lane_that_holds_the_fewest():
    slots = FairSlots(3)
    assert [take_at_once(slots, lane) for lane in ("a", "a", "b")] == [True, True, True]
    came = []

    def wait(lane):
        assert slots.take(lane, PATIENCE_SECONDS)
        came.append(lane)

    with ThreadPoolExecutor(3) as pool:
        for number, lane in enumerate(("b", "a", "c"), 1):
            pool.submit(wait, lane)
            wait_until(lambda number=number: slots.waiting() == number)
        for lane, expected in (("a", ["c"]), ("b", ["c", "b"])):
            slots.give_back(lane)
            wait_until(lambda expected=expected: came == expected)
        slots.give_back("a")
    assert came == ["c", "b", "a"]


def test_who_lost_patience_waits_no_more_and_holds_nothing():
    slots = FairSlots(1)
    assert take_at_once(slots, "a")
    assert not slots.take("b", 0.01)
    assert slots.waiting() == 0
    slots.give_back("a")
    assert take_at_once(slots, "c")


def test_places_are_never_lost_nor_made_up_under_a_rush():
    slots, holding, most, lock = FairSlots(4), 0, 0, threading.Lock()

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
