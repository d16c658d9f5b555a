"""At one and the same origin, a stored secret stays in the place of the request for which it was entered."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.ground import API_KEY, BY_HEADER, STATUS, Ground
from tests.security.locks import assert_locked


def endpoint(**changes: Any) -> dict[str, Any]:
    return {"endpoints": [{**STATUS, **changes}]}


def logging_in(**step: Any) -> dict[str, Any]:
    step = {"path": "/login", "token_path": "token", **step}
    return {"auth": None, "auth_method": "session_token", "login": step}


def buying(method: str = "oauth2_client_credentials", **oauth2: Any) -> dict[str, Any]:
    declared = {
        "token_url": "{provider}/token",
        "client_id": "me",
        "client_secret": "{{api_key}}",
        "token_endpoint_auth_method": "client_secret_post",
        **oauth2,
    }
    return {"auth": None, "auth_method": method, "oauth2": declared}


def signing(**carried: Any) -> dict[str, Any]:
    values = [
        {"name": "mark", "function": "hmac_sha256_hex", "input": "{{request.path}}", "key": "{{api_key}}"},
        {"name": "bare", "function": "base64", "input": "{{api_key}}"},
    ]
    return {"auth": {"type": "signature", "values": values, **carried}}


KEY = "{{api_key}}"


def endpoint_at(path: str) -> dict[str, Any]:
    return {"auth": None, **endpoint(path=path)}


def body_of(body_format: str = "json", **members: Any) -> dict[str, Any]:
    return {"auth": None, **endpoint(method="POST", safe=True, body=members, body_format=body_format)}


def graphql(**body: Any) -> dict[str, Any]:
    query = "query ($key: String, $q: String) {{ me(key: $key, q: $q) }}"
    return endpoint(method="POST", safe=True, body={"query": query, **body})


def xml(body: str) -> dict[str, Any]:
    return {"auth": None, **endpoint(method="POST", safe=True, body=body, body_format="xml")}


def text(body: str) -> dict[str, Any]:
    return {"auth": None, **endpoint(method="POST", safe=True, body=body, body_format="text")}


def copying(shown: str, packed: str = "x", where: str = "headers") -> dict[str, Any]:
    """A signature that copies what the request holds already."""
    values = [{"name": "packed", "function": "base64", "input": packed}]
    return {"type": "signature", "values": values, where: {"X-Copy": shown}}


IN_HEADER = {"auth": BY_HEADER}
BY_SESSION = {"type": "bearer", "token": "{{session_token}}"}
BY_PARAMETER = {"parameters": [{"name": "k", "from_config": "api_key"}]}

# Where a key goes first, and where a manifest would take it then, at the same origin.
PLACEMENTS = {
    "header to query": (IN_HEADER, {"auth": {**BY_HEADER, "in": "query"}}),
    "header to another header": (IN_HEADER, {"auth": {**BY_HEADER, "name": "X-Referrer"}}),
    "header to cookie": (IN_HEADER, {"auth": {**BY_HEADER, "in": "cookie"}}),
    "header to body": (IN_HEADER, {"auth": {**BY_HEADER, "in": "body"}, **endpoint(method="POST", safe=True)}),
    "header to bearer": (IN_HEADER, {"auth": {"type": "bearer", "token": KEY}}),
    "header to basic": (IN_HEADER, {"auth": {"type": "basic", "username": "u", "password": KEY}}),
    "header to digest": (IN_HEADER, {"auth": {"type": "digest", "username": "u", "password": KEY}}),
    "header and query": (IN_HEADER, {"auth": [BY_HEADER, {**BY_HEADER, "in": "query"}]}),
    "header and every query": (IN_HEADER, {"query": {"k": KEY}}),
    "header and another header": (IN_HEADER, {"headers": {"X-Copy": f"copy {KEY}"}}),
    "header and an endpoint's header": (IN_HEADER, endpoint(headers={"X-Copy": KEY})),
    "header and an endpoint's path": (IN_HEADER, endpoint(path=f"/status/{KEY}")),
    "header and a query in a path": (IN_HEADER, endpoint(path=f"/status?k={KEY}")),
    "header and a body": (IN_HEADER, endpoint(method="POST", safe=True, body={"note": [KEY]})),
    "header and a parameter": (IN_HEADER, endpoint(**BY_PARAMETER)),
    "header and the base URL's path": (IN_HEADER, {"base_url": "{provider}/" + KEY}),
    "header and an endpoint elsewhere": (IN_HEADER, endpoint(base_url="{stranger}")),
    "header and a login": (IN_HEADER, {**logging_in(body={"p": KEY}), "auth": [BY_HEADER, BY_SESSION]}),
    "header and a private key": (IN_HEADER, {"tls": {"client_certificate": "x", "client_key": KEY}}),
    "password to user name": (
        {"auth": {"type": "basic", "username": "u", "password": KEY}},
        {"auth": {"type": "basic", "username": KEY, "password": "p"}},
    ),
    "parameter in one header to one in another": (
        {"auth": None, **endpoint(**BY_PARAMETER, headers={"X-Key": "{{k}}"})},
        {"auth": None, **endpoint(**BY_PARAMETER, headers={"X-Referrer": "{{k}}"})},
    ),
    "parameter in a header to one in the query": (
        {"auth": None, **endpoint(**BY_PARAMETER, headers={"X-Key": "{{k}}"})},
        {"auth": None, **endpoint(**BY_PARAMETER, path="/status?k={{k}}")},
    ),
    "signature to the key itself": (
        signing(headers={"X-Mark": "{{mark}}"}),
        signing(headers={"X-Mark": KEY}),
    ),
    "signature's header to the query": (
        signing(headers={"X-Mark": "{{bare}}"}),
        signing(query={"mark": "{{bare}}"}),
    ),
    "signature to the key in base64": (
        signing(headers={"X-Mark": "{{mark}}"}),
        signing(headers={"X-Mark": "{{bare}}"}),
    ),
    "login's body to its query": (logging_in(body={"p": KEY}), logging_in(query={"p": KEY})),
    "login's body to its header": (logging_in(body={"p": KEY}), logging_in(headers={"X-P": KEY})),
    "login's body to its path": (logging_in(body={"p": KEY}), logging_in(path=f"/login/{KEY}")),
    "login elsewhere": (logging_in(body={"p": KEY}), logging_in(body={"p": KEY}, path=None, url="{stranger}/l")),
    "login's body to a credential of its own": (
        logging_in(body={"p": KEY}),
        logging_in(auth={"type": "basic", "username": "u", "password": KEY}),
    ),
    "a login's own credential to another": (
        logging_in(auth=BY_HEADER),
        logging_in(auth={**BY_HEADER, "in": "cookie"}),
    ),
    "a login's own credential elsewhere": (
        logging_in(auth=BY_HEADER, path=None, url="{provider}/l"),
        logging_in(auth=BY_HEADER, path=None, url="{stranger}/l"),
    ),
    "a login's own credential to every call": (logging_in(auth=BY_HEADER), IN_HEADER),
    "what a login gave, elsewhere": (
        {
            **logging_in(),
            "login": [
                {"path": "/a", "body": {"p": KEY}, "outputs": {"c": "c"}},
                {"path": "/b", "body": {"c": "{{login.c}}"}, "token_path": "token"},
            ],
        },
        {
            **logging_in(),
            "login": [
                {"path": "/a", "body": {"p": KEY}, "outputs": {"c": "c"}},
                {"url": "{stranger}/b", "body": {"c": "{{login.c}}"}, "token_path": "token"},
            ],
        },
    ),
    "a session elsewhere": (
        logging_in(body={"p": KEY}),
        {**logging_in(body={"p": KEY}), **endpoint(base_url="{stranger}")},
    ),
    "a token bought elsewhere": (buying(), buying(token_url="{stranger}/token")),
    "a token bought by a header": (buying(), buying(token_endpoint_auth_method="client_secret_basic")),
    "a token bought with the key in another field": (buying(), buying(token_params={"note": KEY})),
    "a token bought with the key as a scope": (buying(), buying(scopes=[KEY])),
    "a token bought with the key in the query": (buying(), buying(query={"key": KEY})),
    "a token bought without a body": (
        buying(token_params={"key": KEY}, token_endpoint_auth_method="none", client_secret=None),
        buying(token_params={"key": KEY}, token_endpoint_auth_method="none", client_secret=None, body_format="none"),
    ),
    "a token used elsewhere": (buying(), {**buying(), "base_url": "{stranger}"}),
    "a member of a body to another": (body_of(password=KEY), body_of(text=KEY)),
    "a member at one depth to one at another": (
        body_of(auth={"password": KEY}),
        body_of(auth={"deeper": {"password": KEY}}),
    ),
    "a field of a form to another": (
        body_of("form", password=KEY, text="x"),
        body_of("form", password="x", text=KEY),
    ),
    "a field of a multipart form to another": (
        body_of("multipart", password=KEY),
        body_of("multipart", text=KEY),
    ),
    "a list's element to a member": (body_of(notes=["x", KEY]), body_of(notes={"x": KEY})),
    "a credential's member to another": (
        {"auth": {**BY_HEADER, "in": "body", "name": "auth.key"}, **endpoint(method="POST", safe=True)},
        {"auth": {**BY_HEADER, "in": "body", "name": "note.key"}, **endpoint(method="POST", safe=True)},
    ),
    "a member to a GraphQL variable": (
        {"auth": None, "api_type": "graphql", **graphql(variables={"key": KEY})},
        {"auth": None, "api_type": "graphql", **graphql(variables={"q": KEY})},
    ),
    "an element of XML to another": (
        xml("<login><user>{{q}}</user><password>" + KEY + "</password></login>"),
        xml("<login><user>{{q}}</user><text>" + KEY + "</text></login>"),
    ),
    "a part of a text to another": (
        text("user={{q}}&password=" + KEY),
        text("user={{q}}&text=" + KEY),
    ),
    "a path to another": (endpoint_at(f"/bot{KEY}"), endpoint_at(f"/search/{KEY}")),
    "a segment to the next": (endpoint_at(f"/bot/{KEY}/{{{{q}}}}"), endpoint_at(f"/bot/{{{{q}}}}/{KEY}")),
    "a base URL's path to another": (
        {"auth": None, "base_url": "{provider}/bot" + KEY},
        {"auth": None, "base_url": "{provider}/search/" + KEY},
    ),
    "a query parameter's value to its name": (endpoint_at(f"/s?k={KEY}"), endpoint_at(f"/s?{KEY}=k")),
    "a signed query to a header that copies it": (
        {"auth": {**BY_HEADER, "in": "query"}},
        {"auth": [{**BY_HEADER, "in": "query"}, copying("{{request.query}}")]},
    ),
    "a query to the base64 of the URL": (
        {"auth": {**BY_HEADER, "in": "query"}},
        {"auth": [{**BY_HEADER, "in": "query"}, copying("{{packed}}", "{{request.url}}")]},
    ),
    "a path to a header with the target": (
        endpoint_at(f"/bot{KEY}"),
        {**endpoint_at(f"/bot{KEY}"), "auth": copying("{{request.target}}")},
    ),
    "a body to a query that holds it": (
        body_of(password=KEY),
        {**body_of(password=KEY), "auth": copying("{{request.body}}", where="query")},
    ),
}  # fmt: skip


def filled(value: Any, ground: Ground) -> Any:
    """A declaration with the addresses of this ground in it."""
    if isinstance(value, str):
        return value.format(provider=ground.provider_url, stranger=ground.stranger_url)
    if isinstance(value, dict):
        return {
            name: filled(item, ground) for name, item in value.items() if item is not None or name == "auth"
        }
    return [filled(item, ground) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("first", "then"), PLACEMENTS.values(), ids=PLACEMENTS.keys())
def test_a_secret_does_not_follow_a_manifest_to_another_place(
    ground: Ground, first: dict[str, Any], then: dict[str, Any]
) -> None:
    service = ground.service([API_KEY, {"name": "q", "default": "x"}])
    service.declare(**filled(first, ground))
    service.enter()
    assert service.status_of() == "ok"
    assert service.declare(**filled(then, ground)).json()["review"] is not None
    assert_locked(service)
    assert ground.provider.requests == []
    service.declare(**filled(first, ground))
    assert service.status_of() == "ok"
