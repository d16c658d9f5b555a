"""The gate before every route: right host, origin, token and body; safe headers on the way out.

It stands before routing is acted upon, so an address that does not exist is guarded like one that does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Request, Response, redirect, request

from errors import ForeignOrigin, NotJson, StorageFailed, TooLarge
from integrations.tokens.callback_address import CALLBACK_PATH
from settings import Settings
from web.client_files import CLIENT_HEADERS, CLIENT_PATHS
from web.host_page import unknown_host
from web.hosts import SAFE_METHODS, HostNames, Origins
from web.machine_addresses import machine_addresses
from web.strangers import refusal
from web.tokens import HeldToken, equal_in_constant_time

API_PREFIX = "/api/"
SIGNIN_PATH = "/signin"
# Where a provider sends a browser back to. A strict cookie does not come along from there, so the route itself
# asks for the state that a signed-in request was given.
OAUTH_CALLBACK_PATH = CALLBACK_PATH
# What a browser or a probe needs before it has a token.
OPEN_PATHS = frozenset(
    {"/healthz", "/readyz", SIGNIN_PATH, OAUTH_CALLBACK_PATH, "/static/signin.css", *CLIENT_PATHS}
)
# Paths whose form a page without script sends; their body is no JSON.
FORM_PATHS = frozenset({SIGNIN_PATH, "/signout"})

JSON_TYPE = re.compile(r"application/(?:[a-z0-9.!#$&^_-]+\+)?json", re.IGNORECASE)
UTF8_NAMES = {"utf-8", "utf8"}
EXPOSED_HEADERS = "Age, ETag, Retry-After, X-Cache, X-Pagination"
PREFLIGHT_HEADERS = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, If-None-Match",
    "Access-Control-Max-Age": "600",
}
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer, under which a browser sends the forms of our own pages with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
API_HEADERS = {**SECURITY_HEADERS, "Vary": "Origin", "Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Gate:
    """What one server goes by when it decides who may come in."""

    held: HeldToken
    cookie_name: str
    hosts: HostNames
    origins: Origins
    max_body_size_bytes: int

    @classmethod
    def of(cls, settings: Settings, held: HeldToken) -> Gate:
        return cls(
            held=held,
            # Browsers share cookies between ports, so two servers on one host need two names.
            cookie_name=f"patchbay_{settings.port}",
            hosts=HostNames.of(settings, machine_addresses),
            origins=Origins.of(settings),
            max_body_size_bytes=settings.max_body_size_bytes,
        )

    @property
    def token(self) -> str:
        return self.held.value

    @property
    def cookie(self) -> str:
        """What a browser that is signed in keeps."""
        return self.held.cookie

    def follow(self, commits: Callable[[], int]) -> None:
        """Takes a token that was rotated before now. `commits` gives the store's number of them."""
        if not self.held.is_for_good:
            self.held.follow(commits())

    def admits(self, authorization: str | None, cookies: Mapping[str, str]) -> bool:
        """Whether a request carries the token, as a Bearer header or as the cookie of a signed-in browser."""
        if authorization is not None:
            scheme, _, credentials = authorization.partition(" ")
            return scheme.lower() == "bearer" and self.knows_token(credentials.strip())
        return equal_in_constant_time(cookies.get(self.cookie_name, ""), self.cookie)

    def admits_headers(self, authorization: str | None, cookie_header: str | None) -> bool:
        """The same by the bare headers; False too for cookies that only a parser can tell apart."""
        if authorization is not None:
            return self.held.is_bearer(authorization) or self.admits(authorization, {})
        name = f"{self.cookie_name}="
        given = [part.strip() for part in (cookie_header or "").split(";")]
        mine = [part[len(name) :] for part in given if part.startswith(name)]
        return len(mine) == 1 and equal_in_constant_time(mine[0], self.cookie)

    def knows_token(self, given: str) -> bool:
        return equal_in_constant_time(given, self.token)


def is_json_type(content_type: str | None) -> bool:
    """Whether a Content-Type says JSON in UTF-8."""
    if content_type == "application/json":
        return True
    media_type, *parameters = (part.strip() for part in (content_type or "").split(";"))
    if not JSON_TYPE.fullmatch(media_type):
        return False
    pairs = (parameter.partition("=") for parameter in parameters if parameter)
    return all(
        name.strip().lower() != "charset" or value.strip(' "').lower() in UTF8_NAMES
        for name, _, value in pairs
    )


def grant_headers(origin: str, *, allowed: bool) -> dict[str, str]:
    """The CORS headers of an answer to a script from `origin`: the exact origin or nothing, never `*`."""
    if not allowed:
        return {}
    return {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": EXPOSED_HEADERS,
    }


def init_gate(app: Flask, gate: Gate, commits: Callable[[], int]) -> None:
    """Puts the gate before every request of `app` and the headers on every answer.

    `commits` is the store's number of them, which tells of a rotated token.
    """
    app.extensions["patchbay_gate"] = gate

    @app.before_request
    def check_request() -> Any:
        incoming = _this_request()
        check_host(gate, incoming)
        with suppress(StorageFailed):
            gate.follow(commits)
        if incoming.method == "OPTIONS" and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in incoming.environ:
            return answer_preflight(gate, incoming)
        check_origin(gate, incoming)
        if not is_open(incoming.path) and not _is_admitted(gate, incoming):
            return refuse_stranger(gate, incoming)
        check_body(gate, incoming)
        return None

    @app.after_request
    def add_headers(response: Response) -> Response:
        incoming, headers = _this_request(), response.headers
        if response.status_code == HTTPStatus.NO_CONTENT:
            # Flask names a type for every answer; one without a body has none (RFC 9110 section 8.3).
            headers.pop("Content-Type", None)
        given = {name.lower() for name, _ in headers}
        wanted = API_HEADERS if incoming.path.startswith(API_PREFIX) else SECURITY_HEADERS
        for name, value in wanted.items():
            if name.lower() not in given:
                headers.add(name, value)
        if wanted is API_HEADERS and "vary" in given:
            response.vary.add("Origin")
        origin = incoming.environ.get("HTTP_ORIGIN")
        if incoming.path in CLIENT_PATHS:
            headers.update(CLIENT_HEADERS)
        elif origin is not None and _is_ours(gate, incoming):
            response.vary.add("Origin")
            headers.update(grant_headers(origin, allowed=True))
        return response


def is_open(path: str) -> bool:
    """Whether a path answers without a token: exact paths only, so that no variant of one slips by."""
    return path in OPEN_PATHS


def own_origin(incoming: Request) -> str:
    return f"{incoming.scheme}://{incoming.environ.get('HTTP_HOST', '')}".lower()


def check_host(gate: Gate, incoming: Request) -> None:
    """Raises UnknownHost for a Host that is not this server's.

    A page whose own name was made to lead here would otherwise be of the same origin.
    """
    if not gate.hosts.accepts(incoming.environ.get("HTTP_HOST")):
        raise unknown_host(incoming.environ.get("HTTP_HOST"), gate.hosts.own_port)


def check_origin(gate: Gate, incoming: Request) -> None:
    """Raises ForeignOrigin for a change that a page of another origin asks for."""
    if incoming.method in SAFE_METHODS:
        return
    origin, fetch_site = incoming.environ.get("HTTP_ORIGIN"), incoming.environ.get("HTTP_SEC_FETCH_SITE")
    if not gate.origins.may_change_state(origin, fetch_site, own_origin(incoming)):
        raise ForeignOrigin(
            "Pages of this origin may not change anything; PATCHBAY_ALLOWED_ORIGINS lists who may."
        )


def answer_preflight(gate: Gate, incoming: Request) -> Response:
    """A browser's question before a call across origins: 204 with the grant, or ForeignOrigin."""
    if not _is_ours(gate, incoming):
        raise ForeignOrigin("Pages of this origin may not call; PATCHBAY_ALLOWED_ORIGINS lists who may.")
    response = Response(status=204, headers=PREFLIGHT_HEADERS)
    response.vary.update(("Access-Control-Request-Method", "Access-Control-Request-Headers"))
    return response


def refuse_stranger(gate: Gate, incoming: Request) -> Any:
    """The way to the sign-in page for a person who opens a page without the token, else Unauthorized."""
    wants_page = incoming.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    if wants_page and incoming.method in {"GET", "HEAD"} and not incoming.path.startswith(API_PREFIX + "v1/"):
        return redirect(f"{SIGNIN_PATH}?next={quote(_address_without_token(incoming), safe='/')}", 303)
    has_cookie = gate.cookie_name in incoming.cookies
    raise refusal(incoming.environ.get("HTTP_AUTHORIZATION"), has_cookie=has_cookie)


def _address_without_token(incoming: Request) -> str:
    kept = [(name, value) for name, value in incoming.args.items(multi=True) if name != "token"]
    return f"{incoming.path}?{urlencode(kept)}" if kept else incoming.path


def check_body(gate: Gate, incoming: Request) -> None:
    """Raises TooLarge or NotJson for a body that no route would read."""
    if (incoming.content_length or 0) > gate.max_body_size_bytes:
        raise TooLarge(f"The body is larger than {gate.max_body_size_bytes} bytes (PATCHBAY_MAX_BODY_SIZE).")
    has_body = bool(incoming.content_length) or "HTTP_TRANSFER_ENCODING" in incoming.environ
    if incoming.method in SAFE_METHODS or not has_body or incoming.path in FORM_PATHS:
        return
    if not is_json_type(incoming.environ.get("CONTENT_TYPE")):
        raise NotJson("Send the body as application/json in UTF-8.")


def _this_request() -> Request:
    # The proxy finds the request anew at each of the many looks that the gate takes at it.
    return request._get_current_object()  # type: ignore[attr-defined]


def _is_admitted(gate: Gate, incoming: Request) -> bool:
    authorization = incoming.environ.get("HTTP_AUTHORIZATION")
    if gate.admits_headers(authorization, incoming.environ.get("HTTP_COOKIE")):
        return True
    return authorization is None and gate.admits(None, incoming.cookies)


def _is_ours(gate: Gate, incoming: Request) -> bool:
    return gate.origins.accept(incoming.environ.get("HTTP_ORIGIN"), own_origin(incoming))
