"""Building a request from a compiled manifest, against `requests.Request(...).prepare()` for the same one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests

from benchmarks.measuring import compare
from benchmarks.report import Section, Target
from integrations.calling.parameters import Values, bind_parameters
from integrations.calling.requests_builder import Limits, build_call
from integrations.egress.messages import PreparedCall
from integrations.manifests.compiling import compile_plugin

BASE_URL = "https://api.example.com/v2"
LIMITS = Limits()
LIMIT = 1.0
NOW = 1_800_000_000.0
ACCEPT = {"Accept": "application/json"}
MANY = {f"filter{number}": f"value {number} & more" for number in range(12)}


@dataclass(frozen=True, slots=True)
class Case:
    """One request: as a manifest with its inputs, and as arguments of `requests`."""

    name: str
    endpoint: Mapping[str, Any]
    given: Mapping[str, Any]
    plain: Mapping[str, Any]
    auth: Mapping[str, Any] = field(default_factory=dict)


def _named(*names: str, **typed: str) -> list[dict[str, Any]]:
    return [{"name": name} for name in names] + [{"name": name, "type": kind} for name, kind in typed.items()]


CASES = (
    Case(
        "GET, nothing but a path",
        {"path": "/status"},
        {},
        {"method": "GET", "url": f"{BASE_URL}/status", "headers": ACCEPT},
    ),
    Case(
        "GET, path, query, bearer token",
        {"path": "/users/{user}/items", "parameters": _named("user", "q", page="integer")},
        {"user": "jörg", "q": "a b", "page": 2},
        {
            "method": "GET",
            "url": f"{BASE_URL}/users/jörg/items",
            "params": {"q": "a b", "page": 2},
            "headers": {**ACCEPT, "Authorization": "Bearer K"},
        },
        {"auth": {"type": "bearer", "token": "{key}"}},
    ),
    Case(
        "GET, twelve query parameters, key in a header",
        {"path": "/search", "parameters": _named(*MANY)},
        MANY,
        {
            "method": "GET",
            "url": f"{BASE_URL}/search",
            "params": MANY,
            "headers": {**ACCEPT, "X-Api-Key": "K"},
        },
        {"auth": {"type": "api_key", "in": "header", "name": "X-Api-Key", "value": "{key}"}},
    ),
    Case(
        "POST, JSON, basic authentication",
        {"method": "POST", "path": "/items", "parameters": _named("title", tags="array", count="integer")},
        {"title": "a b", "tags": ["x", "y"], "count": 3},
        {
            "method": "POST",
            "url": f"{BASE_URL}/items",
            "json": {"title": "a b", "tags": ["x", "y"], "count": 3},
            "headers": ACCEPT,
            "auth": ("user", "K"),
        },
        {"auth": {"type": "basic", "username": "user", "password": "{key}"}},
    ),
    Case(
        "POST, form, key in the query",
        {"method": "POST", "path": "/items", "body_format": "form", "parameters": _named("title", "note")},
        {"title": "a b", "note": "c&d"},
        {
            "method": "POST",
            "url": f"{BASE_URL}/items",
            "data": {"title": "a b", "note": "c&d"},
            "params": {"key": "K"},
            "headers": ACCEPT,
        },
        {"auth": {"type": "api_key", "in": "query", "name": "key", "value": "{key}"}},
    ),
)


def run() -> list[Section]:
    """Every case's comparison."""
    found = [compare(case.name, *both_ways(case)) for case in CASES]
    width = max(len(item.name) for item in found)
    figures = [
        f"{item.name:{width}}  {item.ours_us:7.1f} µs   prepare() {item.theirs_us:7.1f} µs" for item in found
    ]
    return [
        Section(
            "Building a request, against requests.Request(...).prepare()",
            figures,
            [Target(item.name, item.ratio, LIMIT) for item in found],
        )
    ]


def both_ways(case: Case) -> tuple[Callable[[], PreparedCall], Callable[[], requests.PreparedRequest]]:
    """Our way and that of `requests`, after checking that both make the same request."""
    integration = compile_plugin(
        "bench",
        "integration",
        {
            "integration": {"base_url": BASE_URL, **case.auth},
            "properties": [{"name": "key", "secure": True}],
            "endpoints": [{"id": "it", **case.endpoint}],
        },
    )
    assert integration is not None
    endpoint, values = integration.endpoints["it"], Values({}, {"key": "K"})

    def ours() -> PreparedCall:
        return build_call(
            integration, endpoint, bind_parameters(endpoint, case.given, values), values, LIMITS, NOW
        )

    def theirs() -> requests.PreparedRequest:
        return requests.Request(**case.plain).prepare()

    assert _essence_of_call(ours()) == _essence_of_prepared(theirs()), case.name
    return ours, theirs


Essence = tuple[str, str, list[tuple[str, str]], dict[str, str], Any]
"""Method, URL without query, query, headers and body, without the freedom that spellings have."""


def _essence_of_call(call: PreparedCall) -> Essence:
    headers = {name.lower(): value for name, value in call.headers}
    return _essence(call.method, call.url, headers, call.body)


def _essence_of_prepared(prepared: requests.PreparedRequest) -> Essence:
    headers = {name.lower(): str(value) for name, value in prepared.headers.items()}
    headers.pop("content-length", None)
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
    assert body is None or isinstance(body, bytes)
    return _essence(str(prepared.method), str(prepared.url), headers, body)


def _essence(method: str, url: str, headers: dict[str, str], body: bytes | None) -> Essence:
    parts = urlsplit(url)
    is_json = headers.get("content-type") == "application/json"
    content = json.loads(body) if body and is_json else parse_qsl((body or b"").decode())
    return method, parts._replace(query="").geturl(), parse_qsl(parts.query), headers, content
