"""Every place of a request that a manifest can put a value in, and what then leaves the socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.integrations.calling.wire_spellings import Spelling

NOW = 1_800_000_000.0

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request but for what every request has: Host, framing, User-Agent and Accept-Encoding."""

    target: str
    headers: Headers = ()
    body: str | None = None
    method: str = "GET"


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a request: the manifest that puts `value` there, and what then leaves."""

    name: str
    sent: Callable[[Spelling], Sent]
    fits: Callable[[Spelling], bool] = lambda _spelling: True
    endpoint: dict[str, Any] = field(default_factory=dict)
    section: dict[str, Any] = field(default_factory=dict)
    field: str = "parameters.value"
    """The field that an error names."""

    @property
    def source(self) -> str:
        return self.field.partition(".")[0]

    @property
    def parameter(self) -> str:
        return self.field.partition(".")[2]


JSON = (("Content-Type", "application/json"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)
TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
XML = (("Content-Type", "application/xml; charset=utf-8"),)
MULTIPART = (("Content-Type", "multipart/form-data; boundary=BOUNDARY"),)


def _parameter(location: str | None = None) -> list[dict[str, Any]]:
    return [{"name": "value", **({"in": location} if location else {})}]


def _posted(headers: Headers, body: Callable[[Spelling], str]) -> Callable[[Spelling], Sent]:
    return lambda s: Sent("/base/x", headers, body(s), "POST")


def _has_segment(spelling: Spelling) -> bool:
    return spelling.segment is not None


def _in_header(spelling: Spelling) -> bool:
    return spelling.in_header


def _is_stripped(spelling: Spelling) -> bool:
    return spelling.is_stripped


def _basic(user: str, password: str) -> Headers:
    return (("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()),)


def _hmac_hex(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


PARAMETER_PLACES = (
    Place(
        "path",
        lambda s: Sent(f"/base/a/{s.segment}/b"),
        _has_segment,
        {"path": "/a/{value}/b", "parameters": _parameter()},
    ),
    Place(
        "part of a segment",
        lambda s: Sent(f"/base/v-{s.segment}.json"),
        _has_segment,
        {"path": "/v-{value}.json", "parameters": _parameter()},
    ),
    Place("query", lambda s: Sent(f"/base/x?value={s.query}"), endpoint={"parameters": _parameter()}),
    Place(
        "query of a call that writes",
        lambda s: Sent(f"/base/x?value={s.query}", method="POST"),
        endpoint={"method": "POST", "parameters": _parameter("query")},
    ),
    Place(
        "query in the path",
        lambda s: Sent(f"/base/x?a=1&b=v{s.query}&c"),
        endpoint={"path": "/x?a=1&b=v{value}&c", "parameters": _parameter()},
    ),
    Place(
        "header",
        lambda s: Sent("/base/x", (("X-Value", s.text),)),
        _in_header,
        {"parameters": [{"name": "X-Value", "in": "header"}]},
        field="parameters.X-Value",
    ),
    Place(
        "header template",
        lambda s: Sent("/base/x", (("X-Value", f"v={s.text}; w"),)),
        # Blanks are at no end here.
        lambda s: s.in_header or s.name == "blank ends",
        {"headers": {"X-Value": "v={value}; w"}, "parameters": _parameter()},
    ),
    Place(
        "json body",
        _posted(JSON, lambda s: f'{{"value":{s.json}}}'),
        endpoint={"method": "POST", "parameters": _parameter()},
    ),
    Place(
        "json body of a PUT beside a query",
        lambda s: Sent("/base/x?q=1", JSON, f'{{"value":{s.json}}}', "PUT"),
        endpoint={"method": "PUT", "path": "/x?q=1", "parameters": _parameter("body")},
    ),
    Place(
        "json body template",
        _posted(JSON, lambda s: f'{{"a":[{{"b":{s.json}}},null,1.5,true],"c":"{{}}"}}'),
        endpoint={
            "method": "POST",
            "body": {"a": [{"b": "{value}"}, None, 1.5, True], "c": "{{}}"},
            "parameters": _parameter(),
        },
    ),
    Place(
        "text in a json body template",
        _posted(JSON, lambda s: f'{{"a":"v={s.json[1:-1]}!"}}'),
        endpoint={"method": "POST", "body": {"a": "v={value}!"}, "parameters": _parameter()},
    ),
    Place(
        "form body",
        _posted(FORM, lambda s: f"value={s.form}"),
        endpoint={"method": "POST", "body_format": "form", "parameters": _parameter()},
    ),
    Place(
        "form body template",
        _posted(FORM, lambda s: f"a+b=v{s.form}&c=1"),
        endpoint={
            "method": "POST",
            "body_format": "form",
            "body": {"a b": "v{value}", "c": 1},
            "parameters": _parameter(),
        },
    ),
    Place(
        "multipart body",
        _posted(
            MULTIPART,
            lambda s: (
                '--BOUNDARY\r\nContent-Disposition: form-data; name="value"\r\n\r\n'
                f"{s.text}\r\n--BOUNDARY--\r\n"
            ),
        ),
        endpoint={"method": "POST", "body_format": "multipart", "parameters": _parameter()},
    ),
    Place(
        "text body",
        _posted(TEXT, lambda s: f"Value: {s.text}."),
        endpoint={
            "method": "POST",
            "body_format": "text",
            "body": "Value: {value}.",
            "parameters": _parameter(),
        },
    ),
    Place(
        "xml body",
        _posted(XML, lambda s: f'<v a="{s.xml}">{s.xml}</v>'),
        lambda s: s.xml is not None,
        {
            "method": "POST",
            "body_format": "xml",
            "body": '<v a="{value}">{value}</v>',
            "parameters": _parameter(),
        },
    ),
    Place(
        "jsonrpc parameter",
        _posted(JSON, lambda s: f'{{"jsonrpc":"2.0","id":1,"method":"aria2.tell","params":[{s.json},{{}}]}}'),
        endpoint={
            "method": "POST",
            "body_format": "jsonrpc",
            "body": {"method": "aria2.tell", "params": ["{value}", {}]},
            "parameters": _parameter(),
        },
    ),
    Place(
        "graphql variable",
        _posted(
            JSON,
            lambda s: (
                f'{{"query":"query Q($v: String) {{ one(v: $v) {{ id }} }}","variables":{{"v":{s.json}}}}}'
            ),
        ),
        endpoint={
            "body": {
                "query": "query Q($v: String) { one(v: $v) { id } }",
                "variables": {"v": "{value}"},
            },
            "parameters": _parameter(),
        },
        section={"api_type": "graphql"},
    ),
)

SETTING_PLACES = (
    Place(
        "setting in a path",
        lambda s: Sent(f"/base/a/{s.segment}"),
        _has_segment,
        {"path": "/a/{value}"},
        field="config.value",
    ),
    Place(
        "setting in the base URL's path",
        lambda s: Sent(f"/t/{s.segment}/v2/x"),
        _has_segment,
        section={"base_url": "http://HOST/t/{value}/v2"},
        field="config.value",
    ),
    Place(
        "setting in an endpoint's own base URL",
        lambda s: Sent(f"/own/{s.segment}/x"),
        _has_segment,
        {"base_url": "http://HOST/own/{value}/"},
        field="config.value",
    ),
    Place(
        "setting in the integration's query",
        lambda s: Sent(f"/base/x?lang={s.query}&v=2"),
        section={"query": {"lang": "{value}", "v": 2}},
        field="config.value",
    ),
    Place(
        "setting in the integration's header",
        lambda s: Sent("/base/x", (("X-Value", s.text), ("X-On", "true"))),
        _in_header,
        section={"headers": {"X-Value": "{value}", "X-On": True}},
        field="config.value",
    ),
    Place(
        "setting that fills a parameter",
        lambda s: Sent(f"/base/x?q={s.query}"),
        endpoint={"parameters": [{"name": "q", "from_config": "value"}]},
        field="config.value",
    ),
    Place(
        "setting in a body",
        _posted(JSON, lambda s: f'{{"v":{s.json}}}'),
        endpoint={"method": "POST", "body": {"v": "{value}"}},
        field="config.value",
    ),
)

CREDENTIAL_PLACES = (
    Place(
        "bearer",
        lambda s: Sent("/base/x", (("Authorization", f"Bearer {s.text}"),)),
        _in_header,
        section={"auth": {"type": "bearer", "token": "{value}"}},
        field="secrets.value",
    ),
    Place(
        "basic password",
        lambda s: Sent("/base/x", _basic("Jörg", s.text)),
        section={"auth": {"type": "basic", "username": "Jörg", "password": "{value}"}},
        field="secrets.value",
    ),
    Place(
        "basic user",
        lambda s: Sent("/base/x", _basic(s.text, "x")),
        lambda s: ":" not in s.text and s.is_stripped,
        section={"auth": {"type": "basic", "username": "{value}", "password": "x"}},
        field="secrets.value",
    ),
    Place(
        "api_key in a header",
        lambda s: Sent("/base/x", (("X-Api-Key", s.text),)),
        _in_header,
        section={"auth": {"type": "api_key", "in": "header", "name": "X-Api-Key", "value": "{value}"}},
        field="secrets.value",
    ),
    Place(
        "api_key in a header with others",
        lambda s: Sent("/base/x", (("Authorization", f"Tok PVE={s.text}=x"),)),
        # Blanks are at no end here.
        lambda s: s.in_header or s.name == "blank ends",
        section={
            "auth": {
                "type": "api_key",
                "in": "header",
                "name": "Authorization",
                "prefix": "Tok ",
                "value": "PVE={value}=x",
            }
        },
        field="secrets.value",
    ),
    Place(
        "api_key in the query",
        lambda s: Sent(f"/base/x?a=1&api_key={s.query}"),
        _is_stripped,
        {"path": "/x?a=1"},
        {"auth": {"type": "api_key", "in": "query", "name": "api_key", "value": "{value}"}},
        field="secrets.value",
    ),
    Place(
        "api_key in the body",
        _posted(JSON, lambda s: f'{{"a":1,"auth":{{"key":{s.json}}}}}'),
        _is_stripped,
        {"method": "POST", "body": {"a": 1}},
        {"auth": {"type": "api_key", "in": "body", "name": "auth.key", "value": "{value}"}},
        field="secrets.value",
    ),
    Place(
        "api_key in a form",
        _posted(FORM, lambda s: f"a=1&key={s.form}"),
        _is_stripped,
        {"method": "POST", "body": {"a": 1}, "body_format": "form"},
        {"auth": {"type": "api_key", "in": "body", "name": "key", "value": "{value}"}},
        field="secrets.value",
    ),
    Place(
        "api_key in a cookie",
        lambda s: Sent("/base/x", (("Cookie", f"sid={s.text}"),)),
        lambda s: s.in_cookie,
        section={"auth": {"type": "api_key", "in": "cookie", "name": "sid", "value": "{value}"}},
        field="secrets.value",
    ),
    Place(
        "signature in a header",
        lambda s: Sent(
            "/base/x",
            (
                ("X-Time", "1800000000"),
                ("X-Sign", _hmac_hex(s.text, "1800000000POST/base/x{}")),
            ),
            None,
            "POST",
        ),
        endpoint={"method": "POST"},
        section={
            "auth": {
                "type": "signature",
                "values": [
                    {"name": "ts", "function": "now_epoch"},
                    {
                        "name": "sign",
                        "function": "hmac_sha256_hex",
                        "input": "{ts}{request.method}{request.path}{{}}",
                        "key": "{value}",
                    },
                ],
                "headers": {"X-Time": "{ts}", "X-Sign": "{sign}"},
            }
        },
        field="secrets.value",
    ),
    Place(
        "signature in the query",
        lambda s: Sent(
            f"/base/x?symbol=LTC%20BTC&timestamp=1800000000&signature="
            f"{_hmac_hex(s.text, 'symbol=LTC%20BTC&timestamp=1800000000')}"
        ),
        endpoint={"path": "/x?symbol=LTC BTC".replace(" ", "%20")},
        section={
            "auth": {
                "type": "signature",
                "values": [
                    {"name": "ts", "function": "now_epoch"},
                    {
                        "name": "sign",
                        "function": "hmac_sha256_hex",
                        "input": "{request.query}&timestamp={ts}",
                        "key": "{value}",
                    },
                ],
                "query": {"timestamp": "{ts}", "signature": "{sign}"},
            }
        },
        field="secrets.value",
    ),
)

PLACES = (*PARAMETER_PLACES, *SETTING_PLACES, *CREDENTIAL_PLACES)
