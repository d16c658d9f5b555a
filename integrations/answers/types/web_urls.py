"""URLs found in a provider's data: made absolute, and limited to those that a browser may follow."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

MAX_LENGTH = 4096
# Browsers strip these from a URL before they read its scheme (WHATWG URL).
_STRIPPED = re.compile(r"[\x00-\x1f\x7f]")
_SCHEMES = ("http", "https")


def web_url(
    address: object, base_url: str | None = None, *, schemes: tuple[str, ...] = _SCHEMES
) -> str | None:
    """The absolute http or https URL of `address`, relative to `base_url`, or None."""
    if not isinstance(address, str) or len(address) > MAX_LENGTH:
        return None
    cleaned = _STRIPPED.sub("", address).strip()
    if not cleaned:
        return None
    try:
        absolute = urljoin(base_url, cleaned) if base_url else cleaned
        parts = urlsplit(absolute)
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in schemes or (scheme in _SCHEMES and not parts.hostname):
        return None
    return absolute.replace(" ", "%20")
