"""Connections that reach checked addresses only, kept for their owner's next call on the same origin."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

from errors import PatchbayError, UpstreamInvalid, UpstreamUnreachable
from integrations.concurrency.interpreter_slots import released_slot
from integrations.egress.addresses import Address
from integrations.egress.answer_head import Head, read_head
from integrations.egress.codings import truncated
from integrations.egress.connection_reuse import Ending, has_unasked_bytes, may_carry_another
from integrations.egress.connections import GuardedConnection, make_connection
from integrations.egress.deadline import CallDeadline
from integrations.egress.dial import Dialer, Route
from integrations.egress.idle_connections import IdleConnections
from integrations.egress.incoming import Incoming
from integrations.egress.messages import Headers, Tls
from integrations.egress.redirects import Hop
from integrations.egress.tls import TlsContexts, tls_failure

# Up to here a body is copied behind its head, so that both leave together.
SMALL_BODY_BYTES = 65_536

_SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(slots=True)
class Exchange:
    """One request and its answer on their way; `received_bytes` counts all that the peer sent.

    `owner` says who may use the connection before and after; with None nobody may. `is_sent`: the peer took all of it.
    """

    hop: Hop
    request_head: bytes
    watch: CallDeadline
    public_only: bool
    max_received_bytes: int
    tls: Tls | None = None
    owner: bytes | None = None
    received_bytes: int = 0
    is_sent: bool = True

    @property
    def route(self) -> Route:
        return Route(self.hop.destination, self.public_only, self.hop.is_redirected)

    def count(self, size_bytes: int) -> None:
        """Note what arrived; UpstreamInvalid when that is too much."""
        self.received_bytes += size_bytes
        if self.received_bytes > self.max_received_bytes:
            raise UpstreamInvalid("The provider sends without end.", reason="too_large")


class Reply:
    """An answer whose head was read. Ends by `keep` (the body was read whole) or `drop`."""

    __slots__ = ("_conn", "_exchange", "_head", "_put_back", "source")

    def __init__(
        self,
        head: Head,
        source: Incoming,
        exchange: Exchange,
        conn: GuardedConnection,
        put_back: Callable[[GuardedConnection], None],
    ) -> None:
        self._head = head
        self._exchange = exchange
        self._conn = conn
        self._put_back = put_back
        self.source = source

    @property
    def status(self) -> int:
        return self._head.status

    @property
    def headers(self) -> Headers:
        return self._head.headers

    def keep(self) -> None:
        """Hand the connection to its owner's next call, unless there is a doubt about it."""
        is_alive = self._exchange.watch.let_go()
        if is_alive and self._exchange.owner is not None and may_carry_another(self._ending()):
            self._put_back(self._conn)
        else:
            self._conn.close()

    def drop(self) -> None:
        """Close the connection: something unread may still be on it."""
        self._exchange.watch.let_go()
        self._conn.close()

    def _ending(self) -> Ending:
        return Ending(
            method=self._exchange.hop.method,
            status=self.status,
            version=self._head.version,
            headers=self.headers,
            leftover_bytes=self.source.unread_bytes,
            is_sent=self._exchange.is_sent,
        )


class Wire:
    """Sends one request at a time over a connection, new or kept."""

    def __init__(self, dialer: Dialer, pool_size: int) -> None:
        self._dialer = dialer
        self._contexts = TlsContexts()
        self._idle = IdleConnections(pool_size)

    def open(self, exchange: Exchange) -> Reply:
        """Send the request and read the head of its answer.

        Raises EgressRefused, SettingsIncomplete, UpstreamUnreachable, UpstreamInvalid or DeadlineExceeded.
        """
        destination = exchange.hop.destination
        proof = self._contexts.proof_for(exchange.tls) if destination.scheme == "https" else None
        origin = (exchange.owner, destination.scheme, destination.host, destination.port, proof)
        conn = self._idle.take(origin) if exchange.owner is not None else None
        # Another call may have opened it under a rule that does not hold for this one.
        if conn is not None and not self._dialer.may_reuse(exchange.route, conn.peer):
            conn.close()
        if conn is None:
            conn = make_connection(destination, proof)
        try:
            head, source = self._converse(conn, exchange)
        except BaseException:
            exchange.watch.let_go()
            conn.close()
            raise
        return Reply(head, source, exchange, conn, partial(self._idle.put, origin))

    def check_settings(self, tls: Tls) -> None:
        """Raises SettingsIncomplete for certificates that cannot be used."""
        self._contexts.proof_for(tls)

    def close(self) -> None:
        self._idle.close()

    def _converse(self, conn: GuardedConnection, exchange: Exchange) -> tuple[Head, Incoming]:
        try:
            if conn.sock is not None:
                try:
                    # The last look before a byte is written: an answer that is there already answers nothing.
                    if not has_unasked_bytes(conn.sock):
                        return _ask(conn, exchange)
                except (OSError, UpstreamInvalid) as error:
                    if not _may_ask_anew(error, exchange):
                        raise
                conn.close()
            self._connect(conn, exchange)
            return _ask(conn, exchange)
        except OSError as error:
            raise _answer_failure(error, exchange) from None
        except UpstreamInvalid as error:
            # The watchdog ends a read by shutting the socket down, which looks like a peer that went away.
            raise exchange.watch.failure() if exchange.watch.has_ended() else error from None

    def _connect(self, conn: GuardedConnection, exchange: Exchange) -> None:
        watch = exchange.watch

        def dial() -> tuple[socket.socket, Address]:
            sock, peer = self._dialer.dial(exchange.route, watch)
            # A TLS handshake ends by this timeout: until it is done the watchdog cannot reach its socket.
            sock.settimeout(watch.remaining_seconds())
            watch.hold(sock)
            return sock, peer

        conn.dial = dial
        try:
            with released_slot():
                conn.connect()
        except ssl.SSLError as error:
            raise watch.failure() if watch.has_ended() else tls_failure(error) from None
        except TimeoutError:
            raise watch.failure() from None
        except OSError:
            raise _hung_up() from None


def _ask(conn: GuardedConnection, exchange: Exchange) -> tuple[Head, Incoming]:
    watch, body, exchange.is_sent = exchange.watch, exchange.hop.body or b"", True
    sock = cast(socket.socket, conn.sock)
    watch.hold(sock)
    # Behind the watchdog this is the second fence. As wide as the whole call, most calls find it where it is.
    if sock.gettimeout() != watch.seconds:
        sock.settimeout(watch.seconds)
    try:
        if len(body) <= SMALL_BODY_BYTES:
            sock.sendall(exchange.request_head + body)
        else:
            sock.sendall(exchange.request_head)
            sock.sendall(body)
    except (BrokenPipeError, ConnectionResetError):
        # A peer may answer and close before it has read all of the body; what it said is worth more.
        exchange.is_sent = False
    source = Incoming(sock, exchange.count)
    with released_slot():
        return read_head(source), source


def _may_ask_anew(error: Exception, exchange: Exchange) -> bool:
    """Whether the same request may go over a new connection after it failed on a kept one.

    The peer may have closed that just now, and not one byte of an answer says so; or what came is no HTTP, so that it
    is most likely the rest of something else.
    """
    if not _reads_only(exchange.hop) or exchange.watch.has_ended():
        return False
    if isinstance(error, UpstreamInvalid):
        return error.extensions.get("reason") == "not_http"
    return exchange.received_bytes == 0 and _is_hang_up(error)


def _reads_only(hop: Hop) -> bool:
    return hop.method in _SAFE_METHODS and hop.is_repeatable


def _is_hang_up(error: Exception) -> bool:
    return isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError)


def _hung_up() -> UpstreamUnreachable:
    return UpstreamUnreachable("The provider closed the connection without an answer.", reason="reset")


def _answer_failure(error: OSError, exchange: Exchange) -> PatchbayError:
    """What went wrong between a request sent and the head of its answer."""
    if exchange.watch.has_ended() or isinstance(error, TimeoutError):
        return exchange.watch.failure()
    if _is_hang_up(error):
        return truncated() if exchange.received_bytes else _hung_up()
    if isinstance(error, ssl.SSLError):
        return tls_failure(error)
    return _hung_up()
