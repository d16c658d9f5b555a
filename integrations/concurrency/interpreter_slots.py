"""How many threads of the pools run Python at once: a few, since one at a time can, and the others only wait for it.

A thread that has called SQLite or the network needs the interpreter again to go on. Where dozens want it, that takes
so long each time that whoever writes to the store keeps the next writer waiting for seconds. So a thread begins when
there is room, and gives its place away while it waits for a provider, or for another thread that does.

This is about speed, not about safety: who finds no room within a moment goes on without.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue

PLACES = 4
PATIENCE_SECONDS = 0.05

# One interpreter, one set of places: each is an item that whoever works has taken.
_places: SimpleQueue[None] = SimpleQueue()
for _ in range(PLACES):
    _places.put(None)
_mine = threading.local()


class held_slot:  # noqa: N801 - a context manager, as those of contextlib are named
    """Holds a place for the calling thread, in which it runs one task."""

    __slots__ = ()

    def __enter__(self) -> None:
        _come()

    def __exit__(self, *_exc: object) -> None:
        _go()


class released_slot:  # noqa: N801 - as above
    """Gives the calling thread's place to others while it waits for something; nothing where it has none."""

    __slots__ = ("_had_place",)

    def __enter__(self) -> None:
        self._had_place = _go()

    def __exit__(self, *_exc: object) -> None:
        if self._had_place:
            _come()


def _come() -> None:
    try:
        _places.get(timeout=PATIENCE_SECONDS)
        _mine.has_place = True
    except Empty:
        _mine.has_place = False


def _go() -> bool:
    had_place: bool = getattr(_mine, "has_place", False)
    if had_place:
        _mine.has_place = False
        _places.put(None)
    return had_place
