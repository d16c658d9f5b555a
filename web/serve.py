"""Serving: waitress on a socket bound beforehand, stopped by a signal without losing what is under way."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click
import orjson
from flask import Flask
from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, ThreadedTaskDispatcher

from settings import ConfigurationError, Settings
from web.problems import HTTP_PROBLEMS, MEDIA_TYPE, problem

CONNECTION_LIMIT = 1000
BACKLOG = 1024
# A body a little too large is read, so that its sender hears the problem; a huge one is cut off by waitress.
READ_BEYOND_LIMIT = 4
DRAIN_SECONDS = 30.0
# Rounds of the event loop that take in what arrived before the signal, one connection a round.
LAST_ROUNDS = 64


class PortTaken(click.ClickException):
    """Something else listens where this server was told to."""

    exit_code = 1


def bind(settings: Settings) -> socket.socket:
    """A listening socket on the configured address, so that nothing else starts when the port is taken."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
    except socket.gaierror:
        raise ConfigurationError(f"PATCHBAY_HOST {settings.host} is no address of this machine.") from None
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        where = f"{settings.host} port {settings.port}"
        raise PortTaken(
            f"Cannot listen on {where} ({error.strerror}). Choose another PATCHBAY_PORT."
        ) from None
    return listener


def signin_url(settings: Settings, token: str) -> str:
    """The link that signs a browser on this machine in."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 - not bound
    bracketed = f"[{host}]" if ":" in host else host
    return f"http://{bracketed}:{settings.port}/signin?token={token}"


class ProblemTask(ErrorTask):
    """waitress's own refusals (no HTTP, headers or body beyond all limits) as problems."""

    def execute(self) -> None:
        request: Any = self.request
        refusal = request.error
        code, title, detail = HTTP_PROBLEMS.get(
            refusal.code, (f"http_{refusal.code}", refusal.reason, f"{refusal.reason}.")
        )
        body = orjson.dumps(problem(code, refusal.code, title, detail))
        self.status = f"{refusal.code} {refusal.reason}"
        self.response_headers = [("Content-Type", MEDIA_TYPE), ("X-Content-Type-Options", "nosniff")]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    """One connection."""

    error_task_class = ProblemTask

    @property
    def is_busy(self) -> bool:
        """Whether a request is being answered, or its answer is still on its way out."""
        return bool(self.requests) or self.total_outbufs_len > 0


class Server(TcpWSGIServer):
    """waitress's server with a loop that ends when it is asked to, after the last answer."""

    channel_class = Channel
    _stopping = False
    # waitress sets these; its own code leaves their types open.
    socket: Any
    active_channels: Any
    _map: Any

    def stop(self) -> None:
        """Asks the loop to end; may be called from a signal handler or another thread."""
        if not self._stopping:
            self._stopping = True
            self.pull_trigger()

    def run_until_stopped(self) -> None:
        """Serves until `stop`, then answers what has arrived."""
        while not self._stopping:
            self._turn(self.adj.asyncore_loop_timeout)
        for _ in range(LAST_ROUNDS):
            self._turn(0)
        self.del_channel()
        self.socket.close()
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._is_busy() and time.monotonic() < deadline:
            self._turn(0.1)
        self.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._map)

    def _turn(self, timeout_seconds: float) -> None:
        wasyncore.loop(timeout_seconds, use_poll=True, map=self._map, count=1)

    def _is_busy(self) -> bool:
        return any(channel.is_busy for channel in list(self.active_channels.values()))


def make_server(app: Flask, listener: socket.socket, settings: Settings) -> Server:
    """A server for `app` on a bound socket, its threads started."""
    adjustments = Adjustments(
        sockets=[listener],
        threads=settings.threads,
        connection_limit=CONNECTION_LIMIT,
        backlog=BACKLOG,
        max_request_body_size=settings.max_body_size_bytes * READ_BEYOND_LIMIT,
        ident=None,
    )
    dispatcher = ThreadedTaskDispatcher()
    dispatcher.set_thread_count(settings.threads)
    address = (listener.family, listener.type, listener.proto, listener.getsockname())
    return Server(
        app, {}, _sock=listener, dispatcher=dispatcher, adj=adjustments, sockinfo=address, bind_socket=False
    )


def serve(server: Server, ready: Callable[[], None]) -> None:
    """Serves until SIGTERM or SIGINT; returns when every answer under way is out."""
    with _stopped_by_signals(server.stop):
        ready()
        server.run_until_stopped()


@contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    def handle(number: int, frame: FrameType | None) -> None:
        # A second signal ends the process at once, for a person who will not wait.
        signal.signal(number, signal.SIG_DFL)
        stop()

    before: dict[int, Any] = {
        number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
