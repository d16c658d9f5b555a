"""Token requests on the wire, and the handling of each answer."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from errors import SettingsIncomplete, UpstreamFailed, UpstreamInvalid, UpstreamUnreachable
from integrations.calling.oauth2_requests import scope_of, token_call
from integrations.calling.parameters import Values
from integrations.calling.requests_builder import Limits
from integrations.egress.messages import PreparedCall
from integrations.manifests.model import OAuth2
from tests.conftest import Client
from tests.integrations.building import compile_plugin
from tests.integrations.tokens.conftest import Asker, TokenServer, declare, declare_client, json_answer

PROPERTIES = [{"name": name} for name in ("client_id", "tenant", "account", "token_url")] + [
    {"name": "client_secret", "secure": True},
    {"name": "password", "secure": True},
]
SETTINGS = Values(
    {"client_id": "id:with ü", "tenant": "a/b", "account": "42", "token_url": "https://login.test/o/token/"},
    {"client_secret": "s3cret+&=%", "password": "pass word"},
)


def call_of(
    grant: dict[str, str] | None = None, headers: dict[str, str] | None = None, **oauth2: Any
) -> PreparedCall:
    """The request for a token that the manifest's `oauth2` section makes."""
    section = {"token_url": "https://login.test/token", **oauth2}
    manifest = {
        "integration": {
            "base_url": "https://api.test",
            "auth_method": "oauth2_client_credentials",
            "headers": headers or {},
            "oauth2": section,
        },
        "properties": PROPERTIES,
        "endpoints": [{"id": "me", "path": "/me"}],
    }
    integration = compile_plugin("example", "integration", manifest)
    assert integration is not None and isinstance(integration.token, OAuth2)
    scope = scope_of(integration.token, SETTINGS.merged())
    grant = grant or {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    return token_call(integration, integration.token, SETTINGS, Limits(), grant)


def form_of(call: PreparedCall) -> dict[str, str]:
    pairs = parse_qsl((call.body or b"").decode(), keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs), "RFC 6749 section 3.2: no parameter comes twice"
    return dict(pairs)


class TestRequest:
    def test_who_asks_is_said_as_with_every_call_and_nothing_else_is(self):
        call = call_of(headers={"user-agent": "web:patchbay (by {account})", "X-Key": "{password}"})
        named = {name.lower(): text for name, text in call.headers}
        assert named.pop("user-agent") == "web:patchbay (by 42)"
        assert set(named) == {"accept", "authorization", "content-type"}

    def test_basic_form_encodes_both_halves(self):
        call = call_of()
        headers = dict(call.headers)
        assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == (
            b"id%3Awith+%C3%BC:s3cret%2B%26%3D%25"
        )
        assert (call.method, call.url, call.body) == (
            "POST",
            "https://login.test/token",
            b"grant_type=client_credentials",
        )
        assert headers["Content-Type"] == "application/x-www-form-urlencoded"
        assert headers["Accept"] == "application/json"

    def test_post_puts_both_into_the_body(self):
        call = call_of(token_endpoint_auth_method="client_secret_post")
        assert "Authorization" not in dict(call.headers)
        assert form_of(call) == {
            "grant_type": "client_credentials",
            "client_id": "id:with ü",
            "client_secret": "s3cret+&=%",
        }

    def test_none_sends_the_id_alone(self):
        call = call_of(token_endpoint_auth_method="none")
        assert form_of(call) == {"grant_type": "client_credentials", "client_id": "id:with ü"}
        assert "Authorization" not in dict(call.headers)

    def test_json_holds_the_same(self):
        call = call_of(
            token_endpoint_auth_method="client_secret_post",
            body_format="json",
            token_params={"audience": "https://api.test/"},
        )
        assert dict(call.headers)["Content-Type"] == "application/json"
        assert json.loads(call.body or b"") == {
            "audience": "https://api.test/",
            "grant_type": "client_credentials",
            "client_id": "id:with ü",
            "client_secret": "s3cret+&=%",
        }

    @pytest.mark.parametrize(("separator", "scope"), [(" ", "read tenant:a/b"), (",", "read,tenant:a/b")])
    def test_scopes_are_filled_and_joined(self, separator: str, scope: str):
        assert (
            form_of(call_of(scopes=["read", "tenant:{tenant}"], scope_separator=separator))["scope"] == scope
        )

    def test_parameters_of_the_manifest_are_filled_and_an_empty_one_is_sent(self):
        call = call_of(token_params={"resource": "r-{account}", "empty": ""})
        assert form_of(call) == {"resource": "r-42", "empty": "", "grant_type": "client_credentials"}

    def test_a_provider_may_have_a_grant_of_its_own(self):
        call = call_of(token_params={"grant_type": "account_credentials", "account_id": "{account}"})
        assert form_of(call) == {"account_id": "42", "grant_type": "account_credentials"}

    def test_a_manifest_cannot_replace_what_a_grant_holds(self):
        asked = {"grant_type": "refresh_token", "refresh_token": "R-0123456789"}
        call = call_of(asked, token_params={"refresh_token": "other", "scope": "x"})
        assert form_of(call) == {"refresh_token": "R-0123456789", "scope": "x", "grant_type": "refresh_token"}

    @pytest.mark.parametrize(
        ("declared", "url"),
        [
            ("https://login.test/o/token/", "https://login.test/o/token/"),
            ("https://login.test/{tenant}/token", "https://login.test/a%2Fb/token"),
            ("{token_url}", "https://login.test/o/token/"),
        ],
    )
    def test_the_token_url_is_called_as_it_is_written(self, declared: str, url: str):
        assert call_of(token_url=declared).url == url

    def test_it_follows_no_redirect_and_knows_its_secrets(self):
        call = call_of()
        assert call.redirects == "none"
        basic = dict(call.headers)["Authorization"].removeprefix("Basic ")
        assert {"s3cret+&=%", "pass word", basic} == call.secrets
        assert "s3cret" not in repr(call)


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({"access_token": "A-0123456789", "token_type": "bearer", "expires_in": 3600}),
        json_answer({"access_token": "A-0123456789", "token_type": "mac", "expires_in": "3600"}),
        json_answer({"access_token": "A-0123456789", "expires_in": 3600.0}, 201),
        Response("access_token=A-0123456789&expires_in=3600&scope=a%2Cb", mimetype="text/plain"),
        Response('{"access_token": "A-0123456789", "expires_in": 3600}', mimetype="text/html"),
    ],
    ids=["JSON", "number as text", "created", "form", "JSON as HTML"],
)
def test_an_answer_is_read_however_it_is_written(
    client: Client, home: str, token_server: TokenServer, asker: Asker, clock: Any, answer: Response
):
    declare_client(client, home)
    token_server.answer = lambda _number: answer
    assert asker.get() == {"access_token": "A-0123456789"}
    clock.shift(3539)
    asker.get()
    assert token_server.count == 1
    clock.shift(2)
    asker.get()
    assert token_server.count == 2


MARK = "PROVIDER-SAYS-THIS"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (json_answer({"error": "invalid_client", "error_description": MARK}, 401), UpstreamFailed, "client id or secret"),
        (json_answer({"error": "incorrect_client_credentials"}), UpstreamFailed, "client id or secret"),
        (Response(MARK, 401), UpstreamFailed, "client id or secret"),
        (json_answer({"error": "invalid_scope"}, 400), UpstreamFailed, "a requested scope"),
        (json_answer({"error": "invalid_grant"}, 400), UpstreamFailed, "refused the credentials"),
        (json_answer({"error": MARK}, 400), UpstreamFailed, "answered 400"),
        (json_answer({"error": {"message": MARK}}, 403), UpstreamFailed, "answered 403"),
        (Response("", 404), UpstreamFailed, "nothing at the token URL"),
        (Response("", 302, {"Location": f"http://127.0.0.2/{MARK}"}), UpstreamFailed, "redirects"),
        (Response("", 429), UpstreamFailed, "too many token requests"),
        (json_answer({"token": MARK}), UpstreamInvalid, "no token"),
        (json_answer({"access_token": 5}), UpstreamInvalid, "no token"),
        (json_answer({"access_token": ""}), UpstreamInvalid, "no token"),
        (json_answer([MARK]), UpstreamInvalid, "no token"),
        (Response(f"<html>{MARK}", mimetype="text/html"), UpstreamInvalid, "no token"),
        (Response("a=b&" * 5000), UpstreamInvalid, "no token"),
        (Response("x" * 2_000_000), UpstreamInvalid, ""),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_words_of_ours(
    client: Client,
    home: str,
    token_server: TokenServer,
    asker: Asker,
    answer: Response,
    kind: type[Exception],
    words: str,
):
    declare_client(client, home)
    token_server.answer = lambda _number: answer
    with pytest.raises(kind) as failed:
        asker.get()
    assert words in str(failed.value)
    assert MARK not in str(vars(failed.value))


def test_nobody_listening_is_told(client: Client, home: str, asker: Asker):
    declare_client(client, home, token_url="http://127.0.0.1:1/token")
    with pytest.raises(UpstreamUnreachable):
        asker.get()


def test_a_setting_that_makes_no_url_is_told_and_nothing_is_sent(
    client: Client, home: str, upstream: HTTPServer, asker: Asker
):
    section = {
        "base_url": home,
        "auth_method": "oauth2_client_credentials",
        "oauth2": {"token_url": "{token_url}", "token_endpoint_auth_method": "none"},
    }
    declare(client, section, PROPERTIES, client_id="me", token_url="ftp://login.test")
    with pytest.raises(SettingsIncomplete) as wrong:
        asker.get()
    assert list(wrong.value.errors or {}) == ["config.token_url"]
    assert upstream.log == []
