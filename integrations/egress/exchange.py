"""One request and its answer over a connection, and the failures that can happen."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from http.client import HTTPMessage

from errors import PatchbayError, UpstreamInvalid, UpstreamUnreachable
from integrations.egress.codings import truncated
from integrations.egress.deadline import CallDeadline
from integrations.egress.dial import Route
from integrations.egress.messages import Tls
from integrations.egress.redirects import Hop
from integrations.egress.tls import tls_failure

_BODILESS_METHODS = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"})
_SAFE_METHODS = frozenset({"GET", "HEAD"})


@dataclass(slots=True)
class Exchange:
    """What one request needs; `received_bytes` counts all bytes that the peer sent.

    `owner` says who may reuse the connection; with None nobody may. `is_sent`: the whole request was written.
    """

    hop: Hop
    headers: HTTPMessage
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

    @property
    def body(self) -> bytes | None:
        """The body to send; empty instead of None for methods that usually have one (RFC 9110 section 8.6)."""
        return b"" if self.hop.body is None and self.hop.method not in _BODILESS_METHODS else self.hop.body

    def count(self, size_bytes: int) -> None:
        """Count bytes that arrived; UpstreamInvalid if there are too many."""
        self.received_bytes += size_bytes
        if self.received_bytes > self.max_received_bytes:
            raise UpstreamInvalid("The provider's answer does not end.", reason="too_large")

    def may_be_repeated(self, error: Exception) -> bool:
        """Whether the request may be repeated over a new connection after it failed on a kept one.

        The peer may just have closed the kept one, so that no byte of an answer arrived; or what arrived is not HTTP
        and most likely the rest of an earlier answer.
        """
        if self.hop.method not in _SAFE_METHODS or not self.hop.is_repeatable or self.watch.has_ended():
            return False
        if isinstance(error, UpstreamInvalid):
            return error.extensions.get("reason") == "not_http"
        return self.received_bytes == 0 and _is_hang_up(error)

    def failure(self, error: OSError, *, is_connected: bool) -> PatchbayError:
        """The failure for an error before the head of an answer was read: while connecting, or after."""
        if self.watch.has_ended() or isinstance(error, TimeoutError):
            return self.watch.failure()
        if isinstance(error, ssl.SSLError) and not (is_connected and _is_hang_up(error)):
            return tls_failure(error)
        if self.received_bytes and _is_hang_up(error):
            return truncated()
        return UpstreamUnreachable("The provider closed the connection without an answer.", reason="reset")


def _is_hang_up(error: Exception) -> bool:
    return isinstance(error, ConnectionError | ssl.SSLEOFError | ssl.SSLZeroReturnError)
