"""What is said to a request under a name that is not this server's: a page for a person, a problem for a program."""

from __future__ import annotations

from flask import Response, render_template, request

from errors import UnknownHost
from settings import split_host


def unknown_host(header: str | None, own_port: int) -> UnknownHost:
    """The refusal of a Host header. It names the header's host only where that is one, so at most 253 characters."""
    try:
        host, port = split_host(header or "")
    except ValueError:
        return UnknownHost("The Host header cannot be read as the name of a server.", entry=None)
    # A bare name goes for the default port and for ours.
    entry = host if port in {None, own_port} else f"{host}:{port}"
    return UnknownHost(
        f"This server does not answer to {entry}. If that is a name of yours, add it to PATCHBAY_ALLOWED_HOSTS "
        f"and start Patchbay again.",
        entry=entry,
    )


def wants_page() -> bool:
    """Whether a person's browser asks, by method and Accept."""
    best = request.accept_mimetypes.best_match(["application/json", "text/html"])
    return best == "text/html" and request.method in {"GET", "HEAD"}


def answer_with_page(error: UnknownHost) -> Response:
    """The page that says what to set. It needs no stylesheet, which this name would be refused too."""
    html = render_template("unknown-host.html", entry=error.entry, detail=error.detail)
    return Response(html, error.status, {"Cache-Control": "no-store"}, mimetype="text/html")
