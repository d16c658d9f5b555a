"""Which Host and Origin headers are accepted: pure decisions over values."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from addresses import split_host
from settings import Settings

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORTS = {"http": 80, "https": 443}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Whether listening on `host` is only reachable from this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin_addressed(environ: Mapping[str, Any]) -> str:
    """The origin of this server, by the host name that a request uses."""
    return f"{environ['wsgi.url_scheme']}://{environ.get('HTTP_HOST', '')}".lower()


def is_any_address(host: str) -> bool:
    return host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class HostNames:
    """The accepted host names of this server: (host, port), port None for a bare name.

    A server that listens on all addresses also accepts each current address of the machine, on `own_port`.
    """

    accepted: frozenset[tuple[str, int | None]]
    own_port: int
    own_addresses: Callable[[], Iterable[Address]]

    @classmethod
    def of(cls, settings: Settings, machine_addresses: Callable[[], Iterable[Address]] = tuple) -> HostNames:
        """Loopback names if loopback is served, the listening address, and the configured names."""
        port = settings.port
        names = {(_bracketed(settings.host), port)}
        if is_loopback(settings.host) or is_any_address(settings.host):
            names |= {(name, port) for name in LOOPBACK_NAMES}
        for entry in settings.allowed_hosts:
            host, own_port = split_host(entry)
            # A bare name serves behind a reverse proxy, whose clients leave the default port out.
            names |= {(host, own_port)} if own_port else {(host, None), (host, port)}
        if settings.public_url:
            host, own_port = split_host(urlsplit(settings.public_url).netloc)
            # Reverse proxies pass the Host on unchanged, or without its port, or with ours.
            names |= {(host, own_port), (host, None), (host, port)}
        accepted = frozenset(name for name in names if not is_any_address(name[0].strip("[]")))
        return cls(accepted, port, machine_addresses if is_any_address(settings.host) else tuple)

    def accepts(self, header: str | None) -> bool:
        """Whether a Host header is well formed and names this server."""
        try:
            host, port = _read_host(header or "")
        except ValueError:
            return False
        if (host, port) in self.accepted or (port is None and (host, 80) in self.accepted):
            return True
        return (port or DEFAULT_PORTS["http"]) == self.own_port and self._is_own_address(host)

    def _is_own_address(self, host: str) -> bool:
        # Unlike a name, an address cannot be redirected by DNS. Read anew each time, because networks change.
        try:
            address = ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            return False
        return address in self.own_addresses()


# A server is addressed by the same few names.
_read_host = lru_cache(maxsize=64)(split_host)


def _bracketed(host: str) -> str:
    return f"[{ipaddress.IPv6Address(host)}]" if ":" in host else host


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins whose scripts may use this server: the configured ones, and the server's own."""

    configured: frozenset[str]

    @classmethod
    def of(cls, settings: Settings) -> Origins:
        """The allowed origins of frontends, and the public one behind a proxy."""
        public = {settings.public_origin} if settings.public_origin else set()
        return cls(frozenset({*settings.allowed_origins, *public}))

    def accept(self, origin: str | None, own_origin: str) -> bool:
        """Whether an Origin header is exactly an accepted one; `null` and look-alikes never are."""
        return origin is not None and (origin == own_origin or origin in self.configured)

    def is_trusted_origin(self, origin: str | None, fetch_site: str | None, own_origin: str) -> bool:
        """Whether a request comes from one of our pages, or not from a page at all.

        A program sends neither header. A browser sends Origin with each request that changes something or that a script
        may read. If it sends only Sec-Fetch-Site, requests from other sites are refused, and so are those from another
        port or subdomain.
        """
        if origin is not None:
            return self.accept(origin, own_origin)
        return fetch_site in {None, "same-origin", "none"}
