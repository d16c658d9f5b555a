"""Limits how many pool threads run Python at once. Only one thread can at a time; the others would wait for it.

A thread needs the interpreter again after each call to SQLite or the network. If dozens of threads compete for it, this
takes so long that a thread which writes to the store blocks the next writer for seconds. So a thread starts a task when
a slot is free, and releases its slot while it waits for a provider or for another thread that does.

This is about speed, not safety: a thread that gets no slot within a moment continues without one.
"""

from __future__ import annotations

import threading
from queue import Empty, SimpleQueue

PLACES = 4
PATIENCE_SECONDS = 0.05

# One interpreter has one set of slots. Each taken slot is an item of the queue.
_places: SimpleQueue[None] = SimpleQueue()
for _ in range(PLACES):
    _places.put(None)
_mine = threading.local()


class held_slot:  # noqa: N801 - a context manager, as those of contextlib are named
    """Holds a slot for the calling thread while it runs one task."""

    __slots__ = ()

    def __enter__(self) -> None:
        _come()

    def __exit__(self, *_exc: object) -> None:
        _go()


class released_slot:  # noqa: N801 - as above
    """Releases the calling thread's slot while it waits for something. Does nothing if it has none."""

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
