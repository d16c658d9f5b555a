"""The server: an HTTP engine in this process, on our own socket, with our own shutdown.

We bind the socket and handle the signals. When stopped, it accepts no new connections and returns after the last
response.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from typing import TYPE_CHECKING, Protocol

from settings import Settings
from web.server.dispatcher import FRONT_THREADS, Dispatcher
from web.server.granian_engine import BACKLOG, GranianEngine, WorkerMoved
from web.server.threaded_engine import ThreadedEngine

if TYPE_CHECKING:
    from flask import Flask

    from web.api.context import Services

__all__ = ["BACKLOG", "Server", "make_server"]

DRAIN_SECONDS = 30.0
LAST_CALL_SECONDS = 0.05

_log = logging.getLogger(__name__)


class Engine(Protocol):
    """Reads requests from a socket and writes responses to it."""

    def start(self) -> None: ...

    def drain(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class Server:
    """An app on a bound socket. It runs once."""

    _is_stopping = False
    _is_started = False

    def __init__(self, app: Flask, listener: socket.socket, settings: Settings) -> None:
        self._reception = Dispatcher(app, settings)
        self._services: Services | None = app.extensions.get("patchbay")
        self._engine = _make_engine(app, listener, self._reception)
        self._stop_lock = threading.Lock()
        # A pipe instead of an Event, so that a signal itself can wake the waiting thread, whichever thread it reached.
        self._stop_reader, self.waker = os.pipe()
        os.set_blocking(self.waker, False)

    def start(self) -> None:
        """Returns when the server answers requests."""
        self._is_started = True
        self._engine.start()

    def stop(self) -> None:
        """Asks the server to stop, from any thread. Writing a byte to `waker` does the same."""
        with self._stop_lock:
            if not self._is_stopping:
                self._is_stopping = True
                os.write(self.waker, b"!")

    def run_until_stopped(self) -> None:
        """Serves until `stop`. Returns when every running request is answered, or after DRAIN_SECONDS."""
        if not self._is_started:
            self.start()
        os.read(self._stop_reader, 1)
        with self._stop_lock:
            self._is_stopping = True
        # Connections that were opened before the stop have been accepted by then.
        time.sleep(LAST_CALL_SECONDS)
        if self._services is not None:
            # They would go on as long as their clients like.
            self._services.events.close()
        self._reception.release_threads()
        self._engine.drain(DRAIN_SECONDS)
        self._reception.close()
        self._engine.close()
        os.close(self._stop_reader)
        os.close(self.waker)


def make_server(app: Flask, listener: socket.socket, settings: Settings) -> Server:
    """A server for `app` on a bound socket, not started yet."""
    return Server(app, listener, settings)


def _make_engine(app: Flask, listener: socket.socket, reception: Dispatcher) -> Engine:
    try:
        return GranianEngine(listener, reception.receive, FRONT_THREADS)
    except WorkerMoved as error:
        _log.warning(
            "%s The slower built-in engine is used instead. Install the versions in requirements.txt.", error
        )
        return ThreadedEngine(listener, app)
