"""The callback URL that a provider sends the browser to. Pure: built from the settings and the request."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from errors import SettingsIncomplete

CALLBACK_PATH = "/oauth/callback"


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """The browser's request: our origin by its Host header, our path prefix, and its headers about the page."""

    own_origin: str
    prefix: str = ""
    origin: str | None = None
    referer: str | None = None
    fetch_site: str | None = None
    forwarded_proto: str | None = None


def callback_address(public_url: str | None, approach: BrowserRequest) -> str:
    """The redirect URI (RFC 6749 section 3.1.2): at the public URL if one is set, else at the page's origin.

    Raises SettingsIncomplete if the page uses https but only an http URL is known: the provider would refuse that, or
    send the browser to a URL where nothing answers.
    """
    if public_url is not None:
        return public_url + CALLBACK_PATH
    page = _page_origin(approach)
    if page is not None and urlsplit(page).netloc == urlsplit(approach.own_origin).netloc:
        return page + approach.prefix + CALLBACK_PATH
    if _is_behind_tls(approach, page):
        named = page or f"https://{urlsplit(approach.own_origin).netloc}"
        raise SettingsIncomplete(
            f"This page is reached by https, but the provider would send the browser back to {approach.own_origin}: "
            f"set PATCHBAY_PUBLIC_URL to the address that people open, such as {named}, and start Patchbay again."
        )
    return approach.own_origin + approach.prefix + CALLBACK_PATH


def _page_origin(approach: BrowserRequest) -> str | None:
    """The origin of the requesting page, from its Origin or else its Referer header; None if both are missing."""
    for header in (approach.origin, approach.referer):
        parts = urlsplit(header) if header and header.isascii() and header.isprintable() else None
        if parts and parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc:
            return f"{parts.scheme}://{parts.netloc}".lower()
    return None


def _is_behind_tls(approach: BrowserRequest, page: str | None) -> bool:
    """Whether a TLS-terminating proxy is in front of us. The scheme of a page of another site proves nothing."""
    if (approach.forwarded_proto or "").strip().lower() == "https":
        return True
    return approach.fetch_site == "same-origin" and page is not None and page.startswith("https://")
