"""Events for an operator, one INFO line each: refused requests and changes. Never a value."""

from __future__ import annotations

import logging
from typing import Any

import orjson
from flask import Flask, Response, request

from errors import ForeignOrigin, PatchbayError, Unauthorized, UnknownHost
from web.api.changes import CHANGES
from web.gate.callers import calling_party

MAX_KEYS, MAX_CHARACTERS = 20, 200
log = logging.getLogger("patchbay.events")


def init_event_log(app: Flask) -> None:
    """Logs one line for each change."""

    @app.after_request
    def log_change(response: Response) -> Response:
        # Most requests are reads and renders, and change nothing.
        rule = request.url_rule
        change = CHANGES.get((request.method, rule.rule)) if rule is not None else None
        words = None if change is None else change.words
        if words is not None and response.status_code < 400:
            log.info(
                "%s%s, by %s", words.format(**(request.view_args or {})), _scope_and_keys(), calling_party()
            )
        return response


def note_refusal(error: PatchbayError) -> None:
    """Logs one line for a request that the gate refused, and nothing for other errors."""
    if isinstance(error, ForeignOrigin):
        came_from = request.headers.get("Origin") or f"another site ({request.headers.get('Sec-Fetch-Site')})"
        log.info("refused a page of %s: %s", _short(came_from), error.detail)
    elif isinstance(error, Unauthorized) and error.extensions.get("reason") != "no_token":
        log.info("refused a request from %s: %s", request.remote_addr, error.extensions.get("reason"))
    elif isinstance(error, UnknownHost):
        log.info("refused a request for the host %s", _short(error.entry or "that cannot be read"))


def _scope_and_keys() -> str:
    """The scope that a request names, and the names of the settings in its body."""
    scope = {**request.args.to_dict(), **(request.view_args or {})}
    named = [
        f"{name[:-3]} {_short(str(scope[name]))}" for name in ("workspace_id", "notebook_id") if name in scope
    ]
    keys = _keys_of(request.get_data()) if request.method == "PUT" else []
    return f" ({', '.join([*named, *keys])})" if named or keys else ""


def _keys_of(body: bytes) -> list[str]:
    """The names of the settings in a body, and whether it enables or disables. Values are never logged."""
    try:
        given: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(given, dict):
        return []
    config, enabled = given.get("config"), given.get("enabled")
    switched = [f"enabled={enabled}"] if isinstance(enabled, bool) else []
    keys = sorted(config) if isinstance(config, dict) else []
    return [*switched, *map(_short, keys[:MAX_KEYS]), *(["…"] if len(keys) > MAX_KEYS else [])]


def _short(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]}…"
