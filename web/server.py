"""The server: granian's HTTP engine, run in this process on a socket of ours.

granian's own entry points fork a worker that ends without cleaning up, and bind so that a second server may share
a port unseen. So its worker is driven here as its embedded server does it: we bind, we take the signals, and when
we stop it, it takes no new connection, ends idle ones and returns after the last answer.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Any, cast

# The worker has no public name; the version is pinned and the tests drive it over real sockets.
from granian._futures import _new_cbscheduler
from granian._granian import SocketHolder, WorkerSignal, WSGIWorker
from granian.http import HTTP1Settings

from settings import Settings
from web.reception import FRONT_THREADS, Reception

if TYPE_CHECKING:
    from flask import Flask

BACKLOG = 1024
IO_THREADS = 1
NO_TLS = (False, None, None, None, "tls1.3", None, [], False)
CONNECTION_LIMIT = 1024
MAX_HEAD_BYTES = 64 * 1024
HEAD_SECONDS = 30
IDLE_THREAD_SECONDS = 600
DRAIN_SECONDS = 30.0
LAST_CALL_SECONDS = 0.05


class Server:
    """An app on a bound socket. It is run once."""

    _is_stopping = False

    def __init__(self, app: Flask, listener: socket.socket, settings: Settings) -> None:
        self._listener = listener
        self._reception = Reception(app, settings)
        self._signal = WorkerSignal()
        self._drained, self._stop_lock = threading.Event(), threading.Lock()
        # A pipe and not an Event, so that a signal itself can wake who waits, whichever thread it reached.
        self._stop_reader, self.waker = os.pipe()
        os.set_blocking(self.waker, False)
        self._signal.add_cb(self._drained.set)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Returns when requests are answered."""
        self._loop = asyncio.new_event_loop()
        # Its stubs lag behind it.
        make_worker, hold_socket = cast(Any, WSGIWorker), cast(Any, SocketHolder)
        worker = make_worker(
            1,
            (None, hold_socket(self._listener.detach(), False, BACKLOG)),
            None,
            IO_THREADS,
            IO_THREADS,
            FRONT_THREADS,
            IDLE_THREAD_SECONDS,
            CONNECTION_LIMIT,
            "1",
            HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=MAX_HEAD_BYTES),
            None,
            None,
            *NO_TLS,
            (None, None),
        )
        worker.serve_mtr(
            _new_cbscheduler(self._loop, self._reception.receive, impl_asyncio=True), self._loop, self._signal
        )

    def stop(self) -> None:
        """Asks the server to end, from any thread; a byte written to `waker` does the same."""
        with self._stop_lock:
            if not self._is_stopping:
                self._is_stopping = True
                os.write(self.waker, b"!")

    def run_until_stopped(self) -> None:
        """Serves until `stop`; returns when every answer under way is out, or after DRAIN_SECONDS."""
        if self._loop is None:
            self.start()
        os.read(self._stop_reader, 1)
        with self._stop_lock:
            self._is_stopping = True
        # Who connected before the stop has been let in by then.
        time.sleep(LAST_CALL_SECONDS)
        self._reception.let_go()
        self._signal.set()
        self._drained.wait(DRAIN_SECONDS)
        self._reception.close()
        assert self._loop is not None  # noqa: S101 - started above
        self._loop.close()
        os.close(self._stop_reader)
        os.close(self.waker)


def make_server(app: Flask, listener: socket.socket, settings: Settings) -> Server:
    """A server for `app` on a bound socket, not started yet."""
    return Server(app, listener, settings)
