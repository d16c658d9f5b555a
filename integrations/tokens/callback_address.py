"""Which address a provider sends the browser back to: pure, from the settings and what a request tells."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from errors import SettingsIncomplete

CALLBACK_PATH = "/oauth/callback"


@dataclass(frozen=True, slots=True)
class BrowserRequest:
    """How a browser reached us: our origin by the Host that arrived here, and what its headers say of the page."""

    own_origin: str
    origin: str | None = None
    referer: str | None = None
    fetch_site: str | None = None
    forwarded_proto: str | None = None


def callback_address(public_url: str | None, approach: BrowserRequest) -> str:
    """The redirect URI (RFC 6749 section 3.1.2): at the public address where one is set, else where the page is.

    Raises SettingsIncomplete where the page is reached by https and we could only name an http address: the provider
    would refuse it, or send the browser to where nobody is.
    """
    if public_url is not None:
        return public_url + CALLBACK_PATH
    page = _page_origin(approach)
    if page is not None and urlsplit(page).netloc == urlsplit(approach.own_origin).netloc:
        return page + CALLBACK_PATH
    if _is_behind_tls(approach, page):
        named = page or f"https://{urlsplit(approach.own_origin).netloc}"
        raise SettingsIncomplete(
            f"This page is reached by https, but the provider would send the browser back to {approach.own_origin}: "
            f"set PATCHBAY_PUBLIC_URL to the address that people open, such as {named}, and start Patchbay again."
        )
    return approach.own_origin + CALLBACK_PATH


def _page_origin(approach: BrowserRequest) -> str | None:
    """The origin of the page that asks, by its Origin header or else its Referer; None where neither is one."""
    for header in (approach.origin, approach.referer):
        parts = urlsplit(header) if header and header.isascii() and header.isprintable() else None
        if parts and parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc:
            return f"{parts.scheme}://{parts.netloc}".lower()
    return None


def _is_behind_tls(approach: BrowserRequest, page: str | None) -> bool:
    """Whether a proxy that ends TLS stands before us. A page of another site may be https for itself alone."""
    if (approach.forwarded_proto or "").strip().lower() == "https":
        return True
    return approach.fetch_site == "same-origin" and page is not None and page.startswith("https://")
