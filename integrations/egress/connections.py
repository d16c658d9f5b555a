"""Connections over sockets that the guard opened. urllib3 does TLS, http.client writes and reads."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from urllib3.connection import HTTPConnection, HTTPSConnection

from errors import UpstreamInvalid
from integrations.concurrency.interpreter_slots import released_slot
from integrations.egress.addresses import Address
from integrations.egress.checked_lines import too_large_head
from integrations.egress.checked_response import CheckedResponse
from integrations.egress.connection_reuse import has_unasked_bytes
from integrations.egress.dial import Dialer
from integrations.egress.exchange import Exchange
from integrations.egress.tls import TlsRequirements


class GuardedConnection(HTTPConnection):
    """A connection to `peer`, a checked address. It carries one exchange at a time."""

    peer: Address

    def __init__(self, host: str, port: int, *, dialer: Dialer, **options: Any) -> None:
        super().__init__(host, port, **options)
        self._dialer = dialer

    @property
    def is_connected(self) -> bool:
        """Whether the socket is open, for the pool. `ask` checks more closely right before it writes."""
        return self.sock is not None

    def ask(self, exchange: Exchange) -> CheckedResponse:
        """Send the request and read the head of the answer. Opens a new socket if the kept one may not be used.

        Raises EgressRefused, UpstreamUnreachable, UpstreamInvalid or DeadlineExceeded.
        """
        try:
            # Another call may have opened the socket under a rule that does not hold for this one. And data that
            # arrived before the request was written cannot be its answer.
            if self.sock is not None and self._may_carry(exchange, self.sock):
                try:
                    return self._converse(exchange)
                except (OSError, UpstreamInvalid) as error:
                    if not exchange.may_be_repeated(error):
                        raise
            self.close()
            self._open(exchange)
            return self._converse(exchange)
        except OSError as error:
            raise exchange.failure(error, is_connected=True) from None
        except http.client.HTTPException:
            raise too_large_head() from None
        except UpstreamInvalid as error:
            raise exchange.watch.failure() if exchange.watch.has_ended() else error from None

    def _may_carry(self, exchange: Exchange, sock: socket.socket) -> bool:
        return self._dialer.may_reuse(exchange.route, self.peer) and not has_unasked_bytes(sock)

    def _open(self, exchange: Exchange) -> None:
        try:
            with released_slot():
                sock, self.peer = self._dialer.dial(exchange.route, exchange.watch)
                self.sock = sock
                # This timeout ends a TLS handshake: the watchdog cannot reach the socket before the handshake is done.
                sock.settimeout(exchange.watch.remaining_seconds())
                exchange.watch.hold(sock)
                self.connect()
        except OSError as error:
            raise exchange.failure(error, is_connected=False) from None

    def _new_conn(self) -> socket.socket:
        """urllib3's hook for a new socket: returns the one that was dialled."""
        return cast(socket.socket, self.sock)

    def _converse(self, exchange: Exchange) -> CheckedResponse:
        hop, sock, exchange.is_sent = exchange.hop, cast(socket.socket, self.sock), True
        exchange.watch.hold(sock)
        # A second limit behind the watchdog. It is as long as the whole call, so that most calls need not change it.
        if sock.gettimeout() != exchange.watch.seconds:
            sock.settimeout(exchange.watch.seconds)
        try:
            # Not urllib3's request(): it sets the socket timeout each time, which releases the interpreter lock.
            http.client.HTTPConnection.request(
                self,
                hop.method,
                hop.destination.target,
                exchange.body,
                cast(Mapping[str, str], exchange.headers),
            )
        except (BrokenPipeError, ConnectionResetError):
            # A peer may answer and close before it has read the whole body; read its answer.
            exchange.is_sent = False
        return self._read_head(exchange)

    def _read_head(self, exchange: Exchange) -> CheckedResponse:
        self.response_class = cast(Any, partial(CheckedResponse, count=exchange.count))
        try:
            with released_slot():
                # Not urllib3's getresponse(): it logs the URL, which may hold a secret, if a header is malformed.
                return cast(CheckedResponse, http.client.HTTPConnection.getresponse(self))
        finally:
            # An idle connection must not reference a call.
            del self.response_class


class GuardedTlsConnection(GuardedConnection, HTTPSConnection):
    """A TLS connection. Nothing is sent before the peer's certificate is verified."""

    def __init__(
        self, host: str, port: int, *, dialer: Dialer, proof: TlsRequirements, **options: Any
    ) -> None:
        self._proof = proof
        self._expected = proof.server_name or host
        super().__init__(
            host,
            port,
            dialer=dialer,
            ssl_context=proof.context,
            server_hostname=self._expected,
            # TlsRequirements.check compares the names.
            assert_hostname=False,
            **options,
        )

    def connect(self) -> None:
        super().connect()
        self._proof.check(cast(ssl.SSLSocket, self.sock), self._expected)
