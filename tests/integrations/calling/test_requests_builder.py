"""Every value goes to its own place, encoded for it, and to no other."""

import json
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import Invalid, SettingsIncomplete
from tests.integrations.building import call_of, headers_of


@pytest.mark.parametrize(
    ("path", "parameters", "url"),
    [
        ("", {}, "https://api.test/v1"),
        ("/", {}, "https://api.test/v1/"),
        ("/items", {}, "https://api.test/v1/items"),
        ("/items/{id}", {"id": 5}, "https://api.test/v1/items/5"),
        ("/items/{id}/x", {"id": "a/b"}, "https://api.test/v1/items/a%2Fb/x"),
        ("/items/{id}", {"id": "a?b#c"}, "https://api.test/v1/items/a%3Fb%23c"),
        ("/items/{id}", {"id": "%2e%2e"}, "https://api.test/v1/items/%252e%252e"),
        ("/items/{id}", {"id": "ü x"}, "https://api.test/v1/items/%C3%BC%20x"),
        ("/items/{id}:run", {"id": "x:y"}, "https://api.test/v1/items/x:y:run"),
        ("/files/{id}.json", {"id": "..."}, "https://api.test/v1/files/....json"),
        ("/items?format=json", {}, "https://api.test/v1/items?format=json"),
    ],
)
def test_path_values_are_one_segment(path, parameters, url):
    names = [
        {"name": name, "type": "integer" if name == "id" and value == 5 else "string"}
        for name, value in parameters.items()
    ]
    assert call_of({"path": path, "parameters": names}, parameters).url == url


@pytest.mark.parametrize("value", ["", ".", "..", "a\x00b", "a\nb", "\x7f"])
def test_a_path_value_that_is_no_segment_is_refused_by_name(value):
    with pytest.raises(Invalid) as caught:
        call_of({"path": "/items/{id}", "parameters": [{"name": "id"}]}, {"id": value})
    assert list(caught.value.errors or {}) == ["parameters.id"]


@pytest.mark.parametrize(
    ("value", "query"),
    [
        ("a b", "q=a%20b"),
        ("a&b=c", "q=a%26b%3Dc"),
        ("#x", "q=%23x"),
        ("{y}", "q=%7By%7D"),
        ("50%", "q=50%25"),
        (True, "q=true"),
        (1.5, "q=1.5"),
        (["a", "b"], "q=a&q=b"),
        ({"k": [1]}, "q=%7B%22k%22%3A%5B1%5D%7D"),
        ([], ""),
    ],
)
def test_query_values_are_encoded(value, query):
    kind = {bool: "boolean", float: "number", list: "array", dict: "object"}.get(type(value), "string")
    call = call_of({"path": "/s", "parameters": [{"name": "q", "type": kind}]}, {"q": value})
    assert urlsplit(call.url).query == query


def test_parameters_go_by_convention_to_query_or_body():
    parameters = [{"name": "a"}, {"name": "b", "in": "query"}]
    read = call_of({"path": "/x", "parameters": parameters}, {"a": "1", "b": "2"})
    written = call_of({"path": "/x", "method": "POST", "parameters": parameters}, {"a": "1", "b": "2"})
    assert (urlsplit(read.url).query, read.body) == ("a=1&b=2", None)
    assert (urlsplit(written.url).query, written.body) == ("b=2", b'{"a":"1"}')
    assert headers_of(written)["content-type"] == "application/json"


def test_a_body_template_is_filled_with_types_and_joined_with_body_parameters():
    endpoint = {
        "path": "/q",
        "method": "POST",
        "parameters": [{"name": "n", "type": "integer"}, {"name": "extra"}, {"name": "maybe"}],
        "body": {"page": {"size": "{n}"}, "note": "n={n}", "maybe": "{maybe}"},
    }
    call = call_of(endpoint, {"n": 3, "extra": "e"})
    assert json.loads(call.body or b"") == {"page": {"size": 3}, "note": "n=3", "extra": "e"}


@pytest.mark.parametrize(
    ("section", "secrets", "config", "header"),
    [
        ({"auth_method": "token"}, {"access_token": "K"}, {}, ("authorization", "Bearer K")),
        ({"auth_method": "api_key"}, {"api_key": "K"}, {}, ("x-api-key", "K")),
        ({"auth_method": "basic"}, {"password": "p:w"}, {"username": "ü"}, ("authorization", "Basic w7w6cDp3")),
        (
            {"auth": {"type": "api_key", "in": "header", "name": "X-Key", "prefix": "Key "}},
            {"api_key": "K"}, {}, ("x-key", "Key K"),
        ),
        (
            {"auth": {"type": "api_key", "in": "header", "name": "Authorization", "value": "PVEAPIToken={user}={api_key}"}},
            {"api_key": "K"}, {"user": "root@pam!x"}, ("authorization", "PVEAPIToken=root@pam!x=K"),
        ),
        ({"auth": {"type": "api_key", "in": "cookie", "name": "sid"}}, {"api_key": "K"}, {}, ("cookie", "sid=K")),
        ({"auth": {"type": "basic", "username": "{api_key}", "password": "x"}}, {"api_key": "K"}, {}, ("authorization", "Basic Szp4")),
        ({"auth": {"type": "basic", "username": "{api_key}", "password": ""}}, {"api_key": "K"}, {}, ("authorization", "Basic Szo=")),
    ],
)  # fmt: skip
def test_credentials_stand_where_the_manifest_says(section, secrets, config, header):
    call = call_of({"path": "/x"}, secrets=secrets, config=config, **section)
    assert headers_of(call)[header[0]] == header[1]
    assert set(secrets.values()) <= call.secrets


def test_a_key_in_the_query_or_the_body_travels_there():
    query = call_of(
        {"path": "/x"}, secrets={"api_key": "K"}, auth={"type": "api_key", "in": "query", "name": "key"}
    )
    body = call_of(
        {"path": "/x", "method": "POST", "body": {"a": 1}},
        secrets={"api_key": "K"},
        auth={"type": "api_key", "in": "body", "name": "auth.key"},
    )
    assert urlsplit(query.url).query == "key=K"
    assert json.loads(body.body or b"") == {"a": 1, "auth": {"key": "K"}}


def test_a_key_that_is_a_parameter_travels_once():
    endpoint = {"path": "/x", "parameters": [{"name": "appid", "from_config": "api_key"}]}
    call = call_of(endpoint, secrets={"api_key": "K"}, auth_method="api_key")
    assert urlsplit(call.url).query == "appid=K"
    assert "x-api-key" not in headers_of(call)


def test_an_optional_token_that_is_not_set_is_left_out():
    assert "authorization" not in headers_of(call_of({"path": "/x"}, auth_method="token"))


def test_half_a_credential_is_an_error_by_name():
    with pytest.raises(SettingsIncomplete) as caught:
        call_of({"path": "/x"}, auth_method="basic", config={"username": "u"})
    assert "config.password" in (caught.value.errors or {})


def test_a_user_name_with_a_colon_is_refused():
    with pytest.raises(SettingsIncomplete) as caught:
        call_of({"path": "/x"}, auth_method="basic", config={"username": "a:b"}, secrets={"password": "p"})
    assert "config.username" in (caught.value.errors or {})
    assert "p" not in str(caught.value.errors).replace("password", "").split()


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\x00b", " a", "a ", "ü"])
def test_header_values_that_could_split_a_header_are_refused_by_name(value):
    with pytest.raises(Invalid) as caught:
        call_of({"path": "/x", "parameters": [{"name": "X-Y", "in": "header"}]}, {"X-Y": value})
    assert list(caught.value.errors or {}) == ["parameters.X-Y"]
    with pytest.raises(SettingsIncomplete):
        call_of({"path": "/x"}, auth_method="token", secrets={"access_token": value})


def test_settings_fill_parameters_that_nobody_gives():
    endpoint = {"path": "/x", "parameters": [{"name": "u", "from_config": "units", "default": "d"}]}
    assert call_of(endpoint, {"u": "given"}, {"units": "set"}).url.endswith("?u=given")
    assert call_of(endpoint, {}, {"units": "set"}).url.endswith("?u=set")
    assert call_of(endpoint).url.endswith("?u=d")


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({}, ["parameters.id"]),
        ({"id": "x", "typo": 1}, ["parameters.typo"]),
        ({"id": 5}, ["parameters.id"]),
        ({"id": "x", "any": ["x"]}, ["parameters.any"]),
        ({"id": "x", "any": {}}, ["parameters.any"]),
        ({"id": "x", "word": ["x"]}, ["parameters.word"]),
        ({"id": "x", "mode": "c"}, ["parameters.mode"]),
        ({"id": None, "mode": "a"}, ["parameters.id"]),
    ],
)
def test_parameters_are_checked_by_field(parameters, fields):
    endpoint = {
        "path": "/x",
        "parameters": [
            {"name": "id", "type": "string", "required": True},
            {"name": "mode", "enum": ["a", "b"]},
            {"name": "any"},
            {"name": "word", "pattern": "[a-z]*"},
        ],
    }
    with pytest.raises(Invalid) as caught:
        call_of(endpoint, parameters)
    assert sorted(caught.value.errors or {}) == fields


WHOLE_URL = {
    "path": "",
    "response_type": "opengraph",
    "parameters": [{"name": "url", "in": "url", "required": True}],
}


def test_a_whole_url_is_fetched_without_anything_of_the_integration_s():
    call = call_of(
        WHOLE_URL,
        {"url": "https://example.org/a b".replace(" ", "%20") + "?q=1#frag"},
        auth_method="token",
        secrets={"access_token": "K"},
        headers={"X-Own": "{access_token}"},
        query={"k": "v"},
    )
    assert call.url == "https://example.org/a%20b?q=1"
    assert (call.method, call.public_only, call.secrets) == ("GET", True, frozenset())
    assert [name for name, _ in call.headers] == ["Accept"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "http://",
        "//x.org",
        "http://u:p@x.org/",
        "http://x.org\\@y.org",
        "http://x.org/\r\nX: y",
        "gopher://x",
        "http://x.org:999999/",
        5,
    ],
)
def test_a_whole_url_that_is_none_is_refused(url):
    with pytest.raises(Invalid) as caught:
        call_of(WHOLE_URL, {"url": url})
    assert list(caught.value.errors or {}) == ["parameters.url"]


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(
    lambda text: text not in (".", "..")
)


@given(segment=TEXT, query=TEXT, member=TEXT)
def test_no_value_reaches_another_place_than_its_own(segment, query, member):
    endpoint = {
        "path": "/a/{segment}/b",
        "method": "POST",
        "parameters": [{"name": "segment"}, {"name": "query", "in": "query"}, {"name": "member"}],
    }
    call = call_of(endpoint, {"segment": segment, "query": query, "member": member})
    parts = urlsplit(call.url)
    assert call.url.isascii()
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "api.test", "")
    assert [unquote(part) for part in parts.path.split("/")] == ["", "v1", "a", segment, "b"]
    assert parse_qsl(parts.query, keep_blank_values=True) == [("query", query)]
    assert json.loads(call.body or b"") == {"member": member}


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (5.5, "5.5"), (True, "true"), ("5", "5"), (0, "0"), (False, "false")]
)
def test_a_parameter_without_a_type_takes_any_scalar(value, text):
    call = call_of({"path": "/x", "parameters": [{"name": "n"}]}, {"n": value})
    assert call.url == f"https://api.test/v1/x?n={text}"


@pytest.mark.parametrize(
    ("kind", "value", "query"),
    [("number", 52.5, "n=52.5"), ("array", ["a", 1], "n=a&n=1"), ("boolean", False, "n=false")],
)
def test_a_parameter_without_a_type_has_its_setting_s(kind, value, query):
    call = call_of(
        {"path": "/x", "parameters": [{"name": "n", "from_config": "m"}]},
        config={"m": value},
        properties=[{"name": "m", "type": kind}],
    )
    assert call.url == f"https://api.test/v1/x?{query}"


TOKEN_IN = {"type": "api_key", "in": "body", "value": "token:{api_key}"}


@pytest.mark.parametrize(
    ("name", "body", "sent"),
    [
        ("params.0", {"params": [None, "{gid}"]}, {"params": ["token:K", "G"]}),
        ("params.0", {"params": ["", ["a"]]}, {"params": ["token:K", ["a"]]}),
        ("params.1", {"params": ["{gid}"]}, {"params": ["G", "token:K"]}),
        ("params.0", {"params": []}, {"params": ["token:K"]}),
        ("params.0", {"id": 1}, {"id": 1, "params": ["token:K"]}),
        ("params.0", None, {"params": ["token:K"]}),
        ("params.0.key", {"params": [{"gid": "{gid}"}]}, {"params": [{"gid": "G", "key": "token:K"}]}),
        ("a.0.0", {"id": 1}, {"id": 1, "a": [["token:K"]]}),
        ("params.0", {"params": {"1": "{gid}"}}, {"params": {"1": "G", "0": "token:K"}}),
    ],
)
def test_a_number_in_a_dotted_name_is_a_place_in_a_list(name, body, sent):
    endpoint = {"path": "/rpc", "method": "POST", **({"body": body} if body is not None else {})}
    if "gid" in str(body):
        endpoint["parameters"] = [{"name": "gid", "required": True}]
    call = call_of(
        endpoint,
        {"gid": "G"} if "gid" in str(body) else {},
        secrets={"api_key": "K"},
        auth={**TOKEN_IN, "name": name},
    )
    assert json.loads(call.body or b"") == sent


def test_several_credentials_make_one_list():
    auth = [
        {**TOKEN_IN, "name": "params.0"},
        {"type": "api_key", "in": "body", "name": "params.1", "value": "x"},
    ]
    call = call_of({"path": "/rpc", "method": "POST"}, secrets={"api_key": "K"}, auth=auth)
    assert json.loads(call.body or b"") == {"params": ["token:K", "x"]}


@pytest.mark.parametrize(
    ("name", "body", "why"),
    [
        ("params.2", {"params": ["a"]}, "`2` is not one of them or the next"),
        ("params.key", {"params": ["a"]}, "`key` is not one of them"),
        ("params.99999999999999999999", {"params": ["a"]}, "not one of them"),
        ("params.1", {"id": 1}, "a new one begins at 0"),
        ("params.0.1", {"id": 1}, "a new one begins at 0"),
        ("params.0", {"params": ["{gid}"]}, "`{gid}` stands there"),
        ("params.0", {"params": ["no {gid}"]}, "`no {gid}` stands there"),
        ("params.1", {"params": ["{more}", None]}, "may be left out"),
    ],
)
def test_a_place_that_a_list_does_not_have_is_refused(name, body, why):
    parameters = [{"name": "gid", "required": True}, {"name": "more"}]
    endpoint = {
        "path": "/rpc",
        "method": "POST",
        "body": {**body, "rest": ["{gid}", "{more}"]},
        "parameters": parameters,
    }
    with pytest.raises(Invalid) as caught:
        call_of(endpoint, {"gid": "G"}, secrets={"api_key": "K"}, auth={**TOKEN_IN, "name": name})
    [(field, [message])] = (caught.value.errors or {}).items()
    assert (field, why in message) == ("manifest.endpoints[0].body", True), message
