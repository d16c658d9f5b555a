"""A fair queue of lanes that share a few places. The lane with the fewest places is next; equal lanes take turns."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


def spare_places(size: int) -> int:
    """How many of `size` places are reserved for lanes that hold none: a sixth, but at least two from four on."""
    return min(size // 2, max(2, size // 6))


class FairQueue(Generic[Item]):
    """At most `size` places, some of them reserved for lanes that hold none. The caller holds a lock during each call.

    So a lane that hangs leaves room for others. If others hang too, each takes at most one of the remaining places, and
    the more lanes hang, the smaller each lane's share of the places that become free.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._spare = spare_places(size)
        self._waiting: OrderedDict[str, deque[Item]] = OrderedDict()
        self._held: Counter[str] = Counter()
        self._held_in_all = 0

    def add(self, lane: str, item: Item) -> None:
        """Adds an item that waits for a place."""
        self._waiting.setdefault(lane, deque()).append(item)

    def enter(self, lane: str) -> bool:
        """Takes a place for the lane at once and returns True, if nothing waits and a place is free."""
        free = self._size - self._held_in_all
        if self._waiting or free <= 0 or (free <= self._spare and self._held[lane]):
            return False
        self._hold(lane)
        return True

    def take(self) -> tuple[str, Item] | None:
        """Takes a place for the next item and returns it with its lane; None while nothing fits."""
        free = self._size - self._held_in_all
        if free <= 0 or not self._waiting:
            return None
        open_lanes = (lane for lane in self._waiting if free > self._spare or not self._held[lane])
        lane = min(open_lanes, key=lambda lane: self._held[lane], default=None)
        if lane is None:
            return None
        item = self._waiting[lane].popleft()
        self._waiting.move_to_end(lane)
        self._forget_if_empty(lane)
        self._hold(lane)
        return lane, item

    def give_back(self, lane: str) -> None:
        """Releases one place of the lane."""
        self._held_in_all -= 1
        self._held[lane] -= 1
        if not self._held[lane]:
            del self._held[lane]

    def withdraw(self, lane: str, item: Item) -> bool:
        """Removes a waiting item; returns whether it was still waiting."""
        if item not in self._waiting.get(lane, ()):
            return False
        self._waiting[lane].remove(item)
        self._forget_if_empty(lane)
        return True

    def waiting(self) -> list[Item]:
        """The items that wait for a place."""
        return [item for items in self._waiting.values() for item in items]

    def withdraw_all(self) -> list[Item]:
        """Removes and returns all waiting items."""
        left = self.waiting()
        self._waiting.clear()
        return left

    def _hold(self, lane: str) -> None:
        self._held[lane] += 1
        self._held_in_all += 1

    def _forget_if_empty(self, lane: str) -> None:
        if not self._waiting[lane]:
            del self._waiting[lane]
