"""A manifest whose requests would differ from its intention is refused at the wrong field."""

from typing import Any

import pytest

from errors import Invalid
from tests.integrations.building import integration_of

POST = {"id": "it", "method": "POST", "path": "/x"}


def refused_fields(endpoint: dict[str, Any], **section: Any) -> list[str]:
    with pytest.raises(Invalid) as caught:
        integration_of([{"id": "it", "path": "/x", **endpoint}], **section)
    return [field.removeprefix("manifest.") for field in caught.value.errors or {}]


@pytest.mark.parametrize(
    "path",
    [
        "/%2{user}", "/a%", "/a%zz/b", "/x?a=%2{user}", "/%2e%2e/x", "/%252e/x", "/../x", "//x", "x", "/a b", "/a#b", "/a\\b",
        "/a\n", "/{nobody}", "/x?a={nobody}", "/{", "/x?" + "a&" * 101,
    ],
)  # fmt: skip
def test_a_path_that_could_become_another(path):
    assert set(refused_fields({"path": path})) == {"endpoints[0].path"}


@pytest.mark.parametrize(
    "base_url", ["https://api.test/%2{user}", "https://api.test/%2e%2e/", "{server}/%zz"]
)
def test_a_base_url_that_could_become_another(base_url):
    assert refused_fields({}, base_url=base_url)[0] == "integration.base_url"


@pytest.mark.parametrize(
    "name", ["X Y", "X:Y", "X-Ü", "Host", "content-length", "Cookie", "Proxy-Authorization", "X(1)"]
)
def test_a_header_that_is_no_manifest_s_to_set(name):
    assert refused_fields({"headers": {name: "x"}})[0].startswith("endpoints[0].headers")
    assert refused_fields({}, headers={name: "x"})[0].startswith("integration.headers")
    if " " not in name:
        parameter = {"name": name, "in": "header"}
        credential = {"type": "api_key", "in": "header", "name": name, "value": "{api_key}"}
        assert refused_fields({"parameters": [parameter]})[0] == "endpoints[0].parameters[0].name"
        assert refused_fields({}, auth=credential)[0] == "integration.auth[0].name"


@pytest.mark.parametrize("text", ["ü", "a\r\nX-Evil: 1", "a\0", " a", "a ", "ü{user}", " {user}", "{user}\n"])
def test_a_header_text_that_no_header_can_carry(text):
    assert refused_fields({"headers": {"X-A": text}}) == ["endpoints[0].headers.X-A"]
    assert refused_fields({}, headers={"X-A": text}) == ["integration.headers.X-A"]


@pytest.mark.parametrize(
    ("auth", "field"),
    [
        ({"type": "bearer", "prefix": "Schlüssel ", "token": "{api_key}"}, "token"),
        ({"type": "bearer", "prefix": "\n", "token": "{api_key}"}, "token"),
        ({"type": "api_key", "in": "header", "name": "X", "prefix": " K ", "value": "{api_key}"}, "value"),
        ({"type": "api_key", "in": "cookie", "name": "a;b", "value": "{api_key}"}, "name"),
        ({"type": "api_key", "in": "cookie", "name": "ü", "value": "{api_key}"}, "name"),
        ({"type": "signature", "headers": {"X-A": "ü{user}"}}, "headers.X-A"),
    ],
)
def test_a_credential_that_could_not_travel(auth, field):
    assert refused_fields({}, auth=auth) == [f"integration.auth[0].{field}"]


@pytest.mark.parametrize(
    ("endpoint", "fields"),
    [
        ({"body": ["x"], "parameters": [{"name": "a"}]}, ["body"]),
        ({"body": "{b}", "parameters": [{"name": "a"}, {"name": "b", "type": "array"}]}, ["body"]),
        ({"body": "x", "body_format": "text", "parameters": [{"name": "a"}]}, ["body"]),
        ({"body_format": "text", "parameters": [{"name": "a"}]}, ["body"]),
        ({"body_format": "xml", "parameters": [{"name": "a"}]}, ["body"]),
        ({"body_format": "jsonrpc", "parameters": [{"name": "a"}]}, ["body"]),
        ({"body_format": "jsonrpc"}, ["body"]),
        ({"body_format": "jsonrpc", "body": {"method": "m"}, "method": "PUT"}, ["method"]),
        ({"body_format": "jsonrpc", "body": {"method": "m", "params": [1]}, "parameters": [{"name": "a"}]}, ["body"]),
        ({"body_format": "jsonrpc", "body": {"params": []}}, ["body"]),
        ({"body_format": "jsonrpc", "body": ["method"]}, ["body"]),
        ({"body_format": "form", "body": "a=1"}, ["body"]),
        ({"body_format": "multipart", "body": ["a"]}, ["body"]),
        ({"body_format": "text", "body": {"a": 1}}, ["body"]),
        ({"body_format": "multipart", "body": {}, "headers": {"content-type": "multipart/form-data"}}, ["headers"]),
        ({"method": "GET", "parameters": [{"name": "a", "in": "body"}]}, ["parameters[0].in"]),
    ],
)  # fmt: skip
def test_a_body_that_would_lose_something(endpoint, fields):
    assert refused_fields({**POST, **endpoint}) == [f"endpoints[0].{field}" for field in fields]


@pytest.mark.parametrize(
    ("endpoint", "field"),
    [
        ({"method": "GET"}, "method"),
        ({"method": "POST", "body": [1]}, "body"),
        ({"method": "POST", "body": "x", "body_format": "text"}, "body"),
        ({"method": "POST", "body_format": "text"}, "body"),
    ],
)
def test_a_key_that_would_have_no_body_to_travel_in(endpoint, field):
    auth = {"type": "api_key", "in": "body", "name": "key", "value": "{api_key}"}
    assert refused_fields(endpoint, auth=auth) == [f"endpoints[0].{field}"]


@pytest.mark.parametrize(
    "endpoint",
    [
        {"parameters": [{"name": "a"}]},
        {"body": {}, "parameters": [{"name": "a"}]},
        {"body": "{b}", "parameters": [{"name": "a"}, {"name": "b", "type": "object"}]},
        {"body": "{a}", "body_format": "xml", "parameters": [{"name": "a"}]},
        {"body": ["{a}"], "parameters": [{"name": "a", "type": "object"}]},
        {"body_format": "multipart", "parameters": [{"name": "a"}]},
    ],
)
def test_bodies_with_a_place_for_everything_are_taken(endpoint):
    assert integration_of([{**POST, **endpoint}]).endpoints["it"].method == "POST"


@pytest.mark.parametrize(
    ("endpoint", "section", "field"),
    [
        ({f"unknown{number}": 1 for number in range(301)}, {}, "endpoints[0]"),
        ({"headers": {f"X-{number}": 1 for number in range(101)}}, {}, "endpoints[0].headers"),
        ({}, {"query": {f"q{number}": 1 for number in range(101)}}, "integration.query"),
        ({"body": {"query": "{" * 20_001}}, {"api_type": "graphql"}, "endpoints[0].body"),
    ],
)
def test_what_is_too_much_is_refused_as_a_whole(endpoint, section, field):
    assert refused_fields(endpoint, **section) == [field]


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        ("query Q { a }", True),
        ("{ a }", True),
        ("mutation { a }", False),
        ("subscription S { a }", False),
        ("query Q { a } mutation M { b }", False),
        ("query Q { mutation }", True),
        ('query Q { a(x: "} mutation {") }', True),
        ("# mutation\nquery Q { a }", True),
        ('query Q { a(x: """} mutation { \\""" """) }', True),
        ('query Q { a(x: """ \\""") } mutation M { b }""") }', True),
        ("", False),
    ],
)
def test_a_graphql_query_reads_and_a_mutation_does_not(query, reads):
    integration = integration_of([{"id": "it", "body": {"query": query}}], api_type="graphql")
    assert integration.endpoints["it"].is_safe is reads


CURSOR = {"type": "cursor", "cursor_path": "next", "cursor_param": "after"}


@pytest.mark.parametrize(
    ("paginate", "fields"),
    [
        ({"type": "page", "cursor_path": "next"}, ["cursor_path"]),
        ({"type": "page", "offset_param": "from"}, ["offset_param"]),
        ({"type": "offset", "limit": 5, "page_param": "p", "cursor_header": "X-Next"}, ["cursor_header", "page_param"]),
        ({"type": "link", "cursor_param": "after"}, ["cursor_param"]),
        ({"type": "link", "first": 1}, ["first"]),
        ({"type": "link", "limit": 10}, ["limit_param"]),
        ({**CURSOR, "limit": 10}, ["limit_param"]),
        ({**CURSOR, "limit_param": "size"}, ["limit"]),
        ({**CURSOR, "limit_param": "after", "limit": 10}, ["limit_param"]),
        ({**CURSOR, "cursor_param": "n"}, ["cursor_param"]),
        ({"type": "page", "page_param": "n"}, ["page_param"]),
        ({"type": "page", "limit_param": "n", "limit": 5}, ["limit_param"]),
    ],
)  # fmt: skip
def test_pages_that_would_not_be_asked_for_as_declared(paginate, fields):
    found = refused_fields({"path": "/x?n=3", "paginate": paginate})
    assert found == [f"endpoints[0].paginate.{field}" for field in fields]


def test_a_whole_url_has_no_pages():
    endpoint = {"path": "", "parameters": [{"name": "u", "in": "url"}], "paginate": {"type": "page"}}
    assert refused_fields(endpoint) == ["endpoints[0].paginate"]


@pytest.mark.parametrize(
    ("auth", "fields"),
    [
        ({"type": "bearer", "value": "{api_key}"}, ["value"]),
        ({"type": "bearer", "in": "query", "token": "{api_key}"}, ["in"]),
        ({"type": "api_key", "name": "X", "token": "{api_key}"}, ["token"]),
        ({"type": "api_key", "name": "X", "username": "{user}", "headers": {}}, ["headers", "username"]),
        ({"type": "basic", "prefix": "Token "}, ["prefix"]),
        ({"type": "digest", "in": "header", "value": "x"}, ["in", "value"]),
        ({"type": "signature", "headers": {"X": "y"}, "token": "{api_key}"}, ["token"]),
    ],
)
def test_a_word_that_its_kind_of_credential_does_not_use(auth, fields):
    assert refused_fields({}, auth=[auth]) == [f"integration.auth[0].{field}" for field in fields]
    assert refused_fields({}, auth=auth) == [f"integration.auth[0].{field}" for field in fields]


def test_a_credential_may_have_a_name_for_people():
    assert integration_of([{"id": "it"}], auth={"type": "basic", "name": "Account", "when": "user"})


KEY_AT = {
    "query": {"type": "api_key", "in": "query", "name": "key", "value": "{api_key}"},
    "header": {"type": "api_key", "in": "header", "name": "X-Key", "value": "{api_key}"},
    "body": {"type": "api_key", "in": "body", "name": "auth.key", "value": "{api_key}"},
    "signature": {"type": "signature", "headers": {"X-Key": "{api_key}"}, "query": {"key": "{api_key}"}},
    "basic": {"type": "basic"},
}


@pytest.mark.parametrize(
    ("place", "parameter", "path"),
    [
        ("query", {"name": "key", "in": "query"}, "/x"),
        ("header", {"name": "x-key", "in": "header"}, "/x"),
        ("body", {"name": "auth"}, "/x"),
        ("signature", {"name": "key", "in": "query"}, "/x"),
        ("signature", {"name": "x-KEY", "in": "header"}, "/x"),
        ("basic", {"name": "authorization", "in": "header"}, "/x"),
        ("basic", {"name": "units", "in": "query"}, "/x?units=metric"),
        ("basic", {"name": "a[b]", "in": "query"}, "/x?a%5Bb%5D=1"),
    ],
)
def test_a_parameter_whose_place_is_taken(place, parameter, path):
    endpoint = {"method": "POST", "path": path, "parameters": [{"name": "first"}, parameter]}
    assert refused_fields(endpoint, auth=KEY_AT[place]) == ["endpoints[0].parameters[1].name"]


def test_an_object_has_room_for_a_key_beside():
    endpoint = {**POST, "parameters": [{"name": "auth", "type": "object"}]}
    assert integration_of([endpoint], auth=KEY_AT["body"]).endpoints["it"].names_at["body"] == ("auth",)


def test_a_header_that_stands_there_twice():
    headers = {"X-A": "1", "x-a": "2"}
    assert refused_fields({"headers": headers}) == ["endpoints[0].headers.x-a"]
    assert refused_fields({}, headers=headers) == ["integration.headers.x-a"]


def test_a_multipart_body_whose_boundary_a_parameter_would_hide():
    parameters = [{"name": "content-type", "in": "header"}]
    endpoint = {**POST, "body_format": "multipart", "body": {}, "parameters": parameters}
    assert refused_fields(endpoint) == ["endpoints[0].headers"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ([{"name": "a", "function": "sha256_hex", "input": "{b}"}, {"name": "b", "function": "now_iso"}], "values[0].input"),
        ([{"name": "a", "function": "hmac_sha256_hex", "input": "x", "key": "{a}"}], "values[0].key"),
        ([{"name": "a", "function": "hmac_sha256_hex", "input": "x", "key": "{request.cookie}"}], "values"),
    ],
)  # fmt: skip
def test_a_signature_over_what_is_not_known_yet(values, field):
    auth = {"type": "signature", "values": values, "headers": {"X-Sign": "{a}"}}
    assert refused_fields({}, auth=auth) == [f"integration.auth[0].{field}"]


LOGIN = {"path": "/login", "body": {"p": "{password}"}, "token_path": "token"}
OAUTH2 = {"token_url": "https://api.test/token", "client_id": "{user}", "client_secret": "{api_key}"}


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ({"auth_method": "session_token", "login": LOGIN, "auth": KEY_AT["query"]}, "auth"),
        ({"auth_method": "oauth2_client_credentials", "oauth2": OAUTH2, "auth": KEY_AT["header"]}, "auth"),
        (
            {"auth_method": "oauth2_client_credentials", "oauth2": {**OAUTH2, "token_endpoint_auth_method": "none"}},
            "oauth2.client_secret",
        ),
        (
            {"auth_method": "oauth2_client_credentials", "oauth2": {**OAUTH2, "authorization_url": "https://api.test/"}},
            "oauth2.authorization_url",
        ),
        (
            {"auth_method": "oauth2_client_credentials", "oauth2": {**OAUTH2, "authorization_params": {"a": "b"}}},
            "oauth2.authorization_params",
        ),
    ],
)  # fmt: skip
def test_a_token_that_would_be_bought_and_not_used_as_declared(section, field):
    properties = [{"name": "user"}, {"name": "password", "secure": True}, {"name": "api_key", "secure": True}]
    assert refused_fields({}, properties=properties, **section) == [f"integration.{field}"]


def test_a_setting_that_has_the_name_of_the_token():
    properties = [{"name": "password", "secure": True}, {"name": "session_token", "secure": True}]
    section = {"auth_method": "session_token", "login": LOGIN}
    assert refused_fields({}, properties=properties, **section) == ["integration.login"]


@pytest.mark.parametrize(
    ("endpoint", "fields"),
    [
        ({}, ["body"]),
        ({"body": {"query": "{a}"}, "body_format": "form"}, ["body_format"]),
        ({"body": {"query": "query($ab: Int) {a}"}, "parameters": [{"name": "a"}]}, ["parameters[0].name"]),
        (
            {"body": {"query": "query($a: Int) {a}", "variables": [1]}, "parameters": [{"name": "a"}]},
            ["body"],
        ),
    ],
)
def test_a_graphql_call_that_graphql_does_not_know(endpoint, fields):
    assert refused_fields(endpoint, api_type="graphql") == [f"endpoints[0].{field}" for field in fields]
