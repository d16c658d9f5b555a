"""Connections whose sockets a guard has opened. urllib3 makes TLS of them; what is said over them is our own."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import cast

from urllib3.connection import HTTPConnection, HTTPSConnection

from integrations.egress.addresses import Address
from integrations.egress.tls import TlsRequirements
from integrations.egress.urls import Destination


class GuardedConnection(HTTPConnection):
    """A connection that is opened by `dial`, to `peer`."""

    dial: Callable[[], tuple[socket.socket, Address]]
    peer: Address

    def _new_conn(self) -> socket.socket:
        sock, self.peer = self.dial()
        return sock


class _GuardedTlsConnection(GuardedConnection, HTTPSConnection):
    """A connection over which nothing is sent before its peer has proved itself."""

    def __init__(self, destination: Destination, proof: TlsRequirements) -> None:
        self._proof = proof
        self._expected = proof.server_name or destination.host
        super().__init__(
            destination.host,
            destination.port,
            ssl_context=proof.context,
            server_hostname=self._expected,
            # The proof compares the names.
            assert_hostname=False,
        )

    def connect(self) -> None:
        super().connect()
        self._proof.check(cast(ssl.SSLSocket, self.sock), self._expected)


def make_connection(destination: Destination, proof: TlsRequirements | None) -> GuardedConnection:
    """A connection to the destination, not open yet; without a proof a plain one."""
    if proof is None:
        return GuardedConnection(destination.host, destination.port)
    return _GuardedTlsConnection(destination, proof)
