"""The sandbox's server: threads, sockets and dispatch. The answers come from `providers/`."""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.journal import Entry, Journal
from examples.sandbox.providers import PROVIDERS

MAX_BODY_BYTES = 1024 * 1024
IDLE_CONNECTION_SECONDS = 30.0
STOP_SECONDS = 5.0


class SandboxServer(ThreadingHTTPServer):
    """A threading server that limits its threads and can end every open connection."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], journal: Journal, max_threads: int) -> None:
        super().__init__(address, SandboxHandler)
        self.journal = journal
        self.stopping = threading.Event()
        self._places = threading.BoundedSemaphore(max_threads)
        self._open_sockets: set[socket.socket] = set()
        self._sockets_lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        while not self._places.acquire(timeout=0.1):
            if self.stopping.is_set():
                self.shutdown_request(request)
                return
        with self._sockets_lock:
            self._open_sockets.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._sockets_lock:
                self._open_sockets.discard(request)
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Prints errors, except for a client that disconnected: several tests do so on purpose."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def end_connections(self) -> None:
        self.stopping.set()
        with self._sockets_lock:
            for open_socket in self._open_sockets:
                with suppress(OSError):
                    open_socket.shutdown(socket.SHUT_RDWR)


class SandboxHandler(BaseHTTPRequestHandler):
    """One connection; `server` is the `SandboxServer` that accepted it."""

    server: SandboxServer  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    timeout = IDLE_CONNECTION_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1

    def handle_any(self) -> None:
        request = self._read_request()
        if request is None:
            return
        self._send(self._dispatch(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Logs nothing: the journal records the requests."""

    def version_string(self) -> str:
        return "sandbox"

    def _read_request(self) -> Request | None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MAX_BODY_BYTES or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(json_reply({"error": "a body needs a Content-Length of at most 1 MiB"}, 413))
            return None
        parts = urlsplit(self.path)
        return Request(
            method=self.command,
            target=self.path,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers=self.headers,
            body=self.rfile.read(int(length)),
            origin=f"http://{self.headers.get('Host', '127.0.0.1')}",
            pause=self._pause,
            count=self.server.journal.count,
        )

    def _pause(self, seconds: float) -> None:
        if self.server.stopping.wait(seconds):
            raise ConnectionAbortedError

    def _dispatch(self, request: Request) -> Reply:
        _, prefix, rest = (*request.path.split("/", 2), "", "")[:3]
        if prefix == "_journal":
            return self._answer_journal(request)
        self.server.journal.record(request)
        provider = PROVIDERS.get(prefix)
        if provider is None:
            return json_reply({"error": f"no provider {prefix!r}", "providers": sorted(PROVIDERS)}, 404)
        return provider.answer(replace(request, path=f"/{rest}"))

    def _answer_journal(self, request: Request) -> Reply:
        if request.method == "DELETE":
            self.server.journal.forget()
            return Reply(204, content_type="")
        if request.method != "GET":
            return Reply(405, headers=(("Allow", "GET, DELETE"),))
        entries = self.server.journal.entries(request.query.get("prefix", ""))
        return json_reply([entry.as_json() for entry in entries])

    def _send(self, reply: Reply) -> None:
        self.close_connection = self.close_connection or reply.closes
        if reply.raw is not None:
            self._send_chunks(reply.raw)
            return
        self.send_response(reply.status)
        if reply.content_type:
            self.send_header("Content-Type", reply.content_type)
        for name, value in reply.headers:
            self.send_header(name, value)
        for name, value in self._framing(reply):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
            self.wfile.flush()
            self._send_chunks(reply.chunks or ())

    def _framing(self, reply: Reply) -> list[tuple[str, str]]:
        framing = [("Connection", "close")] if self.close_connection else []
        if reply.status == 204:
            return framing
        if reply.declared_length is not None:
            return [*framing, ("Content-Length", str(reply.declared_length))]
        return framing if reply.chunks is not None else [*framing, ("Content-Length", str(len(reply.body)))]

    def _send_chunks(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            if self.server.stopping.is_set():
                return
            self.wfile.write(chunk)
            self.wfile.flush()


class Sandbox:
    """A sandbox on loopback: `with Sandbox() as sandbox:` serves at `sandbox.url` and ends afterwards.

    At most `max_threads` connections are served at once. It stops by itself after `lifetime_seconds`
    (None: only by `stop()`, or with the process).
    """

    def __init__(
        self,
        port: int = 0,
        host: str = "127.0.0.1",
        *,
        max_threads: int = 128,
        lifetime_seconds: float | None = 3600.0,
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError("the sandbox serves on loopback only")
        self._address = (host, port)
        self._max_threads = max_threads
        self._lifetime_seconds = lifetime_seconds
        self._server: SandboxServer | None = None
        self._thread: threading.Thread | None = None
        self._end: threading.Timer | None = None
        self._stop_lock = threading.Lock()
        self._stopped = threading.Event()
        self.journal = Journal()
        self.url = ""

    def start(self) -> str:
        """The base URL, once the sandbox listens. Raises OSError when the port is taken."""
        server = SandboxServer(self._address, self.journal, self._max_threads)
        self._server = server
        self.url = f"http://{server.server_address[0]}:{server.server_address[1]}"
        self._thread = threading.Thread(
            target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox", daemon=True
        )
        self._thread.start()
        if self._lifetime_seconds is not None:
            self._end = threading.Timer(self._lifetime_seconds, self.stop)
            self._end.daemon = True
            self._end.start()
        return self.url

    def stop(self) -> None:
        """Ends every connection and the server; does nothing the second time."""
        with self._stop_lock:
            server, self._server = self._server, None
        if server is None:
            return
        if self._end is not None:
            self._end.cancel()
        server.end_connections()
        server.shutdown()
        # A connection that was accepted between the two calls above is open still.
        server.end_connections()
        server.server_close()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        self._stopped.set()

    def wait(self) -> None:
        """Returns when the sandbox has stopped."""
        self._stopped.wait()

    def requests(self, path_prefix: str = "") -> list[Entry]:
        """What was asked for under `path_prefix`, oldest first."""
        return self.journal.entries(path_prefix)

    def data_requests(self, path_prefix: str = "") -> list[Entry]:
        """The same without token requests, which one render makes for many."""
        return [entry for entry in self.requests(path_prefix) if not _asks_for_token(entry)]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _asks_for_token(entry: Entry) -> bool:
    _, prefix, rest = (*unquote(entry.path).split("/", 2), "", "")[:3]
    provider = PROVIDERS.get(prefix)
    return provider is not None and provider.gives_token(entry.method, f"/{rest}", entry.body)
