"""The headers of a request: our own, then those of the call after a check (RFC 9112)."""

from __future__ import annotations

import re
from http.client import HTTPMessage

from errors import EgressRefused
from integrations.egress.codings import ACCEPT_ENCODING
from integrations.egress.redirects import Hop

_METHOD = re.compile(r"[A-Z]{1,16}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
# urllib3 writes Host and Content-Length. It does not send a header with this value.
_LEFT_OUT = "@@@SKIP_HEADER@@@"
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


def request_headers(hop: Hop, user_agent: str) -> HTTPMessage:
    """The headers of the hop beside Host and framing, in order and spelling, with repeated names in place.

    Raises EgressRefused for what may not be sent.
    """
    names = _check_headers(hop.headers)
    if not _METHOD.fullmatch(hop.method):
        raise EgressRefused("The call's method is not a valid HTTP method.", reason="method")
    ours = (("User-Agent", user_agent), ("Accept-Encoding", ACCEPT_ENCODING))
    headers = HTTPMessage()
    for name, text in (*(pair for pair in ours if pair[0].lower() not in names), *hop.headers):
        headers[name] = text
    return headers


def _check_headers(headers: tuple[tuple[str, str], ...]) -> set[str]:
    """The headers' names in lower case."""
    names = {name.lower() for name, _ in headers}
    if forbidden := names & _OWN_HEADERS:
        raise EgressRefused(f"A call may not set the header {min(forbidden)}.", reason="headers")
    for name, text in headers:
        if not (_HEADER_NAME.fullmatch(name) and _HEADER_VALUE.fullmatch(text)) or text == _LEFT_OUT:
            raise EgressRefused(
                "A header of the call contains a character that is not allowed.", reason="headers"
            )
    return names
