"""Serving on a socket bound beforehand, until a signal ends it without losing what is under way."""

from __future__ import annotations

import ctypes
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

import click

from settings import ConfigurationError, Settings
from web.server.server import BACKLOG, Server

# glibc's M_ARENA_MAX, and how many: each of them keeps what its threads have freed.
ARENA_MAX, ARENAS = -8, 2


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
    # Its connections inherit it. Else a second piece of an answer waits until the client has confirmed the first,
    # which clients put off for some 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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


def share_heaps() -> None:
    """Lets the threads that are started from now on share two heaps, where the C library can do that.

    One heap a thread saves them from waiting for each other, which they do anyway, and costs memory.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(ARENA_MAX, ARENAS)


def serve(server: Server, ready: Callable[[], None]) -> None:
    """Serves until SIGTERM or SIGINT; returns when every answer under way is out."""
    with _woken_by_signals(server.waker):
        server.start()
        ready()
        server.run_until_stopped()


@contextmanager
def _woken_by_signals(waker: int) -> Iterator[None]:
    def handle(number: int, frame: FrameType | None) -> None:
        # A second signal ends the process at once, for a person who will not wait.
        signal.signal(number, signal.SIG_DFL)

    before: dict[int, Any] = {
        number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)
    }
    # The byte is written as the signal comes in; a handler alone would wait until this thread runs again.
    woken_before = signal.set_wakeup_fd(waker)
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, handler in before.items():
            signal.signal(number, handler)
