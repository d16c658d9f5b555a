"""Serves on an already bound socket, until a signal stops it. Running requests are completed."""

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

# How long a client may leave sent bytes unacknowledged, or not read on, before its connection is given up. Without it a
# client that vanished while it received a response is noticed after a quarter of an hour.
UNREAD_SECONDS = 60
# glibc's M_ARENA_MAX, and its value. Each arena keeps the memory that its threads have freed.
ARENA_MAX, ARENAS = -8, 2


class PortTaken(click.ClickException):
    """Another program listens on the configured port."""

    exit_code = 1


def bind(settings: Settings) -> socket.socket:
    """A listening socket on the configured address. It is bound first, so nothing else starts if the port is taken."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
    except socket.gaierror:
        raise ConfigurationError(
            f"PATCHBAY_HOST {settings.host} is not an address of this machine."
        ) from None
    listener = socket.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Connections inherit it. Without it, the second piece of a response waits until the client acknowledges the first,
    # which clients delay by some 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
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


def limit_malloc_arenas() -> None:
    """Lets threads started from now on share two heaps, where the C library supports that.

    One heap per thread would avoid lock contention, which these threads have anyway, and cost memory.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(ARENA_MAX, ARENAS)


def serve(server: Server, ready: Callable[[], None]) -> None:
    """Serves until SIGTERM or SIGINT. Returns when every running request is answered."""
    with _woken_by_signals(server.waker):
        server.start()
        ready()
        server.run_until_stopped()


@contextmanager
def _woken_by_signals(waker: int) -> Iterator[None]:
    def handle(number: int, frame: FrameType | None) -> None:
        # A second signal ends the process at once, for a user who does not want to wait.
        signal.signal(number, signal.SIG_DFL)

    before: dict[int, Any] = {
        number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)
    }
    # The byte is written as soon as the signal arrives; a handler alone would wait until this thread runs again.
    woken_before = signal.set_wakeup_fd(waker)
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, handler in before.items():
            signal.signal(number, handler)
