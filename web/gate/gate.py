"""The gate before every route: checks host, origin, token and body, and adds security headers to responses.

It runs before routing, so a path that does not exist is protected like one that does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask, Request, Response, g, redirect, request

from errors import NotJson, StorageFailed, TooLarge
from integrations.tokens.callback_address import CALLBACK_PATH
from settings import Settings
from web.gate.access import check_access
from web.gate.access_tokens import AccessTokens, Grant
from web.gate.attempts import Attempts
from web.gate.client_files import CLIENT_HEADERS, is_client_file
from web.gate.connect_requests import ConnectRequests
from web.gate.content_policy import PAGE_POLICY
from web.gate.cross_origin import (
    API_ROUTES,
    CONNECT_PATHS,
    Sharing,
    answer_preflight,
    check_origin,
    check_origin_of_caller,
    cors_headers,
    sharing_with,
)
from web.gate.host_page import unknown_host
from web.gate.hosts import SAFE_METHODS, HostNames, Origins, origin_addressed
from web.gate.machine_addresses import machine_addresses
from web.gate.mount import mounted
from web.gate.permissions import OWNER
from web.gate.proxies import Proxies
from web.gate.sessions import Session, Sessions, cookies_named
from web.gate.tokens import HeldToken, equal_in_constant_time
from web.gate.unauthenticated import refusal

API_PREFIX = "/api/"
SIGNIN_PATH = "/signin"
# A provider sends the browser back to this path. A SameSite=Strict cookie is not sent from there, so the route itself
# requires the state that was issued to a signed-in request.
OAUTH_CALLBACK_PATH = CALLBACK_PATH
# What a browser or a probe needs before it has a token.
OPEN_PATHS = frozenset(
    {"/healthz", "/readyz", SIGNIN_PATH, OAUTH_CALLBACK_PATH, "/static/signin.css", *CONNECT_PATHS}
)
# Paths that receive the form of a page without script; their body is not JSON.
FORM_PATHS = frozenset({SIGNIN_PATH, "/signout"})
REVIEW_PREFIX = "/review/"

JSON_TYPE = re.compile(r"application/(?:[a-z0-9.!#$&^_-]+\+)?json", re.IGNORECASE)
UTF8_NAMES = {"utf-8", "utf8"}
SECURITY_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with it, a browser sends the forms of our own pages with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
API_HEADERS = {**SECURITY_HEADERS, "Vary": "Origin", "Cache-Control": "no-store"}
# The maximum number of cookies with our name that are checked per request.
MAX_COOKIES = 4


class Program:
    """A caller with the owner's token."""

    permission = OWNER
    token_id: int | None = None


PROGRAM = Program()
Caller = Session | Program | Grant
"""Who was let in: a browser by its session, or a program by the owner's token or a named one."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The access rules of one server."""

    held: HeldToken
    sessions: Sessions
    tokens: AccessTokens
    connects: ConnectRequests
    attempts: Attempts
    public_origin: str | None
    """Where browsers reach this server, if that is told."""
    is_https: bool
    cookie_name: str
    hosts: HostNames
    proxies: Proxies | None
    origins: Origins
    max_body_size_bytes: int

    @classmethod
    def of(
        cls,
        settings: Settings,
        held: HeldToken,
        sessions: Sessions,
        tokens: AccessTokens,
        connects: ConnectRequests,
        attempts: Attempts,
    ) -> Gate:
        is_https = (settings.public_url or "").startswith("https:")
        hosts = HostNames.of(settings, machine_addresses)
        return cls(
            held=held,
            sessions=sessions,
            tokens=tokens,
            connects=connects,
            attempts=attempts,
            public_origin=settings.public_origin,
            is_https=is_https,
            cookie_name=name_cookie(
                settings.browsers_port, is_https=is_https, prefix=settings.public_prefix or ""
            ),
            hosts=hosts,
            proxies=Proxies.of(settings, hosts),
            origins=Origins.of(settings),
            max_body_size_bytes=settings.max_body_size_bytes,
        )

    @property
    def token(self) -> str:
        return self.held.value

    def follow(self, commits: Callable[[], int]) -> None:
        """Loads a token that was rotated before now. `commits` returns the store's number of commits."""
        if not self.held.is_for_good:
            self.held.follow(commits())

    def admit(
        self, authorization: str | None, cookie_header: str | None, *, on_fast_path: bool = False
    ) -> Caller | None:
        """The caller, by a token as a Bearer header or by a session's cookie; None if unauthenticated.

        With `on_fast_path` the lookup does not wait for other requests. Raises StorageFailed if a session or a named
        token cannot be looked up.
        """
        if authorization is not None:
            if self.held.is_bearer(authorization):
                return PROGRAM
            value = bearer_of(authorization)
            if value is None or self.knows_token(value):
                return None if value is None else PROGRAM
            grant = self.tokens.find(value, on_fast_path=on_fast_path)
            if grant is not None:
                self.tokens.remember(authorization, grant)
            return grant
        for cookie in islice(cookies_named(self.cookie_name, cookie_header), MAX_COOKIES):
            session = self.sessions.find(cookie, on_fast_path=on_fast_path)
            if session is not None:
                self.sessions.remember(cookie_header or "", session)
                return session
        return None

    def recognize(self, authorization: str | None, cookie_header: str | None) -> Caller | None:
        """The same from memory only. Its revision tells whether a session or a named token is still valid."""
        if authorization is not None:
            if self.held.is_bearer(authorization):
                return PROGRAM
            return self.tokens.recall(authorization) or self._admit_owner(authorization)
        return None if cookie_header is None else self.sessions.recall(cookie_header)

    def still_admits(self, caller: Caller, commits: Callable[[], int]) -> Callable[[], bool]:
        """Tells, at any later time, whether the caller that was let in now would be let in again.

        It counts as no use of a session or a token. `commits` returns the store's number of commits. Raises
        StorageFailed.
        """
        token = self.token

        def is_admitted() -> bool:
            if isinstance(caller, Grant):
                return self.tokens.allows_as_before(caller)
            self.follow(commits)
            return self.token == token and (
                not isinstance(caller, Session) or self.sessions.is_open(caller.digest)
            )

        return is_admitted

    def is_trusted_origin(self, environ: Mapping[str, Any]) -> bool:
        """Whether a request comes from one of our pages, from an allowed origin, or not from a page at all."""
        origin, fetch_site = environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE")
        own_origin = "" if origin is None else origin_addressed(environ)
        return self.origins.is_trusted_origin(origin, fetch_site, own_origin)

    def _admit_owner(self, authorization: str) -> Caller | None:
        value = bearer_of(authorization)
        return PROGRAM if value is not None and self.knows_token(value) else None

    def knows_token(self, given: str) -> bool:
        return equal_in_constant_time(given, self.token)


def bearer_of(authorization: str) -> str | None:
    """The token of an Authorization header; None for another scheme."""
    scheme, _, credentials = authorization.partition(" ")
    return credentials.strip() if scheme.lower() == "bearer" else None


def name_cookie(port: int, *, is_https: bool, prefix: str = "") -> str:
    """The cookie's name. Browsers share cookies between ports, so two servers on one host need two names.

    The port is the one that browsers connect to: behind a proxy several servers, each on a port of its own, may answer
    one browser.

    With `__Secure-` a browser accepts the cookie over https only, and with `__Host-` also from no other host of the
    domain, but then for the whole host and not for the path `prefix` alone (RFC 6265bis section 4.1.3).
    """
    if not is_https:
        return f"patchbay_{port}"
    return f"__Secure-patchbay_{port}" if prefix else f"__Host-patchbay_{port}"


def is_json_type(content_type: str | None) -> bool:
    """Whether a Content-Type means JSON in UTF-8."""
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


def init_gate(app: Flask, gate: Gate, commits: Callable[[], int]) -> None:
    """Adds the gate before every request of `app`, and the headers to every response.

    `commits` returns the store's number of commits, which shows that a token was rotated.
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
        if incoming.path not in CONNECT_PATHS:
            check_origin(gate, incoming)
        if not is_open(incoming.path):
            caller = g.caller = _admit(gate, incoming)
            if caller is None:
                return refuse_unauthenticated(gate, incoming)
            check_origin_of_caller(gate, incoming, caller)
            check_access(caller.permission, incoming, gate.tokens.declarers)
            gate.sessions.write_uses()
            gate.tokens.write_uses()
        check_body(gate, incoming)
        return None

    @app.after_request
    def add_headers(response: Response) -> Response:
        incoming, headers = _this_request(), response.headers
        if response.status_code == HTTPStatus.NO_CONTENT:
            # Flask sets a type for every response, but one without a body has none (RFC 9110 section 8.3).
            headers.pop("Content-Type", None)
        given = {name.lower() for name, _ in headers}
        wanted = API_HEADERS if incoming.path.startswith(API_PREFIX) else SECURITY_HEADERS
        for name, value in wanted.items():
            if name.lower() not in given:
                headers.add(name, value)
        if wanted is API_HEADERS and "vary" in given:
            response.vary.add("Origin")
        origin = incoming.environ.get("HTTP_ORIGIN")
        if is_client_file(incoming.path):
            headers.update(CLIENT_HEADERS)
        elif origin is not None and (sharing := sharing_with(gate, incoming)) is not Sharing.NONE:
            response.vary.add("Origin")
            headers.update(cors_headers(origin, sharing))
        return response


def is_open(path: str) -> bool:
    """Whether a path needs no token. Whole paths only, so that no variant of one bypasses the gate."""
    return path in OPEN_PATHS or is_client_file(path)


def takes_form(path: str) -> bool:
    """Whether a path receives a form of one of our pages."""
    return path in FORM_PATHS or path.startswith(REVIEW_PREFIX)


def check_host(gate: Gate, incoming: Request) -> None:
    """Raises UnknownHost for a Host that is not this server's.

    This prevents DNS rebinding: a page whose host name resolves to this server would have the same origin.
    """
    if not gate.hosts.accepts(incoming.environ.get("HTTP_HOST")):
        raise unknown_host(incoming.environ.get("HTTP_HOST"), gate.hosts.own_port)


def refuse_unauthenticated(gate: Gate, incoming: Request) -> Any:
    """Redirects a user without a session to the sign-in page; raises Unauthorized for a program."""
    wants_page = incoming.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    if wants_page and incoming.method in {"GET", "HEAD"} and not incoming.path.startswith(API_ROUTES):
        next_path = quote(mounted(_address_without_token(incoming)), safe="/")
        return redirect(f"{mounted(SIGNIN_PATH)}?next={next_path}", 303)
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
    if incoming.method in SAFE_METHODS or not has_body or takes_form(incoming.path):
        return
    if not is_json_type(incoming.environ.get("CONTENT_TYPE")):
        raise NotJson("Send the body as application/json in UTF-8.")


def _this_request() -> Request:
    # The proxy would look up the request at each of the gate's many accesses.
    return request._get_current_object()  # type: ignore[attr-defined]


def _admit(gate: Gate, incoming: Request) -> Caller | None:
    return gate.admit(incoming.environ.get("HTTP_AUTHORIZATION"), incoming.environ.get("HTTP_COOKIE"))
