"""What reverse proxies in front of this server tell about a request, and the path prefix below which they serve it.

A request of a trusted proxy carries the client's address, scheme, host and prefix in X-Forwarded-* headers. Those of
anybody else are ignored. Afterwards the request looks as if the client had sent it directly to a server mounted at the
prefix: `SCRIPT_NAME` is the prefix, and `PATH_INFO` is the path below it (PEP 3333).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from addresses import parse_prefix, split_host
from settings import Settings
from web.gate.hosts import DEFAULT_PORTS, Address, HostNames

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# More than proxies stand in a row.
MAX_HOPS = 32
MAX_ADDRESS_LENGTH = 45


@dataclass(frozen=True, slots=True)
class Proxies:
    """The trusted proxies of one server, and its configured prefix: None if proxies tell it with each request."""

    networks: tuple[Network, ...]
    prefix: str | None
    hosts: HostNames

    @classmethod
    def of(cls, settings: Settings, hosts: HostNames) -> Proxies | None:
        """None if no proxy is trusted and no prefix configured, so that requests are taken as they are."""
        if not settings.trusted_proxies and not settings.public_prefix:
            return None
        networks = tuple(ipaddress.ip_network(entry) for entry in settings.trusted_proxies)
        return cls(networks, settings.public_prefix, hosts)

    def apply(self, environ: dict[str, Any]) -> None:
        """Changes a request's environ to what the client sent. To be called once."""
        prefix = self.prefix
        if self._is_trusted(environ.get("REMOTE_ADDR", "")):
            self._take_forwarded(environ)
            if prefix is None:
                prefix = read_prefix(environ)
        if prefix:
            environ["SCRIPT_NAME"] = prefix
            environ["PATH_INFO"] = path_below(prefix, environ["PATH_INFO"])

    def _take_forwarded(self, environ: dict[str, Any]) -> None:
        environ["REMOTE_ADDR"] = self._client_address(environ)
        environ["wsgi.url_scheme"] = read_scheme(environ) or environ["wsgi.url_scheme"]
        host = read_host(environ)
        # The Host that the proxy was asked for may be a stranger's, with a header that a stranger's page added.
        if host is not None and self.hosts.accepts(environ.get("HTTP_HOST")):
            environ["HTTP_HOST"] = host

    def _client_address(self, environ: Mapping[str, Any]) -> str:
        """The nearest address that is not a trusted proxy's. What is beyond it may be invented."""
        nearest = environ["REMOTE_ADDR"]
        hops = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
        for hop in hops[: -MAX_HOPS - 1 : -1]:
            address = read_address(hop)
            if address is None:
                break
            nearest = str(address)
            if not self._is_trusted(nearest):
                break
        return nearest

    def _is_trusted(self, text: str) -> bool:
        address = _parse_address(text)
        return address is not None and any(address in network for network in self.networks)


@lru_cache(maxsize=256)
def _parse_address(text: str) -> Address | None:
    """The address; an IPv4 address that is mapped into IPv6 counts as itself. None if it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def read_address(hop: str) -> Address | None:
    """The address of one entry of X-Forwarded-For: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`."""
    text = hop.strip(" \t")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    # A zone (RFC 4007) is a name of another machine's interface.
    return None if "%" in text or len(text) > MAX_ADDRESS_LENGTH else _parse_address(text)


def read_scheme(environ: Mapping[str, Any]) -> str | None:
    """`http` or `https` of X-Forwarded-Proto; None for anything else."""
    scheme = _last_value(environ, "HTTP_X_FORWARDED_PROTO").lower()
    return scheme if scheme in DEFAULT_PORTS else None


def read_host(environ: Mapping[str, Any]) -> str | None:
    """The host of X-Forwarded-Host without the scheme's default port; None if there is none.

    A malformed one is returned as it is, so that it is refused like a malformed Host.
    """
    text = _last_value(environ, "HTTP_X_FORWARDED_HOST")
    try:
        host, port = split_host(text)
    except ValueError:
        return text or None
    return host if port in {None, DEFAULT_PORTS[environ["wsgi.url_scheme"]]} else f"{host}:{port}"


def read_prefix(environ: Mapping[str, Any]) -> str:
    """The path of X-Forwarded-Prefix; "" for none, or for one that could not be configured either."""
    try:
        return parse_prefix(_last_value(environ, "HTTP_X_FORWARDED_PREFIX"))
    except ValueError:
        return ""


def path_below(prefix: str, path: str) -> str:
    """The path without the prefix, whether the proxy removed it or passed it on."""
    if path == prefix:
        return "/"
    return path[len(prefix) :] if path.startswith(f"{prefix}/") else path


def _last_value(environ: Mapping[str, Any], name: str) -> str:
    """The value that the nearest proxy added, of a list."""
    return environ.get(name, "").rpartition(",")[2].strip(" \t")
