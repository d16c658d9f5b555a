"""The answer to a request with an unknown Host: a page for a user, a problem for a program."""

from __future__ import annotations

from flask import Response, render_template, request

from addresses import split_host
from errors import UnknownHost


def unknown_host(header: str | None, own_port: int) -> UnknownHost:
    """The refusal of a Host header. It names the header's host only if it is valid, so at most 253 characters."""
    try:
        host, port = split_host(header or "")
    except ValueError:
        return UnknownHost("The Host header is not a valid host name.", entry=None)
    # A bare name covers the default port and ours.
    entry = host if port in {None, own_port} else f"{host}:{port}"
    return UnknownHost(
        f"This server does not answer to {entry}. If the name is yours, add it to PATCHBAY_ALLOWED_HOSTS "
        f"and start Patchbay again.",
        entry=entry,
    )


def wants_page() -> bool:
    """Whether a user's browser asks for a page, by method and Accept."""
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return best == "text/html" and request.method in {"GET", "HEAD"}


def answer_with_page(error: UnknownHost) -> Response:
    """The page that says which setting to change. It has no stylesheet, which would be refused for this host too."""
    html = render_template("unknown-host.html", entry=error.entry, detail=error.detail)
    return Response(html, error.status, {"Cache-Control": "no-store"}, mimetype="text/html")
