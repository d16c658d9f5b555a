"""The values that egress takes and gives: a request (`PreparedCall`) and its answer (`Answer`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

from integrations.egress.call_identity import CallIdentity
from plugin_store.vault.destinations import Destination

Redirects = Literal["none", "same_origin", "any"]

_START = re.compile(r"[^/?#]*//[^/?#]*")
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Tls:
    """The TLS settings of one call: whom to trust and what to present. Verification cannot be switched off.

    `ca_file` is a path or the certificates themselves, `fingerprint_sha256` 64 hex digits in lower case. `settings`
    says by which setting each word was filled, for whoever has to put it right.
    """

    ca_file: str | None = field(default=None, repr=False)
    client_cert_pem: str | None = field(default=None, repr=False)
    client_key_pem: str | None = field(default=None, repr=False)
    server_name: str | None = None
    fingerprint_sha256: str | None = None
    settings: tuple[tuple[str, str], ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DigestLogin:
    """The credentials for a Digest challenge (RFC 7616)."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CarriedSecret:
    """One secret in one place of a built request, with the destinations for which it is sealed.

    A token counts as each of the secrets that bought it.
    """

    name: str
    destination: Destination
    sealed: tuple[Destination, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """One complete HTTP request: only Host, framing and Accept-Encoding are added.

    `url` is absolute, encoded, ASCII. `secrets` are the plaintexts that the call carries, so that the door
    can refuse to carry them elsewhere and what echoes them can be redacted. `carried` accounts for them: where each
    stands, and where it may; None where nobody looked, and then a call with secrets is not sent. `connection_key`
    says whose connections it may go over; without one it gets a connection of its own, which is closed after it.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = field(default=None, repr=False)
    timeout_seconds: float = 10.0
    max_bytes: int = 10 * 1024 * 1024
    max_bytes_setting: str | None = None
    """The setting that allows a larger answer, if one does."""
    redirects: Redirects = "same_origin"
    public_only: bool = False
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    tls: Tls | None = None
    digest: DigestLogin | None = field(default=None, repr=False)
    is_repeatable: bool = True
    """Whether a GET or HEAD may be repeated if a kept connection closed before any answer."""
    carried: tuple[CarriedSecret, ...] | None = field(default=None, repr=False)
    connection_key: bytes | None = field(default=None, repr=False)
    is_check: bool = False
    """Whether only the head of the answer counts. Its body is not read; a redirect that may not be followed is one."""

    identify: Callable[[], CallIdentity] | None = field(default=None, repr=False, compare=False)
    """Tells which call this is, for samples; None for token requests, which have none."""

    @property
    def origin(self) -> str:
        return origin_of(self.url)

    def __repr__(self) -> str:
        # The URL's path and query, the headers and the body may all hold a secret.
        return f"<PreparedCall {self.method} {self.origin}>"


@dataclass(frozen=True, slots=True)
class Headers:
    """Response headers as they came; lookup ignores case."""

    items: tuple[tuple[str, str], ...] = ()
    _values: dict[str, list[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        values: dict[str, list[str]] = {}
        for name, value in self.items:
            values.setdefault(name.lower(), []).append(value)
        object.__setattr__(self, "_values", values)

    def get(self, name: str, default: str | None = None) -> str | None:
        """The header's value, several joined by a comma as RFC 9110 section 5.3 allows."""
        values = self._values.get(name.lower())
        return ", ".join(values) if values else default

    def get_all(self, name: str) -> list[str]:
        return list(self._values.get(name.lower(), ()))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer: `body` is complete, decoded from its content coding, and within the call's size limit."""

    status: int
    headers: Headers
    body: bytes = field(repr=False)
    origin: str
    duration_seconds: float
    received_bytes: int
    redirected: bool = False
    visited: tuple[str, ...] = field(default=(), repr=False)
    """The URLs that redirects led to, in order. They may hold a secret."""


def origin_of(url: str) -> str:
    """`scheme://host:port` with the port always written, so that two origins compare as strings."""
    # Cut off what follows the authority: it differs from call to call, and may hold a secret.
    start = _START.match(url)
    return _origin_of(start[0] if start else url)


@lru_cache(maxsize=512)
def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    return f"{scheme}://{host}:{parts.port or DEFAULT_PORTS.get(scheme, 0)}"
