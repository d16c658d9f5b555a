"""JSON of this server: a strict reader, and orjson for writing."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

import orjson
from flask import Request, Response, request
from flask.json.provider import JSONProvider
from marshmallow import EXCLUDE, Schema, ValidationError
from webargs import core
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.routing import IntegerConverter

from errors import Malformed

MAX_DEPTH = 100
INT64_MAX = 2**63 - 1
OPENINGS = (b"[", b"{")
# The arguments of webargs for a route without special ones.
PLAIN = {"unknown": core._UNKNOWN_DEFAULT_PARAM, "error_status_code": None, "error_headers": None}
# Up to this number, counting costs less than parsing twice. Larger bodies contain URLs and times.
FEW_COLONS = 32

# The body of a request, where it was read ahead of Flask.
BODY_ENVIRON_KEY = "patchbay.body"


def parse_json(data: bytes) -> Any:
    """The value that `data` contains.

    Raises Malformed for anything that is not RFC 8259 JSON in UTF-8 (including NaN, Infinity, lone surrogates and
    numbers beyond a double), for a name given twice in one object, and for nesting beyond MAX_DEPTH.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The body is not valid JSON: line {error.lineno}, column {error.colno}.") from None
    if sum(data.count(opening) for opening in OPENINGS) > MAX_DEPTH and _is_deeper_than(value, MAX_DEPTH):
        raise Malformed(f"The body is nested more than {MAX_DEPTH} levels deep.")
    colons = data.count(b":")
    # Each member has a colon. With as many members as colons, no member was lost to a duplicate name.
    if colons > 1 and (colons > FEW_COLONS or _count_members(value) != colons):
        _refuse_repeated_names(data)
    return value


def _count_members(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_members, value.values()))
    return sum(map(_count_members, value)) if isinstance(value, list) else 0


def _is_deeper_than(value: Any, max_depth: int) -> bool:
    level = [value]
    for _ in range(max_depth + 1):
        containers = [item for item in level if isinstance(item, dict | list)]
        level = [
            child for item in containers for child in (item.values() if isinstance(item, dict) else item)
        ]
        if not containers:
            return False
    return True


def _refuse_repeated_names(data: bytes) -> None:
    # orjson keeps the last of two equal names; a proxy or a user who reads the body may use the first.
    json.loads(data, object_pairs_hook=_check_names)


def _check_names(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        repeated = next(name for index, name in enumerate(names) if name in names[:index])
        raise Malformed(f"The body has the name {repeated[:80]!r} twice in one object.")


class OrjsonProvider(JSONProvider):
    """Flask's JSON interface: `jsonify`, `request.get_json`, `app.json`."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return parse_json(s.encode("utf-8", "surrogatepass") if isinstance(s, str) else s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        value = self._prepare_response_obj(args, kwargs)
        return Response(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), mimetype="application/json")


class ArgumentsParser(FlaskParser):
    """webargs with the strict reader. An unreadable body raises Malformed; a missing one counts as missing."""

    def use_args(
        self, argmap: Any, req: Request | None = None, *, location: str | None = None, **options: Any
    ) -> Callable[..., Callable[..., Any]]:
        """webargs' decorator. An empty query, the usual case, is not parsed, because its result is known."""
        decorate = super().use_args(argmap, req, location=location, **options)
        said = load_empty_query(argmap) if location == "query" and not options else None
        if said is None:
            return decorate

        def decorate_for_queries(view: Callable[..., Any]) -> Callable[..., Any]:
            view_of_any_query = decorate(view)

            @wraps(view_of_any_query)
            def view_of_query(*args: Any, **kwargs: Any) -> Any:
                if request.query_string:
                    return view_of_any_query(*args, **kwargs)
                return view(*args, dict(said), **kwargs)

            return view_of_query

        return decorate_for_queries

    def parse(
        self,
        argmap: Any,
        req: Request | None = None,
        *,
        location: str | None = None,
        validate: Any = None,
        **options: Any,
    ) -> Any:
        """Like webargs' own, with a shortcut: a JSON object that the schema accepts is returned directly."""
        if location == "json" and validate is None and options == PLAIN:
            given = self._raw_load_json(req or request)
            if isinstance(given, dict):
                # On an error webargs parses the body again and reports it.
                with suppress(ValidationError):
                    return argmap.load(given)
        return super().parse(argmap, req, location=location, validate=validate, **options)

    def _raw_load_json(self, req: Request) -> Any:
        if req.environ.get("CONTENT_TYPE") != "application/json" and not is_json_request(req):
            return core.missing
        data = _body_of(req)
        return parse_json(data) if data else core.missing


def _body_of(req: Request) -> bytes:
    """The body, as it was read ahead of Flask if all of it was, else as Werkzeug reads it within its limits."""
    body: bytes | None = req.environ.get(BODY_ENVIRON_KEY)
    if body is not None and req.environ.get("CONTENT_LENGTH") == str(len(body)):
        return body
    return req.get_data(cache=True)


def load_empty_query(schema: Schema) -> dict[str, Any] | None:
    """The result of `schema` for an empty query; None if that is refused or not always the same."""
    if any(callable(field.load_default) for field in schema.load_fields.values()):
        return None
    try:
        said = schema.load({}, unknown=EXCLUDE)
    except ValidationError:
        return None
    return said if isinstance(said, dict) else None


class Int64Converter(IntegerConverter):
    """A row id in a URL: digits only, within SQLite's range. Anything else matches no route."""

    regex = r"[0-9]{1,19}"

    def __init__(self, map: Any) -> None:
        super().__init__(map, min=1, max=INT64_MAX)
