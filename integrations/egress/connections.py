"""Connections whose sockets a guard has opened. urllib3 makes TLS of them; what is said over them is our own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable

from urllib3.connection import HTTPConnection, HTTPSConnection

from integrations.egress.addresses import Address
from integrations.egress.urls import Destination


class GuardedConnection(HTTPConnection):
    """A connection that is opened by `dial`, to `peer`."""

    dial: Callable[[], tuple[socket.socket, Address]]
    peer: Address

    def _new_conn(self) -> socket.socket:
        sock, self.peer = self.dial()
        return sock


class _GuardedTlsConnection(GuardedConnection, HTTPSConnection):
    pass


def make_connection(destination: Destination, context: ssl.SSLContext | None) -> GuardedConnection:
    """A connection to the destination, not open yet; without a context a plain one."""
    if context is None:
        return GuardedConnection(destination.host, destination.port)
    return _GuardedTlsConnection(destination.host, destination.port, ssl_context=context)
