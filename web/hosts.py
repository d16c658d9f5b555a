"""Which Host and Origin headers are ours: pure decisions over values."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from settings import Settings, split_host

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORTS = {"http": 80, "https": 443}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Whether listening on `host` is reachable from this machine only."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_any_address(host: str) -> bool:
    return host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound


@dataclass(frozen=True, slots=True)
class HostNames:
    """The names under which this server may be addressed: (host, port), port None for a bare name."""

    accepted: frozenset[tuple[str, int | None]]

    @classmethod
    def of(cls, settings: Settings) -> HostNames:
        """Loopback names when loopback is served, the address itself, and what is configured."""
        port = settings.port
        names = {(_bracketed(settings.host), port)}
        if is_loopback(settings.host) or is_any_address(settings.host):
            names |= {(name, port) for name in LOOPBACK_NAMES}
        for entry in settings.allowed_hosts:
            host, own_port = split_host(entry)
            # A bare name serves behind a reverse proxy, whose clients leave the default port out.
            names |= {(host, own_port)} if own_port else {(host, None), (host, port)}
        return cls(frozenset(name for name in names if not is_any_address(name[0].strip("[]"))))

    def accepts(self, header: str | None) -> bool:
        """Whether a Host header is well formed and names this server."""
        try:
            host, port = _read_host(header or "")
        except ValueError:
            return False
        return (host, port) in self.accepted or (port is None and (host, 80) in self.accepted)


# A server is addressed by few names, over and over.
_read_host = lru_cache(maxsize=64)(split_host)


def _bracketed(host: str) -> str:
    return f"[{ipaddress.IPv6Address(host)}]" if ":" in host else host


@dataclass(frozen=True, slots=True)
class Origins:
    """The origins whose scripts may use this server: those configured, and the server's own."""

    configured: frozenset[str]

    def accept(self, origin: str | None, own_origin: str) -> bool:
        """Whether an Origin header is exactly one of ours; `null` and look-alikes never are."""
        return origin is not None and (origin == own_origin or origin in self.configured)

    def comes_from_us(self, origin: str | None, fetch_site: str | None, own_origin: str) -> bool:
        """Whether a request comes from a page of ours, or from no page at all.

        A program sends neither header. A browser sends Origin with each request that changes something or that a
        script may read; where it sends only Sec-Fetch-Site, another site is refused, and another port or subdomain
        of this one too.
        """
        if origin is not None:
            return self.accept(origin, own_origin)
        return fetch_site in {None, "same-origin", "none"}
