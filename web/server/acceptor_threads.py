"""Limits how many server threads are active: two, as long as no client holds one up.

Only one thread runs Python at a time, so more active threads would only wait for each other and delay other threads.
But a client may send its headers and never its body, and block a thread for ever. So the other threads stand by, and
one of them becomes active for each thread that is blocked.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable

AT_WORK = 2
HELD_UP_SECONDS = 0.05


class _Place:
    """What a thread holds until it ends."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave

    def __del__(self) -> None:
        self._leave()


class AcceptorThreads:
    """The threads of one server. Each one calls `enter` first, `read` for a body, and `leave` after each request."""

    def __init__(self, held_slot: int = AT_WORK) -> None:
        self._wanted = held_slot
        self._at_work = 0
        self._standing_by = 0
        self._reading: dict[_Place, float] = {}
        self._turns = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._local = threading.local()
        self._watch = threading.Thread(target=self._relieve, name="front watch", daemon=True)
        self._watch.start()

    def enter(self) -> None:
        """Registers the calling thread on its first call, and pins it to one core."""
        if hasattr(self._local, "place"):
            return
        self._local.place = _Place(self._leave)
        stay_on_one_core()
        with self._lock:
            self._at_work += 1

    def read(self, read: Callable[[], bytes]) -> bytes:
        """Calls `read`, which may take as long as a client likes, and returns its result."""
        place = self._local.place
        self._reading[place] = time.monotonic()
        try:
            return read()
        finally:
            del self._reading[place]

    def leave(self) -> None:
        """Returns at once if few threads are active, else when the calling thread is needed again."""
        if self._at_work <= self._wanted:
            return
        with self._lock:
            if self._at_work <= self._wanted:
                return
            self._at_work -= 1
            self._standing_by += 1
        self._turns.acquire()

    def close(self) -> None:
        """Releases the threads that stand by. No thread stands by any more."""
        with self._lock:
            self._wanted = sys.maxsize
            if self._standing_by:
                self._turns.release(self._standing_by)
        self._closing.set()
        self._watch.join()

    def _leave(self) -> None:
        """A thread has ended, because the server ends idle ones."""
        with self._lock:
            self._at_work -= 1

    def _relieve(self) -> None:
        while not self._closing.wait(HELD_UP_SECONDS):
            long_ago = time.monotonic() - HELD_UP_SECONDS
            held_up = sum(since < long_ago for since in list(self._reading.values()))
            with self._lock:
                needed = self._wanted + held_up - self._at_work
                called = min(needed, self._standing_by)
                if called > 0 and not self._closing.is_set():
                    self._at_work += called
                    self._standing_by -= called
                    self._turns.release(called)


def stay_on_one_core() -> None:
    """Pins the calling thread to one of the process's cores, where the system supports that.

    Passing the interpreter lock from core to core costs more than the work of these threads.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(os.getpid()))
        os.sched_setaffinity(threading.get_native_id(), {cores[os.getpid() % len(cores)]})
