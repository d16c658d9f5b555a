"""The secrets found in a built request, compared with what the manifest declares."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from errors import ReviewDue
from integrations.actions.progress import Progress
from integrations.egress.messages import DigestLogin, PreparedCall, Tls
from integrations.egress.release import require_release
from plugin_store.vault.destinations import Destination
from tests.integrations.building import call_of, integration_of

ORIGIN = "https://api.test:443"
SECRETS = {"api_key": "key/+9&", "password": "pass"}


def at(placement: str, name: str) -> list[tuple[str, str]]:
    return [(placement, name)]


def post(body: Any, body_format: str = "json", **more: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/x", "body": body, "body_format": body_format, **more}


def signing(*values: dict[str, str], **carried: Any) -> dict[str, Any]:
    return {"auth": {"type": "signature", "values": list(values), **carried}}


NO_AUTH: dict[str, Any] = {"auth": []}
NOW = {"name": "now", "function": "now_epoch"}
PACK = {"name": "packed", "function": "base64", "input": "{request.query}"}
AGAIN = {"name": "again", "function": "base64", "input": "x {packed}"}
MARK = {"name": "mark", "function": "hmac_sha256_hex", "input": "{request.target}", "key": "{password}"}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[tuple[str, str]]]] = {
    "header": ({"path": "/x", "headers": {"X-K": "v {api_key}"}}, NO_AUTH, at("header", "x-k")),
    "query": ({"path": "/x?a=1&k=v-{api_key}"}, NO_AUTH, at("query", "k")),
    "query's name": ({"path": "/x?p{api_key}=1"}, NO_AUTH, at("query_name", "p{}")),
    "query's name beside one": ({"path": "/x?{user}-k={api_key}"}, NO_AUTH, at("query", "{}-k")),
    "query's name with signs": ({"path": "/x"}, {"auth": [], "query": {"k@:&={}": "{api_key}"}}, at("query", "k@:&={{}}")),
    "query's name encoded": ({"path": "/x?a%26b+c={api_key}"}, NO_AUTH, at("query", "a&b+c")),
    "path": ({"path": "/bot{api_key}/send"}, NO_AUTH, at("path", "/v1/bot")),
    "path behind a setting": ({"path": "/{user}/k/{api_key}"}, NO_AUTH, at("path", "/v1/{}/k/")),
    "path behind the other secret": ({"path": "/{password}/{api_key}"}, NO_AUTH, [("path", "/v1/{}/"), ("path", "/v1/")]),
    "path with an encoded slash": ({"path": "/a%2Fb'c/{api_key}"}, NO_AUTH, at("path", "/v1/a%2Fb'c/")),
    "base URL": ({"path": "/x"}, {"auth": [], "base_url": "https://api.test/bot{api_key}/"}, at("path", "/bot")),
    "base URL by a setting": ({"path": "/k/{api_key}"}, {"auth": [], "base_url": "{server}/api"}, at("path", "/{}/api/k/")),
    "host and path by a setting": (
        {"path": "/{user}/{api_key}"},
        {"auth": [], "base_url": "https://{user}.test/{user}"},
        at("path", "/{}/{}/"),
    ),
    "cookie": ({"path": "/x"}, {"auth": {"type": "api_key", "in": "cookie", "name": "sid", "value": "{password}"}}, at("cookie", "sid")),
    "basic": (
        {"path": "/x"},
        {"auth": {"type": "basic", "username": "{api_key}", "password": "{password}"}},
        [("basic", "password"), ("basic", "username")],
    ),
    "basic in a header": ({"path": "/x"}, {"auth": {"type": "api_key", "in": "header", "name": "Authorization", "prefix": "Basic ", "value": "{password}"}}, at("header", "authorization")),
    "digest": (
        {"path": "/x"},
        {"auth": {"type": "digest", "username": "{user}", "password": "{password}"}},
        at("digest", "password"),
    ),
    "TLS": ({"path": "/x"}, {"auth": [], "tls": {"client_certificate": "{user}", "client_key": "{password}"}}, at("tls", "client_key")),
    "member": (post({"a": {"it's": [1, {"k\\": "x {api_key}"}]}}), NO_AUTH, at("body", "$['a']['it\\'s'][*]['k\\\\']")),
    "member of a credential": (post({"auth": {"user": "u"}}), {"auth": {"type": "api_key", "in": "body", "name": "auth.key", "value": "{password}"}}, at("body", "$['auth']['key']")),
    "whole body": (post("{api_key}"), NO_AUTH, at("body", "$")),
    "form": (post({"k&=": "{api_key}", "u": "x"}, "form"), NO_AUTH, at("body", "$['k&=']")),
    "form with depth": (post({"k": {"deep": "{api_key}"}}, "form"), NO_AUTH, at("body", "$['k']")),
    "multipart": (post({"a": "x", 'k"': "{api_key}"}, "multipart"), NO_AUTH, at("body", "$['k\"']")),
    "text": (post("{{u={user}}}&p={password}", "text"), NO_AUTH, at("body_text", "{{u={}}}&p=")),
    "XML": (post("<a b='{user}'><p>{password}</p></a>", "xml"), NO_AUTH, at("body_text", "<a b='{}'><p>")),
    "JSON-RPC": (post({"method": "m", "params": {"k": "{api_key}"}}, "jsonrpc"), NO_AUTH, at("body", "$['params']['k']")),
    "GraphQL": (
        post({"query": "query ($k: String) { me(k: $k) }", "variables": {"k": "{api_key}"}}),
        {"auth": [], "api_type": "graphql"},
        at("body", "$['variables']['k']"),
    ),
    "digest of a signature": (
        {"path": "/x"},
        signing(MARK, headers={"X-Mark": "{mark}"}),
        at("signature", "hmac_sha256_hex"),
    ),
    "query copied into a header": (
        {"path": "/x?k={api_key}"},
        signing(NOW, headers={"X-Copy": "{request.query}"}),
        [("header", "x-copy"), ("query", "k")],
    ),
    "query packed twice": (
        {"path": "/x?k={api_key}"},
        signing(PACK, AGAIN, headers={"X-Copy": "{again}"}),
        [("header", "x-copy"), ("query", "k")],
    ),
    "body copied into the query": (
        post({"k": "{api_key}"}),
        signing(NOW, query={"copy": "{request.body}"}),
        [("body", "$['k']"), ("query", "copy")],
    ),
    "path copied by its target": (
        {"path": "/x/{api_key}"},
        signing(NOW, headers={"X-Copy": "{request.target}"}),
        [("header", "x-copy"), ("path", "/v1/x/")],
    ),
    "a query signed and copied by the next": (
        {"path": "/x"},
        {
            "auth": [
                {"type": "signature", "values": [{"name": "k", "function": "base64", "input": "{api_key}"}], "query": {"k": "{k}"}},
                {"type": "signature", "values": [NOW], "headers": {"X-Copy": "{request.url}"}},
            ]
        },
        [("header", "x-copy"), ("query", "k")],
    ),
    "parameter in a header": ({"path": "/x", "parameters": [{"name": "X-P", "in": "header", "from_config": "password"}]}, NO_AUTH, at("header", "x-p")),
    "parameter in a template": (
        {"path": "/p/{p}", "parameters": [{"name": "p", "from_config": "password"}]},
        NO_AUTH,
        at("path", "/v1/p/"),
    ),
    "parameter in GraphQL": (
        {**post({"query": "query ($p: String) { me(p: $p) }"}), "parameters": [{"name": "p", "from_config": "password"}]},
        {"auth": [], "api_type": "graphql"},
        at("body", "$['variables']['p']"),
    ),
}  # fmt: skip
CONFIG = {"user": "someone", "server": "https://api.test/deep/er"}


@pytest.mark.parametrize(("endpoint", "section", "places"), CASES.values(), ids=CASES.keys())
def test_what_is_seen_is_what_was_said(
    endpoint: dict[str, Any], section: dict[str, Any], places: list[tuple[str, str]]
):
    call = call_of(endpoint, config=CONFIG, secrets=SECRETS, **section)
    assert call.carried is not None
    seen = {(item.destination.placement, item.destination.name) for item in call.carried}
    assert seen == set(places)
    require_release(call)
    said = integration_of([{"id": "it", **endpoint}], **section).destinations(CONFIG)
    for item in call.carried:
        assert item.destination in said[item.name]
        assert item.destination.origin == call.origin


def test_values_of_callers_do_not_move_a_place():
    endpoint = {
        "path": "/{id}/{n}/{on}/k/{api_key}",
        "parameters": [{"name": name} for name in ("id", "n", "on")],
    }
    for given in ({"id": "x", "n": 1, "on": True}, {"id": "a/{b}{}", "n": 0, "on": False}):
        require_release(call_of(endpoint, given, CONFIG, {"api_key": "key-9"}, auth=[]))


def test_a_switch_goes_on_to_switch_off():
    auth = [
        {"type": "api_key", "in": "header", "name": "X-K", "value": "{api_key}", "when": "on"},
        {"type": "api_key", "in": "query", "name": "k", "value": "{password}"},
    ]
    properties = [
        {"name": "on", "type": "boolean"},
        {"name": "api_key", "secure": True},
        {"name": "password", "secure": True},
    ]
    endpoint = {"path": "/{on}/x"}
    off = call_of(endpoint, {}, {"on": False}, SECRETS, properties=properties, auth=auth)
    assert off.carried is not None
    assert [item.destination.placement for item in off.carried] == ["query"]


def test_a_call_without_secrets_has_nothing_to_account_for():
    assert call_of({"path": "/x"}, auth=[]).carried is None


HEADER = Destination("call", "header", "x-k", ORIGIN)
SENT = call_of({"path": "/x", "headers": {"X-K": "{api_key}"}}, secrets={"api_key": "key-9"}, auth=[])


def sealed_for(*places: Destination) -> PreparedCall:
    assert SENT.carried is not None
    return replace(SENT, carried=tuple(replace(item, sealed=places) for item in SENT.carried))


@pytest.mark.parametrize(
    "call",
    [
        sealed_for(),
        sealed_for(replace(HEADER, origin="https://api.test:444")),
        sealed_for(replace(HEADER, origin="http://api.test:443")),
        sealed_for(replace(HEADER, origin=None, template="https://{server}")),
        sealed_for(replace(HEADER, placement="query")),
        sealed_for(replace(HEADER, name="x-k2")),
        sealed_for(replace(HEADER, request="login")),
        replace(SENT, url="https://evil.test/x"),
        replace(SENT, carried=None),
        PreparedCall("GET", "https://api.test/", digest=DigestLogin("u", "p")),
        PreparedCall("GET", "https://api.test/", tls=Tls(client_cert_pem="c", client_key_pem="k")),
    ],
)
def test_what_is_not_sealed_for_its_place_is_not_released(call: PreparedCall):
    with pytest.raises(ReviewDue):
        require_release(call)


@pytest.mark.parametrize(
    "places", [(HEADER,), (replace(HEADER, name=None),), (replace(HEADER, name="o"), HEADER)]
)
def test_what_is_sealed_for_its_place_is_released(places: tuple[Destination, ...]):
    require_release(sealed_for(*places))


def test_a_refusal_says_where_it_would_have_gone():
    with pytest.raises(ReviewDue) as caught:
        require_release(sealed_for(replace(HEADER, origin="https://old.test:443")))
    review = caught.value.extensions["review"]
    assert [item["origin"] for item in review["old"]] == ["https://old.test:443"]
    assert review["new"] == [HEADER.as_shown()]
    assert "key-9" not in repr(review) + repr(SENT)


def test_an_action_that_is_held_back_counts_as_not_sent():
    progress = Progress()
    progress.note_sent()
    assert progress.result(ReviewDue("The call would send a secret elsewhere.")) == "none"
