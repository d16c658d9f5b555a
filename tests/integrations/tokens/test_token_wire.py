"""The bytes of token requests, as providers of each kind expect them, over a raw socket."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from integrations.calling.carried import build_accounted_token_call
from integrations.calling.parameters import Values
from integrations.calling.requests_builder import Limits
from integrations.manifests.model import OAuth2
from tests.integrations.building import compile_plugin
from tests.integrations.calling.wire import Recorder

PROPERTIES = [
    {"name": "client_id"},
    {"name": "account"},
    {"name": "client_secret", "secure": True},
]
CONFIG = {"client_id": "me", "account": "42 ü"}
SECRETS = {"client_secret": "s3cret/+="}
ENCODED = base64.b64encode(b"me:s3cret%2F%2B%3D").decode()
FORM = "Content-Type: application/x-www-form-urlencoded"
BASIC = f"Authorization: Basic {ENCODED}"


def token_request(
    wire: Recorder, grant: dict[str, str] | None = None, method: str = "client_credentials", **oauth2: Any
) -> bytes:
    """The bytes of the token request that a manifest's `oauth2` section makes."""
    section = {"token_url": f"http://{wire.host}/token", **oauth2}
    manifest = {
        "integration": {
            "base_url": "https://api.test",
            "auth_method": f"oauth2_{method}",
            "oauth2": section,
        },
        "properties": PROPERTIES,
        "endpoints": [{"id": "me", "path": "/me"}],
    }
    integration = compile_plugin("example", "integration", manifest)
    assert integration is not None and isinstance(integration.token, OAuth2)
    destinations = integration.destinations(CONFIG)
    values = Values(CONFIG, SECRETS, sealed=destinations)
    grant = grant or {"grant_type": "client_credentials"}
    sealed_grant = destinations.get("oauth2:grant", ())
    call = build_accounted_token_call(
        integration, integration.token, values, Limits(), grant, tuple(sealed_grant)
    )
    return wire.sent(call)


def expected(wire: Recorder, target: str, headers: list[str], body: str = "") -> bytes:
    lines = [
        f"POST {target} HTTP/1.1",
        f"Host: {wire.host}",
        f"Content-Length: {len(body.encode())}",
        "User-Agent: Patchbay/test",
        "Accept-Encoding: gzip, deflate, br, zstd",
        "Accept: application/json",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body.encode()


@pytest.mark.parametrize(
    ("oauth2", "target", "headers", "body"),
    [
        ({}, "/token", [BASIC, FORM], "grant_type=client_credentials"),
        (
            {"client_secret_encoding": "form"},
            "/token",
            [BASIC, FORM],
            "grant_type=client_credentials",
        ),
        (
            {"client_secret_encoding": "raw"},
            "/token",
            [f"Authorization: Basic {base64.b64encode(b'me:s3cret/+=').decode()}", FORM],
            "grant_type=client_credentials",
        ),
        (
            {"query": {"tenant": "{account}"}, "scopes": ["a", "b"]},
            "/token?tenant=42%20%C3%BC",
            [BASIC, FORM],
            "grant_type=client_credentials&scope=a+b",
        ),
        (
            {"query": {"grant_type": "account_credentials", "account_id": "{account}"}, "body_format": "none"},
            "/token?grant_type=account_credentials&account_id=42%20%C3%BC",
            [BASIC],
            "",
        ),
        (
            {"body_format": "none", "scopes": ["a b"], "token_params": {"audience": "https://api.test/"}},
            "/token?audience=https%3A%2F%2Fapi.test%2F&grant_type=client_credentials&scope=a%20b",
            [BASIC],
            "",
        ),
        (
            {"query": {"grant_type": "client_credentials"}, "token_endpoint_auth_method": "client_secret_post"},
            "/token?grant_type=client_credentials",
            [FORM],
            "client_id=me&client_secret=s3cret%2F%2B%3D",
        ),
        (
            {
                "query": {"client_id": "{client_id}", "client_secret": "{client_secret}"},
                "token_endpoint_auth_method": "none",
                "body_format": "none",
            },
            "/token?client_id=me&client_secret=s3cret%2F%2B%3D&grant_type=client_credentials",
            [],
            "",
        ),
        (
            {"query": {"scope": "own"}, "scopes": ["a"], "body_format": "json"},
            "/token?scope=own",
            [BASIC, "Content-Type: application/json"],
            '{"grant_type":"client_credentials"}',
        ),
    ],
    ids=["form", "encoded", "raw", "query", "own grant in the query", "all in the query", "grant apart", "keys in the query", "json"],
)  # fmt: skip
def test_client_credentials(
    wire: Recorder, oauth2: dict[str, Any], target: str, headers: list[str], body: str
):
    assert token_request(wire, **oauth2) == expected(wire, target, headers, body)


@pytest.mark.parametrize("body_format", ["form", "none"])
def test_a_refresh_with_a_query(wire: Recorder, body_format: str):
    grant = {"grant_type": "refresh_token", "refresh_token": "R/+="}
    oauth2 = {
        "authorization_url": "https://login.test/authorize",
        "query": {"p": "policy"},
        "body_format": body_format,
    }
    sent = token_request(wire, grant, "authorization_code", **oauth2)
    fields = "grant_type=refresh_token&refresh_token=R%2F%2B%3D"
    if body_format == "none":
        assert sent == expected(wire, f"/token?p=policy&{fields}", [BASIC])
    else:
        assert sent == expected(wire, "/token?p=policy", [BASIC, FORM], fields)
