"""The server: an HTTP engine in this process, on a socket of ours, ended by us.

We bind, we take the signals, and when we stop it, it takes no new connection and returns after the last answer.
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

__all__ = ["BACKLOG", "Server", "make_server"]

DRAIN_SECONDS = 30.0
LAST_CALL_SECONDS = 0.05

_log = logging.getLogger(__name__)


class Engine(Protocol):
    """What reads requests from a socket and writes answers to it."""

    def start(self) -> None: ...

    def drain(self, seconds: float) -> None: ...

    def close(self) -> None: ...


class Server:
    """An app on a bound socket. It is run once."""

    _is_stopping = False
    _is_started = False

    def __init__(self, app: Flask, listener: socket.socket, settings: Settings) -> None:
        self._reception = Dispatcher(app, settings)
        self._engine = _make_engine(app, listener, self._reception)
        self._stop_lock = threading.Lock()
        # A pipe and not an Event, so that a signal itself can wake who waits, whichever thread it reached.
        self._stop_reader, self.waker = os.pipe()
        os.set_blocking(self.waker, False)

    def start(self) -> None:
        """Returns when requests are answered."""
        self._is_started = True
        self._engine.start()

    def stop(self) -> None:
        """Asks the server to end, from any thread; a byte written to `waker` does the same."""
        with self._stop_lock:
            if not self._is_stopping:
                self._is_stopping = True
                os.write(self.waker, b"!")

    def run_until_stopped(self) -> None:
        """Serves until `stop`; returns when every answer under way is out, or after DRAIN_SECONDS."""
        if not self._is_started:
            self.start()
        os.read(self._stop_reader, 1)
        with self._stop_lock:
            self._is_stopping = True
        # Who connected before the stop has been let in by then.
        time.sleep(LAST_CALL_SECONDS)
        self._reception.let_go()
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
        _log.warning("%s Serving without it, which is slower. Install requirements.txt as it is.", error)
        return ThreadedEngine(listener, app)
