"""One deadline for a whole call, however many waits it consists of."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import math
import socket
import threading
import time
from collections.abc import Callable
from typing import Self

from errors import DeadlineExceeded

_COMPACT_FROM = 256


class CallDeadline:
    """The deadline of one call, used as a context manager. When the time is over, the held socket is shut down,
    so that no read outlives the call."""

    __slots__ = ("_lock", "_monotonic", "_over", "_socket", "ends_at", "expired", "seconds")

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self.seconds = seconds
        self.ends_at = monotonic() + seconds
        self.expired = False
        self._monotonic = monotonic
        self._over = False
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.finish()

    def remaining_seconds(self) -> float:
        """The seconds left, more than 0; raises DeadlineExceeded when the time is over."""
        remaining = self.ends_at - self._monotonic()
        if self.expired or remaining <= 0:
            raise self.failure()
        return remaining

    def has_ended(self) -> bool:
        """Whether the time is over. Tells a socket that we shut down from one that the peer closed."""
        return self.expired or self._monotonic() >= self.ends_at

    def failure(self) -> DeadlineExceeded:
        if self.seconds <= 0:
            return DeadlineExceeded("No time was left to call the provider.")
        return DeadlineExceeded(f"The provider did not answer within {self.seconds:.3g} seconds.")

    def hold(self, sock: socket.socket) -> None:
        """Hold `sock`: it is shut down when the time is over. The socket held before is released."""
        with self._lock:
            self._socket = sock
        self.remaining_seconds()

    def let_go(self) -> bool:
        """Release the socket. Returns False if it was shut down already."""
        with self._lock:
            self._socket = None
            return not self.expired

    def finish(self) -> None:
        """End the deadline: nothing is shut down from now on."""
        with self._lock:
            self._socket = None
            self._over = True

    def is_over(self) -> bool:
        return self._over

    def expire(self) -> None:
        """End the call: shut its socket down in both directions. Its owner closes it."""
        with self._lock:
            if self._over:
                return
            self.expired = True
            if self._socket is not None:
                # The plain socket's method: SSLSocket.shutdown would drop the TLS state under a running read.
                with contextlib.suppress(OSError):
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class Watchdog:
    """Watches the deadlines of all calls in one thread, which sleeps until the earliest one."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, CallDeadline]] = []
        self._numbers = itertools.count()
        self._wakes_at = math.inf
        self._compact_at = _COMPACT_FROM
        self._thread: threading.Thread | None = None
        self._closed = False

    def watch(self, seconds: float) -> CallDeadline:
        """A deadline in `seconds`; it is cancelled when its with block ends."""
        watch = CallDeadline(seconds, self._monotonic)
        self._add(watch)
        return watch

    def close(self) -> None:
        """Stop the thread; calls that still run lose their watchdog, not their socket timeouts."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _add(self, watch: CallDeadline) -> None:
        with self._changed:
            heapq.heappush(self._heap, (watch.ends_at, next(self._numbers), watch))
            self._drop_finished()
            # A forked child inherits the object, not the thread.
            if not self._closed and (self._thread is None or not self._thread.is_alive()):
                self._wakes_at = math.inf
                self._thread = threading.Thread(target=self._run, name="egress-deadlines", daemon=True)
                self._thread.start()
            # Most deadlines are later than the one that the thread sleeps for, and need not wake it.
            if watch.ends_at < self._wakes_at:
                self._changed.notify()

    def _drop_finished(self) -> None:
        if len(self._heap) >= self._compact_at:
            self._heap = [entry for entry in self._heap if not entry[2].is_over()]
            heapq.heapify(self._heap)
            self._compact_at = max(_COMPACT_FROM, 2 * len(self._heap))

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._closed:
                    return
                ended = self._take_ended()
                if not ended:
                    self._wakes_at = self._heap[0][0] if self._heap else math.inf
                    pause_seconds = self._wakes_at - self._monotonic()
                    self._changed.wait(min(max(pause_seconds, 0), threading.TIMEOUT_MAX))
            for watch in ended:
                watch.expire()

    def _take_ended(self) -> list[CallDeadline]:
        now = self._monotonic()
        ended = []
        while self._heap and (self._heap[0][2].is_over() or self._heap[0][0] <= now):
            watch = heapq.heappop(self._heap)[2]
            if not watch.is_over():
                ended.append(watch)
        return ended
