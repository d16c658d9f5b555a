"""The layer ahead of Flask for repeated renders that are still fresh.

A response that Flask made from a fresh artifact is cached under the exact request: method, URL, body, and every header
that the gate or the route uses, except the token and the cookie. The same request from an authenticated caller is
answered without Flask while the response is still valid. Everything else goes through Flask, and only Flask refuses
requests. A browser's session is valid if it was found at the same store revision as the response, because the end of
any session raises the revision. So is a named token, because every change of one raises it, too. A response to a named
token is kept for that token only: what Flask let it have, it may have while the revision stays.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from errors import StorageFailed
from integrations.fast_path.response_cache import Headers, Hit, RequestKey, ResponseCache
from web.api.json import BODY_ENVIRON_KEY
from web.gate.cross_origin import API_ROUTES
from web.gate.gate import Caller, Gate, Program
from web.gate.hosts import SAFE_METHODS
from web.gate.sessions import Session
from web.server.request_ids import HEADER, given_id, without_request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# The environ key in which the route stores the Hit that it answered with.
HIT_ENVIRON_KEY = "patchbay.hit"
RENDER_PREFIX, RENDER_SUFFIX = f"{API_ROUTES}integrations/", "/render"
MAX_BODY_BYTES = 64 * 1024
MAX_LENGTH_DIGITS = len(str(MAX_BODY_BYTES))
RENDER_METHODS = frozenset({"POST", "GET"})
CONDITIONAL_HEADERS = frozenset(
    {
        "HTTP_TRANSFER_ENCODING",
        "HTTP_RANGE",
        "HTTP_IF_MATCH",
        "HTTP_IF_MODIFIED_SINCE",
        "HTTP_IF_UNMODIFIED_SINCE",
    }
)

access_log = logging.getLogger("patchbay.access")


class Answer(NamedTuple):
    """A complete response, as it is sent."""

    status: int
    headers: Headers
    body: bytes


class FastPath:
    """A WSGI application in front of another one."""

    def __init__(
        self, app: WSGIApplication, hits: ResponseCache, gate: Gate, commits: Callable[[], int]
    ) -> None:
        self._app = app
        self._hits = hits
        self._gate = gate
        self._commits = commits

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._gate.proxies is not None:
            self._gate.proxies.apply(environ)
        return self.answer(environ, start_response)

    def answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """The response to a request as its client sent it, from the cache or Flask."""
        if not is_render(environ):
            return self._app(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        caller = self._gate.recognize(environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_COOKIE"))
        answer = None if caller is None else self.find(environ, body, caller)
        if answer is None:
            return self.ask(body, environ, start_response)
        start_response(f"{answer.status} {REASONS[answer.status]}", answer.headers)
        return [answer.body]

    def find(self, environ: WSGIEnvironment, body: bytes, caller: Caller) -> Answer | None:
        """The cached response to the request of an authenticated caller.

        None if Flask must answer. Rotating the token invalidates all cached responses.
        """
        request_key = _request_key(environ, caller.token_id, body)
        known = self._hits.get(request_key)
        if known is None or not self._may_have(caller, known.hit, environ):
            return None
        try:
            headers = self._hits.serve(request_key, known, self._commits())
        except StorageFailed:
            return None
        if headers is None:
            return None
        if access_log.isEnabledFor(logging.DEBUG):
            access_log.debug("%s %s %d", environ["REQUEST_METHOD"], environ["PATH_INFO"], known.status)
        # None is made: a hit logs nothing and calls nobody.
        if (request_id := given_id(environ)) is not None:
            headers.append((HEADER, request_id))
        return Answer(known.status, headers, known.body)

    def _may_have(self, caller: Caller, hit: Hit, environ: WSGIEnvironment) -> bool:
        if isinstance(caller, Program):
            return True
        if not isinstance(caller, Session):
            return caller.revision == hit.revision
        # Flask checked the origin of the same POST when it answered it, but of reads only a browser's.
        is_change = environ["REQUEST_METHOD"] not in SAFE_METHODS
        return caller.revision == hit.revision and (is_change or self._gate.is_trusted_origin(environ))

    def ask(self, body: bytes, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Flask's response, cached if it may be served again."""
        started: list[tuple[str, Headers]] = []

        def note_start(status: str, headers: Headers, *exc_info: Any) -> Any:
            started.append((status, headers))
            return start_response(status, headers, *exc_info)

        environ[BODY_ENVIRON_KEY] = body
        chunks = self._app(environ, note_start)
        hit: Hit | None = environ.get(HIT_ENVIRON_KEY)
        if hit is None:
            return chunks
        try:
            data = b"".join(chunks)
        finally:
            getattr(chunks, "close", lambda: None)()
        status, headers = started[-1]
        request_key = _request_key(environ, hit.token_id, body)
        self._hits.store(request_key, hit, int(status[:3]), without_request_id(headers), data)
        return [data]


REASONS = {200: "OK", 304: "NOT MODIFIED"}


def is_render(environ: WSGIEnvironment) -> bool:
    """Whether this layer may answer the request, judged by its method, URL and size."""
    path: str = environ["PATH_INFO"]
    return (
        path.endswith(RENDER_SUFFIX)
        and path.startswith(RENDER_PREFIX)
        and environ["REQUEST_METHOD"] in RENDER_METHODS
        # Chunked bodies and conditional requests are left to Flask.
        and CONDITIONAL_HEADERS.isdisjoint(environ)
        and _is_small(environ.get("CONTENT_LENGTH") or "0")
    )


def _is_small(length: str) -> bool:
    return length.isdigit() and len(length) <= MAX_LENGTH_DIGITS and int(length) <= MAX_BODY_BYTES


def _request_key(environ: WSGIEnvironment, token_id: int | None, body: bytes) -> RequestKey:
    get = environ.get
    return (
        environ["REQUEST_METHOD"],
        # Links in the response begin with it. Only some servers set it if it is empty.
        get("SCRIPT_NAME") or None,
        environ["PATH_INFO"],
        environ["QUERY_STRING"],
        environ["wsgi.url_scheme"],
        get("HTTP_HOST"),
        get("HTTP_ORIGIN"),
        get("HTTP_SEC_FETCH_SITE"),
        get("CONTENT_TYPE"),
        get("HTTP_IF_NONE_MATCH"),
        token_id,
        body,
    )
