"""Opens a socket: one name lookup, every address checked, and only a checked address is connected to."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass
from ipaddress import IPv6Address

from errors import EgressRefused, UpstreamUnreachable
from integrations.egress.addresses import Address
from integrations.egress.deadline import CallDeadline
from integrations.egress.guard import EgressPolicy, EgressVerdict, OwnListeners
from integrations.egress.names import NameResolver
from integrations.egress.urls import Destination

CONNECT_TIMEOUT_SECONDS = 5.0
MAX_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call goes and who named it: URLs from inputs and redirects are checked and explained differently."""

    destination: Destination
    public_only: bool
    is_redirected: bool


class Dialer:
    """Opens the sockets of every call."""

    def __init__(
        self,
        policy: EgressPolicy,
        own: OwnListeners,
        resolver: NameResolver,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
    ) -> None:
        self._policy = policy
        self._own = own
        self._resolver = resolver
        self._connect_timeout_seconds = connect_timeout_seconds

    def judge(self, destination: Destination, public_only: bool) -> EgressVerdict:
        """The verdict on a destination without any network access."""
        return self._policy.judge_host(destination, self._own, public_only=public_only)

    def may_reuse(self, route: Route, peer: Address) -> bool:
        """Whether an open connection to `peer` may be used for this route."""
        return self._judge_addresses(route, [peer]).allowed

    def dial(self, route: Route, watch: CallDeadline) -> tuple[socket.socket, Address]:
        """A connected socket and the checked address that it is connected to.

        Raises EgressRefused, UpstreamUnreachable (dns, refused, connect_timeout) or DeadlineExceeded.
        """
        destination = route.destination
        _check(self.judge(destination, route.public_only), route)
        if destination.address is not None:
            addresses = [destination.address]
        else:
            addresses = self._resolver.addresses_of(destination.host, destination.port, watch)
        # One refused address refuses the name: a name with public and private addresses cannot be trusted.
        _check(self._judge_addresses(route, addresses), route)
        return self._connect(addresses[:MAX_ATTEMPTS], destination.port, watch)

    def _judge_addresses(self, route: Route, addresses: list[Address]) -> EgressVerdict:
        return self._policy.judge_addresses(
            route.destination, addresses, self._own, public_only=route.public_only
        )

    def _connect(
        self, addresses: list[Address], port: int, watch: CallDeadline
    ) -> tuple[socket.socket, Address]:
        seconds_left = min(self._connect_timeout_seconds, watch.remaining_seconds())
        share_seconds = seconds_left / len(addresses)
        has_timed_out = False
        for address in addresses:
            try:
                return _open_socket(address, port, min(share_seconds, watch.remaining_seconds())), address
            except TimeoutError:
                has_timed_out = True
            except OSError:
                continue
        watch.remaining_seconds()
        if has_timed_out:
            raise UpstreamUnreachable("The provider does not accept connections.", reason="connect_timeout")
        raise UpstreamUnreachable("The provider refuses connections.", reason="refused")


def _check(verdict: EgressVerdict, route: Route) -> None:
    if verdict.allowed:
        return
    if route.is_redirected:
        # The provider chose this address; neither the manifest nor the settings named it.
        raise EgressRefused("The provider redirects to an address that is not allowed.", reason="redirect")
    raise EgressRefused(verdict.reason, reason="address")


def _open_socket(address: Address, port: int, timeout_seconds: float) -> socket.socket:
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout_seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect((str(address), port))
    except BaseException:
        sock.close()
        raise
    return sock


def is_local_address(address: Address) -> bool:
    """Whether this machine itself has the address: only then can a socket be bound to it."""
    if address.is_loopback:
        return True
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((str(address), 0))
        return True
    return False
