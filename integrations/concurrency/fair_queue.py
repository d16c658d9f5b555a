"""Who comes next where lanes share a few places: the lane that holds the fewest, by turns among equals."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


def spare_places(size: int) -> int:
    """How many of so many places are kept for lanes that hold none: a sixth, at least two where there are four."""
    return min(size // 2, max(2, size // 6))


class FairQueue(Generic[Item]):
    """At most `size` places, a few of them only for lanes that hold none. Whoever uses it holds a lock meanwhile.

    So one lane that hangs leaves room for others, and others that hang too take no more than one place each of what is
    left; and the more of them there are, the less each gets back of what comes free.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._spare = spare_places(size)
        self._waiting: OrderedDict[str, deque[Item]] = OrderedDict()
        self._held: Counter[str] = Counter()
        self._held_in_all = 0

    def add(self, lane: str, item: Item) -> None:
        """Lets the item wait for a place."""
        self._waiting.setdefault(lane, deque()).append(item)

    def enter(self, lane: str) -> bool:
        """Whether the lane holds one more place at once: nobody waits, and there is one for it."""
        free = self._size - self._held_in_all
        if self._waiting or free <= 0 or (free <= self._spare and self._held[lane]):
            return False
        self._hold(lane)
        return True

    def take(self) -> tuple[str, Item] | None:
        """The next item and its lane, which holds a place from now on; None while nothing fits."""
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
        """The lane holds one place less."""
        self._held_in_all -= 1
        self._held[lane] -= 1
        if not self._held[lane]:
            del self._held[lane]

    def withdraw(self, lane: str, item: Item) -> bool:
        """Whether the item was still waiting, and waits no more."""
        if item not in self._waiting.get(lane, ()):
            return False
        self._waiting[lane].remove(item)
        self._forget_if_empty(lane)
        return True

    def waiting(self) -> list[Item]:
        """What waits for a place."""
        return [item for items in self._waiting.values() for item in items]

    def withdraw_all(self) -> list[Item]:
        """What waited for a place until now."""
        left = self.waiting()
        self._waiting.clear()
        return left

    def _hold(self, lane: str) -> None:
        self._held[lane] += 1
        self._held_in_all += 1

    def _forget_if_empty(self, lane: str) -> None:
        if not self._waiting[lane]:
            del self._waiting[lane]
