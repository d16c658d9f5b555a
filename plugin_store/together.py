"""Writes of several threads in one transaction: who waits for the turn finds its work done by who had it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

Item = TypeVar("Item")
Result = TypeVar("Result")

# What one transaction may hold up others for.
MAX_AT_ONCE = 64


@dataclass(slots=True, eq=False)
class _Wish(Generic[Item, Result]):
    """One thread's item, and what became of it."""

    item: Item
    is_done: bool = False
    result: Result | None = None
    error: BaseException | None = None


class Together(Generic[Item, Result]):
    """Gathers items while somebody writes; the next writer writes them all.

    `turn` is the writer's turn, `write` writes items in it and returns what came of each. Alone, a thread writes
    its own item and pays nothing for the company that it might have had.
    """

    def __init__(
        self,
        turn: Callable[[], AbstractContextManager[None]],
        write: Callable[[Sequence[Item]], Sequence[Result]],
    ) -> None:
        self._turn = turn
        self._write = write
        self._wishes: deque[_Wish[Item, Result]] = deque()

    def write(self, item: Item) -> Result:
        """What came of the item, which is committed by then. Raises what `turn` and `write` raise."""
        mine: _Wish[Item, Result] = _Wish(item)
        self._wishes.append(mine)
        try:
            with self._turn():
                while not mine.is_done:
                    self._fulfil(mine)
        finally:
            if not mine.is_done and mine in self._wishes:
                self._wishes.remove(mine)
        if mine.error is not None:
            raise mine.error
        return cast(Result, mine.result)

    def _fulfil(self, mine: _Wish[Item, Result]) -> None:
        wishes = [self._wishes.popleft() for _ in range(min(len(self._wishes), MAX_AT_ONCE))]
        assert wishes, mine  # noqa: S101 - what is not done waits here
        try:
            results = self._write([wish.item for wish in wishes])
            for wish, result in zip(wishes, results, strict=True):
                wish.result = result
        except Exception as error:
            for wish in wishes:
                wish.error = error
        finally:
            for wish in wishes:
                wish.is_done = True
