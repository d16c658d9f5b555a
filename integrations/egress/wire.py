"""Connections that reach checked addresses only, kept for the next call on the same origin."""

from __future__ import annotations

import contextlib
import http.client
import io
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ClosedPoolError

from errors import PatchbayError, UpstreamInvalid, UpstreamUnreachable
from integrations.at_work import away
from integrations.calls import Headers, Tls
from integrations.egress.addresses import Address
from integrations.egress.body import truncated
from integrations.egress.deadline import Watch
from integrations.egress.dial import Dialer, Route
from integrations.egress.redirects import Hop
from integrations.egress.tls import TlsContexts, tls_failure

MAX_HEAD_BYTES = 131_072
MAX_ORIGINS = 128
READ_BUFFER_BYTES = 16_384

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_FOLDED_LINE = re.compile(r"\r?\n[ \t]+")


@dataclass(slots=True)
class Exchange:
    """One request and its answer on their way; `received_bytes` counts all that the peer sent."""

    hop: Hop
    headers: list[tuple[str, str]]
    watch: Watch
    public_only: bool
    max_received_bytes: int
    tls: Tls | None = None
    received_bytes: int = 0
    in_head: bool = field(default=True)

    @property
    def route(self) -> Route:
        return Route(self.hop.destination, self.public_only, self.hop.is_redirected)

    def count(self, size_bytes: int) -> None:
        """Note what arrived; UpstreamInvalid when that is too much, or ends within the headers."""
        self.received_bytes += size_bytes
        if self.in_head and self.received_bytes > MAX_HEAD_BYTES:
            raise _headers_too_large()
        if self.received_bytes > self.max_received_bytes:
            raise UpstreamInvalid("The provider sends without end.", reason="too_large")
        if self.in_head and not size_bytes and self.received_bytes:
            # The watchdog ends a read by shutting the socket down, which looks like a peer that went away.
            raise self.watch.failure() if self.watch.has_ended() else truncated()


class _CountedSocketReader(io.RawIOBase):
    """The receiving side of a socket, every byte of it counted."""

    def __init__(self, raw: io.RawIOBase, exchange: Exchange) -> None:
        self._raw = raw
        self._exchange = exchange

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int | None:
        size_bytes = self._raw.readinto(buffer)
        self._exchange.count(size_bytes or 0)
        return size_bytes

    def close(self) -> None:
        self._raw.close()
        super().close()


class _CountedSocket:
    """What http.client's response wants of a socket: a file to read from."""

    def __init__(self, sock: socket.socket, exchange: Exchange) -> None:
        self._sock = sock
        self._exchange = exchange

    def makefile(self, mode: str) -> io.BufferedReader:
        raw = cast(io.RawIOBase, self._sock.makefile("rb", buffering=0))
        return io.BufferedReader(_CountedSocketReader(raw, self._exchange), READ_BUFFER_BYTES)


class _Response(http.client.HTTPResponse):
    def _read_status(self) -> tuple[str, int, str]:
        # http.client skips a 100 only. Any other interim answer (RFC 9110 section 15.2) would be taken for
        # the final one, and the final one for the answer to the next request on this connection.
        version, status, reason = super()._read_status()  # type: ignore[misc]  # not in the type stubs
        return version, http.client.CONTINUE if 100 < status < 200 else status, reason


class _GuardedConnection(HTTPConnection):
    """A connection that dials through the guard and counts what it receives for the exchange it serves."""

    exchange: Exchange
    dial: Callable[[], tuple[socket.socket, Address]]
    peer: Address | None = None

    def _new_conn(self) -> socket.socket:
        sock, self.peer = self.dial()
        watch = self.exchange.watch
        # A TLS handshake ends by this timeout: until it is done the watchdog cannot reach its socket.
        sock.settimeout(watch.remaining_seconds())
        watch.hold(sock)
        return sock

    def _make_response(self, sock: socket.socket, method: str | None = None) -> _Response:
        return _Response(cast(Any, _CountedSocket(sock, self.exchange)), method=method)

    # http.client calls it for every answer, with the socket and the method.
    response_class = cast(Any, _make_response)


class _GuardedTlsConnection(_GuardedConnection, HTTPSConnection):
    pass


class _GuardedPool(HTTPConnectionPool):
    ConnectionCls = cast(Any, _GuardedConnection)


class _GuardedTlsPool(HTTPSConnectionPool):
    ConnectionCls = cast(Any, _GuardedTlsConnection)


class _WireHeaders(list[tuple[str, str]]):
    """Headers in the order given, repeated names too: as much of a mapping as urllib3's request asks for."""

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return (name for name, _ in super().__iter__())

    def items(self) -> Iterator[tuple[str, str]]:
        return super().__iter__()


class Reply:
    """An answer whose head was read. Ends by `keep` (the body was read whole) or `drop`."""

    def __init__(
        self, response: http.client.HTTPResponse, exchange: Exchange, release: Callable[[bool], None]
    ) -> None:
        self._response = response
        self._exchange = exchange
        self._release = release
        self.status = response.status
        self.headers = Headers(
            tuple((name, _FOLDED_LINE.sub(" ", value)) for name, value in response.msg.items())
        )

    def has_unreadable_headers(self) -> bool:
        """Whether the parser gave up: it takes a line that is no header, and all that follow, for a body."""
        return not self._response.msg.is_multipart() and bool(self._response.msg.get_payload())

    @property
    def source(self) -> io.BufferedReader:
        """What the body is read from."""
        return cast(io.BufferedReader, self._response.fp)

    def keep(self) -> None:
        """Hand the connection to the next call, unless either side said that it closes."""
        self._response.close()
        self._release(self._exchange.watch.let_go())

    def drop(self) -> None:
        """Close the connection: something unread may still be on it."""
        self._exchange.watch.let_go()
        self._response.close()
        self._release(False)


class Wire:
    """Sends one request at a time over a connection, new or kept."""

    def __init__(self, dialer: Dialer, pool_size: int) -> None:
        self._dialer = dialer
        self._contexts = TlsContexts()
        self._pools = urllib3.PoolManager(num_pools=MAX_ORIGINS, maxsize=pool_size)
        self._pools.pool_classes_by_scheme = {"http": _GuardedPool, "https": _GuardedTlsPool}

    def open(self, exchange: Exchange) -> Reply:
        """Send the request and read the head of its answer.

        Raises EgressRefused, UpstreamUnreachable, UpstreamInvalid or DeadlineExceeded.
        """
        pool, conn = self._take_connection(exchange)

        def release(reusable: bool) -> None:
            if not reusable:
                conn.close()
            pool._put_conn(cast(Any, conn))

        try:
            response = self._converse(conn, exchange)
        except BaseException:
            exchange.watch.let_go()
            release(False)
            raise
        reply = Reply(response, exchange, release)
        if reply.has_unreadable_headers():
            reply.drop()
            raise UpstreamInvalid("The provider's headers cannot be read.", reason="headers")
        return reply

    def close(self) -> None:
        self._pools.clear()

    def _take_connection(self, exchange: Exchange) -> tuple[HTTPConnectionPool, _GuardedConnection]:
        destination = exchange.hop.destination
        context = self._contexts.context_for(exchange.tls) if destination.scheme == "https" else None
        while True:
            pool = self._pools.connection_from_host(
                destination.host, destination.port, destination.scheme, {"ssl_context": context}
            )
            try:
                conn = cast(_GuardedConnection, pool._get_conn())
            except ClosedPoolError:
                # It made room for another origin between the two lines: ask for a new one.
                exchange.watch.remaining_seconds()
                continue
            break
        conn.exchange = exchange
        conn.dial = lambda: self._dialer.dial(exchange.route, exchange.watch)
        # Another call may have opened it under a rule that does not hold for this one.
        if conn.peer is not None and not self._dialer.may_reuse(exchange.route, conn.peer):
            conn.close()
        return pool, conn

    def _converse(self, conn: _GuardedConnection, exchange: Exchange) -> http.client.HTTPResponse:
        is_kept = not conn.is_closed
        try:
            return _request(conn, exchange)
        except (OSError, http.client.HTTPException) as error:
            # A kept connection may have been closed by the peer just now: not one byte of an answer says so.
            may_repeat = is_kept and exchange.hop.method in _SAFE_METHODS and exchange.received_bytes == 0
            if not (may_repeat and _is_hang_up(error)) or exchange.watch.has_ended():
                raise _answer_failure(error, exchange) from None
        conn.close()
        try:
            return _request(conn, exchange)
        except (OSError, http.client.HTTPException) as error:
            raise _answer_failure(error, exchange) from None


def _request(conn: _GuardedConnection, exchange: Exchange) -> http.client.HTTPResponse:
    watch, hop = exchange.watch, exchange.hop
    if conn.is_closed:
        with away():
            _connect(conn, watch)
    sock = cast(socket.socket, conn.sock)
    watch.hold(sock)
    conn.timeout = watch.remaining_seconds()
    # A peer may answer and close before it has read all of the body; what it said is worth more.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        conn.request(hop.method, hop.destination.target, hop.body, cast(Any, _WireHeaders(exchange.headers)))
    # Past urllib3's own getresponse, which writes the URL to the log when it cannot read a header.
    with away():
        response = http.client.HTTPConnection.getresponse(conn)
    exchange.in_head = False
    return response


def _connect(conn: _GuardedConnection, watch: Watch) -> None:
    conn.timeout = watch.remaining_seconds()
    try:
        conn.connect()
    except ssl.SSLError as error:
        raise watch.failure() if watch.has_ended() else tls_failure(error) from None
    except TimeoutError:
        raise watch.failure() from None
    except OSError:
        raise _hung_up() from None


def _is_hang_up(error: Exception) -> bool:
    return isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError)


def _hung_up() -> UpstreamUnreachable:
    return UpstreamUnreachable("The provider closed the connection without an answer.", reason="reset")


def _headers_too_large() -> UpstreamInvalid:
    return UpstreamInvalid("The provider's answer has too many or too large headers.", reason="headers")


def _answer_failure(error: Exception, exchange: Exchange) -> PatchbayError:
    """What went wrong between a request sent and the head of its answer."""
    if exchange.watch.has_ended() or isinstance(error, TimeoutError):
        return exchange.watch.failure()
    if isinstance(error, http.client.RemoteDisconnected) or _is_hang_up(error):
        return truncated() if exchange.received_bytes else _hung_up()
    if isinstance(error, ssl.SSLError):
        return tls_failure(error)
    if isinstance(error, http.client.BadStatusLine | http.client.UnknownProtocol):
        return UpstreamInvalid("The provider's answer is not HTTP.", reason="not_http")
    if isinstance(error, http.client.HTTPException):
        return _headers_too_large()
    return _hung_up()
