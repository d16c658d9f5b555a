"""The head of a request, as it goes out: checked, and complete with Host and framing (RFC 9112)."""

from __future__ import annotations

import re

from errors import EgressRefused
from integrations.egress.codings import ACCEPT_ENCODING
from integrations.egress.messages import DEFAULT_PORTS
from integrations.egress.redirects import Hop
from integrations.egress.urls import Destination

_METHOD = re.compile(r"[A-Z]{1,16}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_OWN_HEADERS = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "proxy-authorization",
        "proxy-connection",
    }
)
# A request by another method says that it has no body (RFC 9110 section 8.6).
_BODILESS_METHODS = frozenset({"GET", "HEAD", "DELETE", "TRACE", "OPTIONS", "CONNECT"})


def write_head(hop: Hop, user_agent: str) -> bytes:
    """Request line and headers, those of the hop in their order and last; EgressRefused for what may not be sent."""
    names = _check_headers(hop.headers)
    if not _METHOD.fullmatch(hop.method):
        raise EgressRefused("The call's method is not one that HTTP knows.", reason="method")
    lines = [f"{hop.method} {hop.destination.target} HTTP/1.1", f"Host: {_host_of(hop.destination)}"]
    if hop.body is not None or hop.method not in _BODILESS_METHODS:
        lines.append(f"Content-Length: {len(hop.body or b'')}")
    if "user-agent" not in names:
        lines.append(f"User-Agent: {user_agent}")
    if "accept-encoding" not in names:
        lines.append(f"Accept-Encoding: {ACCEPT_ENCODING}")
    lines += [f"{name}: {text}" for name, text in hop.headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _check_headers(headers: tuple[tuple[str, str], ...]) -> set[str]:
    """The headers' names in lower case."""
    names = {name.lower() for name, _ in headers}
    if forbidden := names & _OWN_HEADERS:
        raise EgressRefused(f"A call may not set the header {min(forbidden)}.", reason="headers")
    for name, text in headers:
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(text)):
            raise EgressRefused(
                "A header of the call holds a character that may not be sent.", reason="headers"
            )
    return names


def _host_of(destination: Destination) -> str:
    host = f"[{destination.host}]" if ":" in destination.host else destination.host
    return host if destination.port == DEFAULT_PORTS[destination.scheme] else f"{host}:{destination.port}"
