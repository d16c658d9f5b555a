"""Turns every failure into an RFC 9457 problem, in one place.

`{type, title, status, detail, code, errors?, success: false, error}` plus extensions: `error` repeats `detail` for a
frontend that reads every answer as an envelope; `type` links to the page on the code.
"""

from __future__ import annotations

import logging
import math
import secrets
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from errors import InsufficientScope, Invalid, Malformed, PatchbayError, Unauthorized, UnknownHost
from integrations.concurrency.current_request import current_request_id
from web.api.audit_trail import note_refused
from web.api.event_log import note_refusal
from web.gate.host_page import answer_with_page, wants_page
from web.gate.mount import mount_prefix

log = logging.getLogger("patchbay.problems")

MAX_NAMED_FIELDS = 5
MEDIA_TYPE = "application/problem+json"
ROOT = Path(__file__).resolve().parents[2]

# Errors that Flask and Werkzeug raise themselves: code, title and detail by status.
HTTP_PROBLEMS = {
    400: ("malformed", "The request cannot be read", "The request is malformed."),
    401: ("unauthorized", "A token is needed", "This address needs a token."),
    403: ("forbidden", "The request is refused", "The server refuses this request."),
    404: ("not_found", "Not found", "There is nothing at this address."),
    405: ("method_not_allowed", "The method is not allowed", "This address does not support that method."),
    411: (
        "length_required",
        "A Content-Length is needed",
        "Send the body with a Content-Length, not in chunks.",
    ),
    413: ("too_large", "The request is too large", "The body is larger than this server reads."),
    415: ("not_json", "The body must be JSON", "Send the body as application/json."),
    422: ("invalid", "Some fields are invalid", "Some fields are invalid."),
    500: ("internal", "Internal error", "Patchbay made an error."),
}
LOCATIONS = {"json": "body", "query": "query", "form": "form", "headers": "headers", "path": "path"}


def problem(
    code: str,
    status: int,
    title: str,
    detail: str,
    errors: Mapping[str, list[str]] | None = None,
    *,
    prefix: str | None = None,
    **extensions: Any,
) -> dict[str, Any]:
    """A problem's members, ready to be written as JSON.

    `prefix` is that of the request's path, to be given where the answer is written after the request's context ended.
    """
    members = {
        "type": f"{mount_prefix() if prefix is None else prefix}/docs/problems#{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        members["errors"] = dict(errors)
    return {**extensions, **members, "success": False, "error": detail}


def problem_of(error: PatchbayError, prefix: str | None = None) -> dict[str, Any]:
    """The problem for `error`, as a response of its own or as one line of a batch."""
    return problem(
        error.code, error.status, error.title, error.detail, error.errors, prefix=prefix, **error.extensions
    )


def with_request_id(members: dict[str, Any]) -> dict[str, Any]:
    """The problem as it is sent: with the id of the request that it answers."""
    request_id = current_request_id()
    return members if request_id is None else {**members, "request_id": request_id}


def retry_after_seconds(error: PatchbayError) -> int | None:
    """The whole seconds after which a retry makes sense, at least one; None if unknown."""
    return None if error.retry_after_seconds is None else max(1, math.ceil(error.retry_after_seconds))


def flatten_errors(messages: Any, path: str = "") -> dict[str, list[str]]:
    """marshmallow's nested messages by the path of the field: `{"plugins[2].id": ["…"]}`."""
    if isinstance(messages, Mapping):
        flat: dict[str, list[str]] = {}
        for name, inner in messages.items():
            for inner_path, lines in flatten_errors(inner, _join_path(path, name)).items():
                flat.setdefault(inner_path, []).extend(lines)
        return flat
    lines = messages if isinstance(messages, list) else [messages]
    return {path or "body": [str(line) for line in lines]}


def _join_path(path: str, name: Any) -> str:
    if name == "_schema":
        return path
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else str(name)


def invalid_of(messages: Any) -> Invalid:
    """The errors of webargs or marshmallow, without the location (`json`, `query`, …) in the paths."""
    if isinstance(messages, Mapping) and messages and set(messages) <= set(LOCATIONS):
        located = [flatten_errors(inner, "") for inner in messages.values()]
        errors = {path: lines for flat in located for path, lines in flat.items()}
    else:
        errors = flatten_errors(messages)
    return Invalid(_summarize(errors), errors=errors)


def _summarize(errors: Mapping[str, list[str]]) -> str:
    first, *others = errors
    if others:
        named = ", ".join(list(errors)[:MAX_NAMED_FIELDS]) + ("…" if len(errors) > MAX_NAMED_FIELDS else "")
        return f"{len(errors)} fields are invalid: {named}."
    return f"{first}: {errors[first][0]}"


def init_problems(app: Flask) -> None:
    """Turns everything that a request may raise into a problem."""
    app.register_error_handler(PatchbayError, answer_error)
    app.register_error_handler(HTTPException, answer_http_exception)
    app.register_error_handler(ValidationError, lambda error: answer_error(invalid_of(error.messages)))
    app.register_error_handler(RecursionError, _answer_recursion)
    app.register_error_handler(Exception, answer_unexpected)


def answer_error(error: PatchbayError) -> Response:
    """The response to a request that failed with `error`."""
    note_refusal(error)
    note_refused(error)
    if isinstance(error, UnknownHost) and wants_page():
        return answer_with_page(error)
    headers: dict[str, str] = {}
    if (seconds := retry_after_seconds(error)) is not None:
        headers["Retry-After"] = str(seconds)
    if isinstance(error, Unauthorized | InsufficientScope):
        headers["WWW-Authenticate"] = _challenge(error)
    return _respond(problem_of(error), headers)


def _challenge(error: Unauthorized | InsufficientScope) -> str:
    """RFC 6750 section 3: the error is named for a refused token, but not for a missing one."""
    parts = ['Bearer realm="patchbay"']
    if isinstance(error, InsufficientScope):
        parts.append('error="insufficient_scope"')
        parts += [f'scope="{" ".join(error.scopes)}"'] if error.scopes else []
    elif error.extensions.get("reason") == "wrong_token":
        parts.append('error="invalid_token"')
    return ", ".join(parts)


def answer_http_exception(error: HTTPException) -> Response:
    """The response to an error of Flask, Werkzeug or webargs. Its headers (Allow, Retry-After) are kept."""
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    data = getattr(error, "data", None) or {}
    if "messages" in data:
        return answer_error(invalid_of(data["messages"]))
    status = error.code or 500
    if status == 500:
        return answer_unexpected(getattr(error, "original_exception", None) or error)
    code, title, detail = HTTP_PROBLEMS.get(status, (f"http_{status}", error.name, f"{error.name}."))
    headers = {name: value for name, value in error.get_headers() if name.lower() != "content-type"}
    return _respond(problem(code, status, title, detail), {**headers, **(data.get("headers") or {})})


def answer_unexpected(error: BaseException) -> Response:
    """A 500 with an incident number that also appears in the log. Neither contains a value from the request."""
    return _respond(problem_of_unexpected(error))


def problem_of_unexpected(error: BaseException, prefix: str | None = None) -> dict[str, Any]:
    """The problem of an unexpected error, logged under the incident number that it names."""
    incident = secrets.token_hex(6)
    log.error("incident %s: %s", incident, describe_exception(error))
    code, title, detail = HTTP_PROBLEMS[500]
    told = f"{detail} The log has the details under {incident}."
    return problem(code, 500, title, told, prefix=prefix, incident=incident)


def _answer_recursion(error: RecursionError) -> Response:
    return answer_error(Malformed("The request is nested too deeply."))


def describe_exception(error: BaseException) -> str:
    """Types and code locations of an exception and its causes: no message and no value, which could hold a secret."""
    return " from ".join(f"{type(link).__name__} at {_places(link)}" for link in _chain(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(frame.filename)] or frames[-1:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in ours) or "?"


def _is_ours(filename: str) -> bool:
    path = Path(filename)
    # The virtual environment may be inside the repository, and the package is inside one.
    return path.is_relative_to(ROOT) and "site-packages" not in path.relative_to(ROOT).parts


def _respond(members: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    body = orjson.dumps(with_request_id(members), option=orjson.OPT_NON_STR_KEYS)
    return Response(body, members["status"], headers, mimetype=MEDIA_TYPE)
