"""The bytes that leave where several things of a manifest meet in one request."""

import hashlib
import re
from typing import Any

import pytest

from errors import Invalid, SettingsIncomplete
from tests.integrations.calling.wire import Recorder, recorder
from tests.integrations.calling.wire_places import JSON, Sent
from tests.raw_upstreams import respond


def test_several_credentials_travel_in_one_request(wire: Recorder):
    request = wire.sent_by(
        {"method": "POST", "path": "/x?a=1", "body": {"b": 2}},
        secrets={"value": "s3cret", "other": "0ther"},
        auth=[
            {"type": "api_key", "in": "header", "name": "X-Key", "value": "{value}"},
            {"type": "api_key", "in": "query", "name": "app[id]", "value": "{other}"},
            {"type": "api_key", "in": "body", "name": "auth.token", "value": "{value}"},
            {"type": "api_key", "in": "cookie", "name": "sid", "value": "{value}"},
            {"type": "api_key", "in": "cookie", "name": "other", "value": "{other}"},
            {"type": "basic", "username": "{value}", "password": ""},
        ],
    )
    headers = (
        *JSON,
        ("X-Key", "s3cret"),
        ("Authorization", "Basic czNjcmV0Og=="),
        ("Cookie", "sid=s3cret; other=0ther"),
    )
    body = '{"b":2,"auth":{"token":"s3cret"}}'
    assert request == wire.expected(Sent("/base/x?a=1&app[id]=0ther", headers, body, "POST"))


@pytest.mark.parametrize(
    ("secrets", "headers"),
    [
        ({"value": "key"}, (("X-Key", "key"),)),
        ({"other": "pass"}, (("Authorization", "Basic dTpwYXNz"),)),
        ({}, ()),
    ],
)
def test_of_two_alternatives_the_one_that_is_set_travels(wire: Recorder, secrets: Any, headers: Any):
    properties = [{"name": name, "secure": True} for name in ("value", "other")]
    request = wire.sent_by(
        {},
        secrets=secrets,
        properties=properties,
        auth=[
            {"type": "api_key", "in": "header", "name": "X-Key", "value": "{value}", "when": "value"},
            {"type": "basic", "username": "u", "password": "{other}", "when": "other"},
        ],
    )
    assert request == wire.expected(Sent("/base/x", headers))


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


@pytest.mark.parametrize("password", ["plain", "Zürich:\U0001f326", "a b%2F", ""])
def test_a_digest_challenge_is_answered_with_the_secret_as_rfc_7616_computes_it(password: str):
    challenge = 'WWW-Authenticate: Digest realm="r", nonce="n0", qop="auth", algorithm=MD5'
    refusing = respond(b"", status="401 Unauthorized", headers=(challenge,))
    with recorder(refusing, respond(b"{}")) as wire:
        answer = wire.sent_by(
            {"path": "/x?a=b%20c"},
            secrets={"value": password},
            auth={"type": "digest", "username": "us er", "password": "{value}"},
        ).decode()
        first = wire.upstream.requests[0].decode()
    head, _, authorization = answer.partition("\r\nAuthorization: Digest ")
    assert first == head + "\r\n\r\n"
    fields = dict(re.findall(r'(\w+)="?([^",\r]*)"?', authorization))
    secret = md5(f"us er:r:{password}")
    ha2 = md5("GET:/base/x?a=b%20c")
    expected = md5(f"{secret}:n0:{fields['nc']}:{fields['cnonce']}:auth:{ha2}")
    assert (fields["username"], fields["uri"], fields["response"]) == ("us er", "/base/x?a=b%20c", expected)


@pytest.mark.parametrize("user", ['a"b', "a\\b", "Zürich", "a\r\nb", "\U0001f326"])
def test_a_user_that_digest_cannot_carry_is_refused_by_name(wire: Recorder, user: str):
    with pytest.raises(SettingsIncomplete) as caught:
        wire.sent_by({}, {}, {"value": user}, auth={"type": "digest", "username": "{value}", "password": "x"})
    assert list(caught.value.errors or {}) == ["config.value"]


def test_a_parameter_does_not_fill_the_integration_s_own_templates(wire: Recorder):
    request = wire.sent_by(
        {"parameters": [{"name": "value"}]},
        {"value": "given"},
        {"value": "set"},
        headers={"X-Client": "{value}"},
        query={"client": "{value}"},
    )
    assert request == wire.expected(Sent("/base/x?client=set&value=given", (("X-Client", "set"),)))


def test_a_setting_does_not_stand_in_for_a_parameter_that_nobody_gives(wire: Recorder):
    endpoint = {
        "method": "POST",
        "body": {"v": "{value}", "o": "{other}"},
        "parameters": [{"name": "value"}],
    }
    request = wire.sent_by(endpoint, {}, {"value": "set", "other": "set"})
    assert request == wire.expected(Sent("/base/x", JSON, '{"o":"set"}', "POST"))


def test_what_stands_in_a_text_must_be_given(wire: Recorder):
    endpoint = {"method": "POST", "body": {"v": "v={value}"}, "parameters": [{"name": "value"}]}
    with pytest.raises(Invalid) as caught:
        wire.sent_by(endpoint, {}, {"value": "set"})
    assert list(caught.value.errors or {}) == ["parameters.value"]


def test_a_query_in_the_path_leaves_as_it_was_written(wire: Recorder):
    request = wire.sent_by({"path": "/x?fields=a,b&q=c+d%2B&raw&x[]=1&u=ü&w=%7Bz%7D"})
    assert request == wire.expected(Sent("/base/x?fields=a,b&q=c+d%2B&raw&x[]=1&u=%C3%BC&w=%7Bz%7D"))


@pytest.mark.parametrize(
    ("body_format", "media_type"),
    [("json", "application/vnd.api+json"), ("form", "application/x-www-form-urlencoded")],
)
def test_an_integration_names_its_own_json_and_leaves_forms_alone(
    wire: Recorder, body_format: str, media_type: str
):
    endpoint = {"method": "POST", "body_format": body_format, "body": {}}
    request = wire.sent_by(endpoint, headers={"Content-Type": "application/vnd.api+json"})
    body = "{}" if body_format == "json" else ""
    assert request == wire.expected(Sent("/base/x", (("Content-Type", media_type),), body, "POST"))


@pytest.mark.parametrize(
    ("method", "endpoint", "headers", "body"),
    [
        ("POST", {}, (), None),
        ("POST", {"body": {}}, JSON, "{}"),
        ("PUT", {"parameters": [{"name": "value"}]}, JSON, "{}"),
        ("PATCH", {"body": "{value}", "parameters": [{"name": "value", "type": "object"}]}, (), None),
        ("DELETE", {"parameters": [{"name": "value"}]}, (), None),
        ("HEAD", {}, (), None),
    ],
)
def test_what_nobody_gives_is_left_out(wire: Recorder, method: str, endpoint: Any, headers: Any, body: Any):
    assert wire.sent_by({"method": method, **endpoint}) == wire.expected(
        Sent("/base/x", headers, body, method)
    )


@pytest.mark.parametrize(
    ("endpoint", "given", "target"),
    [
        ({"parameters": [{"name": "units"}]}, {"units": "si"}, "/base/x?lang=de&units=si"),
        ({"parameters": [{"name": "units"}]}, {}, "/base/x?units=metric&lang=de"),
        ({"path": "/x?units=k"}, {}, "/base/x?units=k&lang=de"),
        ({"path": "/x?units=k&units=c&key=demo"}, {}, "/base/x?units=k&units=c&lang=de"),
    ],
)
def test_in_a_query_what_stands_nearer_to_the_call_wins_and_the_key_over_all(
    wire: Recorder, endpoint: Any, given: Any, target: str
):
    request = wire.sent_by(
        endpoint,
        given,
        secrets={"value": "s3cret"},
        query={"units": "metric", "lang": "de", "key": "none"},
        auth={"type": "api_key", "in": "query", "name": "key", "value": "{value}"},
    )
    assert request == wire.expected(Sent(f"{target}&key=s3cret"))


def test_an_optional_key_that_is_not_set_leaves_its_place_to_the_constant(wire: Recorder):
    request = wire.sent_by(
        {},
        properties=[{"name": "value", "secure": True}],
        query={"key": "demo"},
        auth={"type": "api_key", "in": "query", "name": "key", "value": "{value}"},
    )
    assert request == wire.expected(Sent("/base/x?key=demo"))


@pytest.mark.parametrize(
    ("endpoint", "sent"),
    [
        (
            {"path": "/x?q={value}", "parameters": [{"name": "value", "in": "query"}]},
            Sent("/base/x?q=v"),
        ),
        (
            {"headers": {"X-Value": "v={value}"}, "parameters": [{"name": "value", "in": "header"}]},
            Sent("/base/x", (("X-Value", "v=v"),)),
        ),
        (
            {"method": "POST", "body": {"b": "{value}"}, "parameters": [{"name": "value", "in": "query"}]},
            Sent("/base/x?value=v", JSON, '{"b":"v"}', "POST"),
        ),
    ],
)
def test_a_parameter_that_stands_in_a_template_of_its_place_travels_once(
    wire: Recorder, endpoint: Any, sent: Sent
):
    assert wire.sent_by(endpoint, {"value": "v"}) == wire.expected(sent)


@pytest.mark.parametrize(
    ("section", "endpoint", "body"),
    [
        (
            {"api_type": "graphql"},
            {"body": {"query": "query($value: Int, $b: Int) {a}"}},
            '{"query":"query($value: Int, $b: Int) {a}","variables":{"value":5}}',
        ),
        (
            {"api_type": "graphql"},
            {
                "body": {
                    "query": "query($value: Int, $b: Int) {a}",
                    "variables": {"b": 1},
                    "operationName": "o",
                }
            },
            '{"query":"query($value: Int, $b: Int) {a}","variables":{"b":1,"value":5},"operationName":"o"}',
        ),
        (
            {"auth": {"type": "api_key", "in": "body", "name": "auth", "value": "s3cret"}},
            {"method": "POST", "body_format": "jsonrpc", "body": {"method": "host.get", "params": {"b": 1}}},
            '{"jsonrpc":"2.0","id":1,"method":"host.get","params":{"b":1,"value":5},"auth":"s3cret"}',
        ),
    ],
    ids=["graphql", "graphql with variables of its own", "jsonrpc with a key"],
)
def test_a_parameter_goes_where_the_protocol_has_its_values(
    wire: Recorder, section: Any, endpoint: Any, body: str
):
    endpoint = {**endpoint, "parameters": [{"name": "value", "type": "integer"}]}
    assert wire.sent_by(endpoint, {"value": 5}, **section) == wire.expected(
        Sent("/base/x", JSON, body, "POST")
    )
