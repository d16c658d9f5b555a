"""What pages of other origins may do: the checks of a request's Origin, and the CORS headers of its response."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from flask import Request, Response

from errors import ForeignOrigin, StorageFailed
from web.gate.access_tokens import Grant
from web.gate.hosts import SAFE_METHODS, origin_addressed
from web.gate.sessions import Session

if TYPE_CHECKING:
    from web.gate.gate import Caller, Gate

API_ROUTES = "/api/v1/"
# A page of any origin asks here for a token, without a credential.
CONNECT_PATH, CONNECT_TOKEN_PATH = f"{API_ROUTES}connect", f"{API_ROUTES}connect/token"
CONNECT_PATHS = frozenset({CONNECT_PATH, CONNECT_TOKEN_PATH})
EXPOSED_HEADERS = "Age, ETag, Retry-After, X-Cache, X-Pagination, X-Request-Id"
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
        "Traceparent, X-Request-Id"
    ),
    "Access-Control-Max-Age": "600",
}
WAY_IN = "Let it ask for a token of its own (POST /api/v1/connect), or list the origin in PATCHBAY_ALLOWED_ORIGINS."


class Sharing(Enum):
    """Whether a page may read the response to a request."""

    NONE = auto()
    BY_TOKEN = auto()
    """Only if it sent no cookie."""
    BY_CREDENTIALS = auto()


def sharing_with(gate: Gate, incoming: Request) -> Sharing:
    """Whether the page that sent the request may read its response: by its exact origin."""
    origin = incoming.environ.get("HTTP_ORIGIN")
    if gate.origins.accept(origin, origin_addressed(incoming.environ)):
        return Sharing.BY_CREDENTIALS
    if origin in {None, "null"}:
        return Sharing.NONE
    if incoming.path in CONNECT_PATHS or origin in named_origins(gate):
        return Sharing.BY_TOKEN
    return Sharing.NONE


def named_origins(gate: Gate) -> frozenset[str]:
    """The origins that valid tokens name; none while the store cannot be read."""
    try:
        return gate.tokens.origins()
    except StorageFailed:
        return frozenset()


def cors_headers(origin: str, sharing: Sharing) -> dict[str, str]:
    """The CORS headers for a script from `origin`: the exact origin or nothing, never `*`."""
    if sharing is Sharing.NONE:
        return {}
    headers = {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": EXPOSED_HEADERS}
    if sharing is Sharing.BY_CREDENTIALS:
        headers["Access-Control-Allow-Credentials"] = "true"
    return headers


def answer_preflight(gate: Gate, incoming: Request) -> Response:
    """Answers a CORS preflight request: 204 with the CORS headers, or ForeignOrigin."""
    if sharing_with(gate, incoming) is Sharing.NONE:
        raise ForeignOrigin(f"Pages of this origin may not call this server. {WAY_IN}")
    response = Response(status=204, headers=PREFLIGHT_HEADERS)
    response.vary.update(("Access-Control-Request-Method", "Access-Control-Request-Headers"))
    return response


def check_origin(gate: Gate, incoming: Request) -> None:
    """Raises ForeignOrigin for a change that a page of another origin requests, whoever calls."""
    if incoming.method in SAFE_METHODS or gate.is_trusted_origin(incoming.environ):
        return
    if sharing_with(gate, incoming) is Sharing.NONE:
        raise _may_not_change()


def check_origin_of_caller(gate: Gate, incoming: Request, caller: Caller) -> None:
    """Raises ForeignOrigin for a request from a page that the caller's session or token is not for.

    A named token is for its origins. The origins of tokens are not for sessions, nor for the owner's token.
    """
    if isinstance(caller, Grant):
        _check_token_use(gate, incoming, caller)
    elif isinstance(caller, Session):
        _check_session_use(gate, incoming)
    elif incoming.method not in SAFE_METHODS and not gate.is_trusted_origin(incoming.environ):
        raise _may_not_change()


def _check_token_use(gate: Gate, incoming: Request, grant: Grant) -> None:
    environ = incoming.environ
    origin, own_origin = environ.get("HTTP_ORIGIN"), origin_addressed(environ)
    if origin is None:
        # Programs send none, and browsers leave it out where a page reads from its own origin.
        if gate.origins.is_trusted_origin(None, environ.get("HTTP_SEC_FETCH_SITE"), own_origin):
            return
    elif origin in grant.origins or origin in {own_origin, gate.public_origin}:
        return
    named = " and ".join(sorted(grant.origins)) or "programs, and not for pages of other origins"
    raise ForeignOrigin(
        f"This token is for {named}; the request comes from {origin or 'another site'}.",
        origin=origin,
        token_origins=sorted(grant.origins),
    )


def _check_session_use(gate: Gate, incoming: Request) -> None:
    """A page of another origin may make a signed-in browser request nothing but a page.

    Browsers send cookies to every port of a host, also with images and frames.
    """
    if gate.is_trusted_origin(incoming.environ):
        return
    is_navigation = incoming.environ.get("HTTP_SEC_FETCH_MODE") == "navigate"
    if not is_navigation or incoming.path.startswith(API_ROUTES):
        raise ForeignOrigin(f"Pages of this origin may not use a session. {WAY_IN}")


def _may_not_change() -> ForeignOrigin:
    return ForeignOrigin(f"Pages of this origin may not change anything. {WAY_IN}")
