"""An id for each request: in its log lines, in its problem, in its calls to providers, and in its response.

A client may give it as `X-Request-Id`, or with the trace id of a W3C `traceparent`. Otherwise one is made.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from integrations.concurrency.current_request import serving
from integrations.concurrency.spans import Span, span, within

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "X-Request-Id"
ENVIRON_KEY = "patchbay.request_id"
ID_BYTES = 8
# What proxies and tracing tools make: UUIDs, hexadecimal numbers, base64, and names with a few separators.
WELL_FORMED = re.compile(r"[A-Za-z0-9._~+/=:-]{1,128}")
# Trace Context, section 3.2.2. The version ff is invalid, and so is an id of zeros; later versions may append members.
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace_id>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)


class RequestIds:
    """A WSGI application in front of another one, which works for a request with an id."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = request_id_of(environ)
        method = environ["REQUEST_METHOD"]
        attributes = {"http.request.method": method, "patchbay.request_id": request_id}
        with serving(request_id), span(method, attributes, _trace_headers(environ)) as step:

            def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
                step.note("http.response.status_code", int(status[:3]))
                return start_response(status, [*headers, (HEADER, request_id)], *exc_info)

            return _Pieces(self._app(environ, start), request_id, step)


class _Pieces:
    """A response's body. Work that is done while it is sent is done for the same request."""

    def __init__(self, pieces: Iterable[bytes], request_id: str, step: Span) -> None:
        self._pieces = pieces
        self._left = iter(pieces)
        self._request_id = request_id
        self._step = step

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with serving(self._request_id), within(self._step):
            return next(self._left)

    def close(self) -> None:
        with serving(self._request_id):
            getattr(self._pieces, "close", lambda: None)()


def _trace_headers(environ: WSGIEnvironment) -> dict[str, str]:
    """The headers by which a client says to which trace a request belongs."""
    given = {"traceparent": environ.get("HTTP_TRACEPARENT"), "tracestate": environ.get("HTTP_TRACESTATE")}
    return {name: value for name, value in given.items() if value is not None}


def request_id_of(environ: WSGIEnvironment) -> str:
    """The request's id: the one that it came with, else a new one, which stays with it."""
    request_id = environ.get(ENVIRON_KEY)
    if request_id is None:
        request_id = environ[ENVIRON_KEY] = given_id(environ) or secrets.token_hex(ID_BYTES)
    return request_id


def given_id(environ: WSGIEnvironment) -> str | None:
    """The id that the client gave, if it is well formed."""
    given = environ.get("HTTP_X_REQUEST_ID")
    if given is not None and WELL_FORMED.fullmatch(given):
        return given
    parent = environ.get("HTTP_TRACEPARENT")
    match = None if parent is None else TRACEPARENT.fullmatch(parent)
    return None if match is None else match["trace_id"]


def without_request_id(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of a response that is to be sent for other requests too."""
    return [header for header in headers if header[0] != HEADER]
