"""Dispatches requests: a cache hit is answered at once, everything else is passed to a thread pool.

The server's own threads read the request and look for a hit. They never run Flask and never wait for a provider, so
nothing that blocks elsewhere delays a hit.
"""

from __future__ import annotations

import io
import re
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import orjson

from errors import StorageFailed
from integrations.concurrency.current_request import serving
from integrations.concurrency.fair_thread_pool import FairThreadPool
from settings import Settings
from web.api.problems import HTTP_PROBLEMS, MEDIA_TYPE, problem, problem_of_unexpected, with_request_id
from web.gate.gate import FORM_PATHS, Caller, Gate, is_open
from web.server.acceptor_threads import AcceptorThreads
from web.server.fast_path import FastPath, is_render
from web.server.request_ids import HEADER, request_id_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from flask import Flask

FRONT_THREADS = 32
HOUSE_THREADS = 8
# The largest body of an unauthenticated client: a sign-in form.
MAX_FORM_BYTES = 16 * 1024
# The routes that may wait for a provider, or for a name server, with the integration that they wait for.
CALLING = re.compile(
    r"/+api/v1/(?:integrations/(?P<id>[^/]*)/(?:render|execute|test|oauth2/.*)|render-batch|prefetch/.*|doctor)|/oauth/callback"
)
# The environ key by which a route says that its response goes on until the client or the server ends it.
STREAM_ENVIRON_KEY = "patchbay.stream"
SERVER_VARIABLES: dict[str, Any] = {
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": False,
    "wsgi.run_once": False,
    "wsgi.input_terminated": True,
}

Headers = list[tuple[str, str]]


class Exchange(Protocol):
    """The server's side of one request. Exactly one of these methods is called once, by any thread."""

    def response_bytes(self, status: int, headers: Headers, body: bytes) -> None: ...

    def response_iter(self, status: int, headers: Headers, body: Any) -> None: ...


class Dispatcher:
    """Receives requests on the server's threads."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        layer = app.wsgi_app
        self._layer = layer if isinstance(layer, FastPath) else None
        self._gate: Gate | None = app.extensions.get("patchbay_gate")
        # The server applies what proxies tell before it looks for a hit, so it enters the layer behind that.
        self._app: WSGIApplication = app if self._layer is None else self._layer.answer
        self._proxies = self._gate.proxies if self._gate else None
        self._max_body_size_bytes = settings.max_body_size_bytes
        self._calls = FairThreadPool(settings.threads, "call")
        self._house = ThreadPoolExecutor(HOUSE_THREADS, thread_name_prefix="house")
        self._threads = AcceptorThreads()

    def receive(self, exchange: Exchange, environ: WSGIEnvironment) -> int:
        """Answers the request, or passes it to a pool that answers it. The returned number is not used."""
        self._threads.enter()
        try:
            return self._receive(exchange, environ)
        finally:
            self._threads.leave()

    def release_threads(self) -> None:
        """Releases the server's threads, so that it can stop. Running requests continue."""
        self._threads.close()

    def _receive(self, exchange: Exchange, environ: WSGIEnvironment) -> int:
        gate = self._gate
        if self._proxies is not None:
            self._proxies.apply(environ)
        caller = (
            gate.recognize(environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_COOKIE")) if gate else None
        )
        body = b""
        if "CONTENT_LENGTH" in environ:
            size_bytes = int(environ["CONTENT_LENGTH"])
            if size_bytes <= self._readable_bytes(environ, caller):
                body = self._threads.read(environ["wsgi.input"].read)
                if len(body) != size_bytes:
                    return _refuse(exchange, environ, 400)
        elif "HTTP_TRANSFER_ENCODING" in environ:
            # The server cannot tell a truncated chunked body from a complete one.
            return _refuse(exchange, environ, 411)
        app: WSGIApplication = self._app
        if caller is not None and self._layer is not None and is_render(environ):
            answer = self._layer.find(environ, body, caller)
            if answer is not None:
                exchange.response_bytes(answer.status, answer.headers, answer.body)
                return answer.status
            app = partial(self._layer.ask, body)
        environ["wsgi.input"] = io.BytesIO(body)
        self._hand_over(exchange, app, environ)
        return 200

    def close(self) -> None:
        """Returns when running requests have ended."""
        self._calls.close()
        self._house.shutdown()

    def _readable_bytes(self, environ: WSGIEnvironment, caller: Caller | None) -> int:
        """The maximum body size to read from this client: 0 if the gate will refuse it."""
        if caller is not None or self._gate is None:
            return self._max_body_size_bytes
        if is_open(environ["PATH_INFO"]) or environ["PATH_INFO"] in FORM_PATHS:
            return MAX_FORM_BYTES
        return self._max_body_size_bytes if self._is_signed_in(self._gate, environ) else 0

    def _is_signed_in(self, gate: Gate, environ: WSGIEnvironment) -> bool:
        """Whether the store has a session that is not in memory yet. If the store fails, Flask reports the error."""
        try:
            return (
                gate.admit(environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_COOKIE"), on_fast_path=True)
                is not None
            )
        except StorageFailed:
            return False

    def _hand_over(self, exchange: Exchange, app: WSGIApplication, environ: WSGIEnvironment) -> None:
        environ.update(SERVER_VARIABLES)
        environ.setdefault("SCRIPT_NAME", "")
        waiting = CALLING.match(environ["PATH_INFO"])
        if waiting:
            self._calls.submit(waiting["id"] or "", lambda: _run_app(exchange, app, environ))
        else:
            self._house.submit(_run_app, exchange, app, environ)


class Started:
    """WSGI's `start_response`."""

    status = 500
    headers: Headers

    def __call__(self, status: str, headers: Headers, _exc_info: Any = None) -> Any:
        self.status, self.headers = int(status[:3]), headers


class Chunks:
    """A body of unknown length, as the server expects it. Each piece is sent as soon as it is there."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self._left: Iterator[bytes] = iter(pieces)

    def __next__(self) -> bytes:
        return next(self._left)

    def close(self) -> None:
        getattr(self._pieces, "close", lambda: None)()


def _run_app(exchange: Exchange, app: WSGIApplication, environ: WSGIEnvironment) -> None:
    try:
        _answer(exchange, app, environ)
    except Exception as error:
        with serving(request_id := request_id_of(environ)):
            members = with_request_id(problem_of_unexpected(error))
        headers = [("Content-Type", MEDIA_TYPE), (HEADER, request_id)]
        exchange.response_bytes(500, headers, orjson.dumps(members))


def _answer(exchange: Exchange, app: WSGIApplication, environ: WSGIEnvironment) -> None:
    started = Started()
    pieces = app(environ, started)
    if environ.get(STREAM_ENVIRON_KEY):
        _stream(exchange, started, Chunks(pieces))
        return
    if not any(name.lower() == "content-length" for name, _ in started.headers):
        exchange.response_iter(started.status, started.headers, Chunks(pieces))
        return
    try:
        body = b"".join(pieces)
    finally:
        getattr(pieces, "close", lambda: None)()
    exchange.response_bytes(started.status, started.headers, body)


def _stream(exchange: Exchange, started: Started, chunks: Chunks) -> None:
    """Sends a response without an end from a thread of its own, so that it holds none of a pool.

    Such a thread waits nearly all the time and takes some 90 KB. It is a daemon, because a client that does not read
    holds it until the connection is given up.
    """

    def send() -> None:
        try:
            exchange.response_iter(started.status, started.headers, chunks)
        finally:
            chunks.close()

    try:
        threading.Thread(target=send, name="stream", daemon=True).start()
    except RuntimeError:
        chunks.close()
        raise


def _refuse(exchange: Exchange, environ: WSGIEnvironment, status: int) -> int:
    code, title, detail = HTTP_PROBLEMS[status]
    with serving(request_id := request_id_of(environ)):
        members = with_request_id(problem(code, status, title, detail))
    headers = [
        ("Content-Type", MEDIA_TYPE),
        ("X-Content-Type-Options", "nosniff"),
        (HEADER, request_id),
        ("Connection", "close"),
    ]
    exchange.response_bytes(status, headers, orjson.dumps(members))
    return status
