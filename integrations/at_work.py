"""How many threads of the pools run Python at once: a few, since one at a time can, and the others only wait for it.

A thread that has called SQLite or the network needs the interpreter again to go on. Where dozens want it, that takes
so long each time that whoever writes to the store keeps the next writer waiting for seconds. So a thread begins when
there is room, and gives its place away while it waits for a provider, or for another thread that does.

This is about speed, not about safety: who finds no room within a moment goes on without.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PLACES = 4
PATIENCE_SECONDS = 0.05

# One interpreter, one set of places.
_places = threading.Semaphore(PLACES)
_mine = threading.local()


@contextmanager
def at_work() -> Iterator[None]:
    """Holds a place for the calling thread, in which it runs one task."""
    _come()
    try:
        yield
    finally:
        _go()


@contextmanager
def away() -> Iterator[None]:
    """Gives the calling thread's place to others while it waits for something; nothing where it has none."""
    if not _go():
        yield
        return
    try:
        yield
    finally:
        _come()


def _come() -> None:
    _mine.has_place = _places.acquire(timeout=PATIENCE_SECONDS)


def _go() -> bool:
    had_place: bool = getattr(_mine, "has_place", False)
    if had_place:
        _mine.has_place = False
        _places.release()
    return had_place
