"""A browser's name and system from a User-Agent header, for users. Pure."""

from __future__ import annotations

import re

UNKNOWN = "Unknown"
MAX_LENGTH = 40
# A header mentions other browsers beside its own name, so the more specific names come first.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iPadOS"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
PRODUCT = re.compile(r"[A-Za-z0-9!#$&'*+.^_`|~-]+")


def name_user_agent(header: str | None) -> str:
    """`Firefox on Linux`; the first product's name where no browser is known; `Unknown` for none."""
    text = header or ""
    system = _find(SYSTEMS, text)
    product = PRODUCT.match(text)
    browser = _find(BROWSERS, text) or (product[0][:MAX_LENGTH] if product else None)
    if browser is None:
        return UNKNOWN
    return f"{browser} on {system}" if system else browser


def _find(names: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for mark, name in names if mark in text), None)
