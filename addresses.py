"""Hosts, origins, URLs and networks as users write them in settings and clients in headers: read, and normalized.

Each function raises ValueError for a text that it does not read.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

# A path that every client writes the same way, at most 200 characters. No segment consists of dots.
PATH_PREFIX = re.compile(r"(?=.{1,200}\Z)(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+)+")
POSTGRESQL_SCHEMES = ("postgresql+psycopg", "postgresql", "postgres")
# The first segments of this server's own paths.
OWN_SEGMENTS = frozenset(
    {"api", "console", "docs", "healthz", "metrics", "notebook", "oauth", "readyz", "review", "signin"}
    | {"signout", "static"}
)
HOST_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*")


def parse_host(text: str) -> str:
    """A name or address to listen on, without the brackets of an IPv6 address."""
    host = text.strip("[]").lower()
    if not HOST_NAME.fullmatch(host):
        ipaddress.ip_address(host)
    return host


def parse_list(text: str) -> tuple[str, ...]:
    """The parts between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def parse_hosts(text: str) -> tuple[str, ...]:
    """Entries `name` or `name:port`, lower case; IPv6 addresses in brackets."""
    entries = tuple(entry.lower() for entry in parse_list(text))
    for entry in entries:
        split_host(entry)
    return entries


def split_host(entry: str) -> tuple[str, int | None]:
    """Host (an IPv6 address keeps its brackets) and port of `name`, `name:port` or `[address]:port`.

    Raises ValueError for anything else, userinfo, spaces and a trailing dot included.
    """
    match = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?", entry, re.IGNORECASE)
    if match is None:
        raise ValueError
    host, port = match[1].lower(), match[2]
    if host.startswith("["):
        host = f"[{ipaddress.IPv6Address(host[1:-1])}]"
    elif not HOST_NAME.fullmatch(host):
        raise ValueError
    return host, None if port is None else parse_int(port, lowest=1, highest=65535)


def parse_origins(text: str) -> tuple[str, ...]:
    """Origins as a browser writes them: scheme and host in lower case, no default port, no path."""
    return tuple(parse_origin(entry) for entry in parse_list(text))


def parse_origin(text: str) -> str:
    """An origin as a browser writes it. Raises ValueError for anything else."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError
    host, port = split_host(parts.netloc)
    default_port = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in {None, default_port} else f":{port}")


def parse_database_url(text: str) -> str:
    """The URL of a PostgreSQL database, as SQLAlchemy spells it."""
    parts = urlsplit(text)
    if parts.scheme not in POSTGRESQL_SCHEMES or not parts.path.strip("/"):
        raise ValueError
    return parts._replace(scheme=POSTGRESQL_SCHEMES[0]).geturl()


def parse_url(text: str) -> str:
    """A server's address: an origin, without a slash at the end."""
    return parse_origin(text)


def parse_public_url(text: str) -> str:
    """A server's address: an origin, and the path below which a proxy serves it; without a slash at the end."""
    parts = urlsplit(text)
    return parse_origin(parts._replace(path="").geturl()) + parse_prefix(parts.path)


def parse_prefix(text: str) -> str:
    """A path like `/patchbay`, without a slash at the end; "" for none.

    Raises ValueError for characters that would need an encoding, for dot segments, and for a path that begins like one
    of this server's own, because it could not be told whether a proxy has removed it.
    """
    prefix = text.rstrip("/")
    if prefix and not PATH_PREFIX.fullmatch(prefix):
        raise ValueError
    if prefix[1:].partition("/")[0] in OWN_SEGMENTS:
        raise ValueError
    return prefix


def parse_networks(text: str) -> tuple[str, ...]:
    """Addresses and CIDR ranges in their usual form. Raises ValueError for a range whose address lies inside it."""
    return tuple(str(ipaddress.ip_network(entry)) for entry in parse_list(text))


def parse_int(text: str, *, lowest: int, highest: int) -> int:
    """A whole number in these bounds. Raises ValueError for anything else."""
    if not re.fullmatch(r"[0-9]{1,18}", text) or not lowest <= int(text) <= highest:
        raise ValueError
    return int(text)
