"""How many of the server's threads are at work: two, as long as none of them is held up by a client.

One thread runs Python at a time, so more of them at work only wait for each other, and keep waiting whoever else
needs the interpreter. But a client may send its head and never its body, and hold a thread for ever. So the others
stand by, and one of them comes to work for each that is held up.
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
    """What a thread holds as long as it lives."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave = leave

    def __del__(self) -> None:
        self._leave()


class AcceptorThreads:
    """The threads of one server, which know of themselves: `enter` at first, `read`, and `leave` after each request."""

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
        """Counts the calling thread, the first time that it comes; it stays on one core from then on."""
        if hasattr(self._local, "place"):
            return
        self._local.place = _Place(self._leave)
        stay_on_one_core()
        with self._lock:
            self._at_work += 1

    def read(self, read: Callable[[], bytes]) -> bytes:
        """What `read` returns, which may take as long as a client likes."""
        place = self._local.place
        self._reading[place] = time.monotonic()
        try:
            return read()
        finally:
            del self._reading[place]

    def leave(self) -> None:
        """Returns at once where threads are few; else when the calling one is needed again."""
        if self._at_work <= self._wanted:
            return
        with self._lock:
            if self._at_work <= self._wanted:
                return
            self._at_work -= 1
            self._standing_by += 1
        self._turns.acquire()

    def close(self) -> None:
        """Lets those who stand by go, and nobody stand by any more."""
        with self._lock:
            self._wanted = sys.maxsize
            if self._standing_by:
                self._turns.release(self._standing_by)
        self._closing.set()
        self._watch.join()

    def _leave(self) -> None:
        """A thread has ended, as the server lets idle ones end."""
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
    """Ties the calling thread to one of the process's cores, where the system can do that.

    Handing the interpreter from core to core costs more than what these threads do with it.
    """
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(os.getpid()))
        os.sched_setaffinity(threading.get_native_id(), {cores[os.getpid() % len(cores)]})
