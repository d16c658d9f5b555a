"""granian's HTTP engine, run in this process by its worker class, which is not public.

granian's own entry points fork a worker that ends without cleaning up, and bind so that a second server may share the
port unnoticed. Its worker is used here as granian's embedded server does it. Everything that an update of granian may
break is in this file.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

BACKLOG = 1024
IO_THREADS = 1
NO_TLS = (False, None, None, None, "tls1.3", None, [], False)
CONNECTION_LIMIT = 1024
MAX_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30
IDLE_THREAD_SECONDS = 600

Receive = Callable[[Any, dict[str, Any]], int]


class WorkerMoved(Exception):
    """The installed granian has a different worker from the one that is used here."""


class WorkerNames(NamedTuple):
    """The parts of granian that are used. Its type stubs are outdated."""

    new_scheduler: Any
    socket_holder: Any
    signal: Any
    worker: Any
    http1_settings: Any


def find_worker() -> WorkerNames:
    """granian's worker and its arguments. Raises WorkerMoved that names what is missing."""
    try:
        futures, core = import_module("granian._futures"), import_module("granian._granian")
        return WorkerNames(
            futures._new_cbscheduler,
            core.SocketHolder,
            core.WorkerSignal,
            core.WSGIWorker,
            import_module("granian.http").HTTP1Settings,
        )
    except (ImportError, AttributeError) as error:
        raise WorkerMoved(f"granian's worker is not where it was expected: {error}.") from error


class GranianEngine:
    """Calls `receive` on its threads for each request to the socket. It runs once.

    Raises WorkerMoved, and leaves the socket as it is then.
    """

    def __init__(self, listener: socket.socket, receive: Receive, threads: int) -> None:
        names = find_worker()
        self._receive = receive
        self._new_scheduler = names.new_scheduler
        try:
            self._signal = names.signal()
            self._worker = _make_worker(names, os.dup(listener.fileno()), threads)
        except (AttributeError, TypeError) as error:
            raise WorkerMoved(f"granian's worker expects other arguments: {error}.") from error
        listener.close()
        self._drained = threading.Event()
        self._signal.add_cb(self._drained.set)
        self._loop = asyncio.new_event_loop()

    def start(self) -> None:
        """Returns when the server answers requests."""
        scheduler = self._new_scheduler(self._loop, self._receive, impl_asyncio=True)
        self._worker.serve_mtr(scheduler, self._loop, self._signal)

    def drain(self, seconds: float) -> None:
        """Accepts no new connections, closes idle ones, and returns after the last response or the timeout."""
        self._signal.set()
        self._drained.wait(seconds)

    def close(self) -> None:
        self._loop.close()


def _make_worker(names: WorkerNames, descriptor: int, threads: int) -> Any:
    return names.worker(
        1,
        (None, names.socket_holder(descriptor, False, BACKLOG)),
        None,
        IO_THREADS,
        IO_THREADS,
        threads,
        IDLE_THREAD_SECONDS,
        CONNECTION_LIMIT,
        "1",
        names.http1_settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=MAX_HEAD_BYTES),
        None,
        None,
        *NO_TLS,
        (None, None),
    )
