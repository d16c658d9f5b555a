"""What a user's browser does to connect an account: go to the provider, grant access, return."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 30.0


def needs_sign_in(declaration: Mapping[str, Any]) -> bool:
    """Whether the plugin calls on behalf of a user who must sign in at the provider."""
    integration = declaration["manifest"].get("integration") or {}
    return integration.get("auth_method") == "oauth2_authorization_code"


def approve(authorization_url: str) -> str:
    """The URL to which the provider sends the browser back. The sandbox grants access at once.

    Raises ConnectionError if the provider does not redirect.
    """
    status, location = visit(authorization_url)
    if status != 302 or location is None:
        raise ConnectionError(f"The provider answered {status} instead of sending the browser back.")
    return location


def visit(url: str) -> tuple[int, str | None]:
    """The status of a page on loopback and where it redirects to; nothing is followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        answer.read()
        return answer.status, answer.headers.get("Location")
    finally:
        connection.close()
