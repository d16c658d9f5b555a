"""Werkzeug's threaded server, used if the installed granian cannot be run. It is slower.

Each request has its own thread and connection, so that no idle connection delays the stop.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

READ_SECONDS = 30
POLL_SECONDS = 0.05


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"
    timeout = READ_SECONDS

    def log(self, type: str, message: str, *args: Any) -> None:
        # Its lines contain the query, in which the sign-in link has its token.
        pass


class _Server(ThreadedWSGIServer):
    daemon_threads = False

    def log(self, type: str, message: str, *args: Any) -> None:
        pass

    def handle_error(self, request: Any, client_address: Any) -> None:
        # The client disconnected. Errors of the app never get here.
        pass


class ThreadedEngine:
    """Calls the WSGI `app` on its own thread for each request to the socket. It runs once."""

    def __init__(self, listener: socket.socket, app: WSGIApplication) -> None:
        host, port = listener.getsockname()[:2]
        self._server = _Server(host, port, app, _Handler, fd=listener.fileno())
        listener.close()
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="accept"
        )

    def start(self) -> None:
        """Returns when the server answers requests."""
        self._thread.start()

    def drain(self, seconds: float) -> None:
        """Accepts no new connections, and returns after the last response or the timeout."""
        self._server.shutdown()
        self._thread.join(seconds)
        ending = threading.Thread(target=self._server.server_close, name="last answers", daemon=True)
        ending.start()
        ending.join(seconds)

    def close(self) -> None:
        """Does nothing: nothing is left to close after `drain`."""
