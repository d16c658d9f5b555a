"""A whole URL that is given as an input. Pure."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from errors import Invalid
from integrations.egress.messages import DEFAULT_PORTS
from integrations.egress.urls import read_authority
from integrations.manifests.base_url import PATH_SAFE

# Characters that browsers leave unescaped in a query stay so, because the URL may be signed as it is.
_QUERY_SAFE = PATH_SAFE + "?[]|^`{}"


def normalise_public_url(name: str, value: str) -> str:
    """The input's URL, encoded and without its fragment. Raises Invalid by field unless it is an http(s) URL."""

    def refuse(why: str) -> Invalid:
        return Invalid(
            f"`{name}` is not a URL that can be fetched: {why}.", errors={f"parameters.{name}": [why]}
        )

    text = value.strip()
    if re.search(r"[\x00-\x20\x7f\\]", text):
        raise refuse("it contains spaces, backslashes or control characters")
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise refuse("it is not valid") from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise refuse("it must start with http:// or https:// and name a host")
    if "@" in parts.netloc:
        raise refuse("it must not contain a user name or a password")
    path = quote(parts.path, safe=PATH_SAFE) or "/"
    query = quote(parts.query, safe=_QUERY_SAFE)
    try:
        netloc = (
            parts.netloc if parts.netloc.isascii() else _ascii_authority(parts.netloc, parts.scheme.lower())
        )
    except ValueError:
        raise refuse("its host name cannot be read") from None
    return f"{parts.scheme.lower()}://{netloc}{path}" + (f"?{query}" if query else "")


def _ascii_authority(authority: str, scheme: str) -> str:
    """The authority in ASCII. Only its host is encoded by IDNA (UTS #46); the port is not part of the name."""
    host, port, _ = read_authority(authority, DEFAULT_PORTS[scheme])
    return host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}"
