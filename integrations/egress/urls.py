"""Where a URL leads, read strictly: what a lenient parser would repair is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import idna

from integrations.egress.addresses import Address, read_address
from integrations.egress.messages import DEFAULT_PORTS

MAX_URL_CHARACTERS = 65_536

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)")
_AUTHORITY = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::(.*))?")
_PORT = re.compile(r"[0-9]{1,5}")
# An underscore is no letter of a host name, but Docker and Windows give such names to machines.
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one request goes: `host` canonical (lower case, IPv6 without brackets), `target` as given."""

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None

    @property
    def authority(self) -> str:
        """`host:port`, as a person would write it in an allow-list."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    def __repr__(self) -> str:
        # The target may hold a secret.
        return f"<Destination {self.origin}>"


def read_url(url: str) -> Destination:
    """The destination of an absolute http or https URL; its path and query stay byte for byte.

    Raises ValueError with a sentence for the person who gave the URL; it never quotes the URL.
    """
    if len(url) > MAX_URL_CHARACTERS:
        raise ValueError("The URL is too long.")
    if _UNSAFE.search(url):
        raise ValueError("The URL contains a space, a backslash or a control character.")
    if "#" in url:
        raise ValueError("The URL contains a fragment (#), which is never sent.")
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("The URL is not absolute: it must start with http:// or https://.")
    scheme, authority, target = match[1].lower(), match[2], match[3]
    if scheme not in DEFAULT_PORTS:
        raise ValueError("Only http and https URLs can be called.")
    if not target.isascii():
        raise ValueError("The URL's path or query contains a character that must be percent-encoded.")
    host, port, address = read_authority(authority, DEFAULT_PORTS[scheme])
    return Destination(scheme, host, port, target if target.startswith("/") else f"/{target}", address)


# A name or an address is all that stands here and is kept; paths and queries may hold secrets.
@lru_cache(maxsize=512)
def read_authority(authority: str, default_port: int) -> tuple[str, int, Address | None]:
    """Host, port and address of what stands between `//` and the path; ValueError with a sentence otherwise."""
    if "@" in authority:
        raise ValueError("The URL contains a user name or a password.")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise ValueError("The URL's host cannot be read.")
    host, address = read_host(match[1])
    port = default_port if match[2] is None else read_port(match[2])
    return host, port, address


def read_port(text: str) -> int:
    """A port from 1 to 65535; ValueError otherwise."""
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= 65_535:
        raise ValueError("The port is not a number from 1 to 65535.")
    return int(text)


def read_host(text: str) -> tuple[str, Address | None]:
    """A host in its one canonical spelling, and the address that it is, if it is one.

    Names in other scripts and look-alike digits become ASCII by IDNA (UTS #46) before anything is decided.
    """
    if not text:
        raise ValueError("The URL names no host.")
    host = text if text.isascii() else _to_ascii(text)
    address = read_address(host)
    if address is not None:
        return str(address), address
    name = host.lower().removesuffix(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError("The URL's host is not a valid name.")
    return name, None


def _to_ascii(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except UnicodeError:
        raise ValueError("The URL's host is not a valid name.") from None
