"""Explain shows everything but secrets, and makes no call, whatever the credentials or errors."""

import base64
import hashlib
import hmac
import json
import socket
from urllib.parse import quote, quote_plus

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import update

from plugin_store.models import PluginSecret
from plugin_store.vault.vault import Vault
from tests.security.ground import block_over

SECRETS = {
    "api_key": "K%1 +é-canary-4711",
    "password": "p:ss/wörd&canary=0815",
    "client_secret": "cs~canary~2342",
}
PROPERTIES = [
    {"name": "api_key", "secure": True},
    {"name": "username", "default": "ann"},
    {"name": "password", "secure": True},
    {"name": "client_id", "default": "client-7"},
    {"name": "client_secret", "secure": True},
]
HMAC = {"name": "sig", "function": "hmac_sha256_hex", "input": "{request.target}", "key": "{api_key}"}
HIDDEN = "••••"

# How a manifest may use its secrets: the integration's section, the endpoint's words.
USES = {
    "header": ({"auth_method": "api_key", "auth": {"type": "api_key", "name": "X-Key"}}, {}),
    "bearer": ({"auth_method": "token", "auth": {"type": "bearer", "token": "{api_key}"}}, {}),
    "query": ({"auth_method": "api_key", "auth": {"type": "api_key", "in": "query", "name": "key"}}, {}),
    "cookie": ({"auth_method": "api_key", "auth": {"type": "api_key", "in": "cookie", "name": "sid"}}, {}),
    "body": (
        {"auth_method": "api_key", "auth": {"type": "api_key", "in": "body", "name": "auth.key"}},
        {"method": "POST", "body": {"q": "x"}},
    ),
    "basic": ({"auth_method": "basic"}, {}),
    "basic of a key alone": (
        {"auth_method": "basic", "auth": {"type": "basic", "username": "{api_key}", "password": ""}}, {}),
    "digest": ({"auth_method": "api_key", "auth": {"type": "digest"}}, {}),
    "signature": (
        {"auth_method": "api_key", "auth": {"type": "signature", "values": [
            HMAC,
            {"name": "wrapped", "function": "base64", "input": "{api_key}:{sig}"},
            {"name": "now", "function": "now_epoch"}],
            "headers": {"X-Sig": "v1={sig}", "X-Wrapped": "{wrapped}", "X-Plain": "{api_key}", "X-Now": "{now}"},
            "query": {"sig": "{sig}"}}},
        {},
    ),
    "path": ({"auth_method": "none"}, {"path": "/bot{api_key}/send"}),
    "path query": ({"auth_method": "none"}, {"path": "/x?key={api_key}&a=1"}),
    "endpoint header": ({"auth_method": "none"}, {"headers": {"X-Mixed": "id={username};key={api_key}"}}),
    "common query": ({"auth_method": "none", "query": {"k": "{api_key}"}}, {}),
    "parameter": (
        {"auth_method": "none"},
        {"parameters": [{"name": "k", "from_config": "api_key"}, {"name": "p", "in": "path", "from_config": "password"}],
         "path": "/x/{p}"},
    ),
    "json body": ({"auth_method": "none"}, {"method": "POST", "body": {"deep": [{"k": "a {api_key} b"}]}}),
    "form body": ({"auth_method": "none"}, {"method": "POST", "body_format": "form", "body": {"k": "{password}"}}),
    "multipart body": (
        {"auth_method": "none"}, {"method": "POST", "body_format": "multipart", "body": {"k": "{password}"}}),
    "xml body": ({"auth_method": "none"}, {"method": "POST", "body_format": "xml", "body": "<k>{password}</k>"}),
    "base url": ({"auth_method": "none", "base_url": "{url}/{api_key}/v1"}, {}),
    "client credentials": (
        {"auth_method": "oauth2_client_credentials", "oauth2": {"token_url": "{url}/token"}}, {}),
    "client credentials in the form": (
        {"auth_method": "oauth2_client_credentials", "oauth2": {
            "token_url": "{url}/token", "token_endpoint_auth_method": "client_secret_post",
            "token_params": {"extra": "{api_key}"}}}, {}),
    "authorization code": (
        {"auth_method": "oauth2_authorization_code", "oauth2": {
            "token_url": "{url}/token", "authorization_url": "{url}/auth"}}, {}),
    "login": (
        {"auth_method": "session_token", "login": [
            {"method": "POST", "path": "/login", "query": {"k": "{api_key}"}, "body": {"u": "{username}", "p": "{password}"},
             "outputs": {"nonce": "nonce"}},
            {"method": "POST", "path": "/session", "body": {"n": "{login.nonce}"}, "token_path": "token"}]}, {}),
    "client certificate": (
        {"auth_method": "none", "tls": {"client_certificate": "{username}", "client_key": "{password}"}}, {}),
}  # fmt: skip


def forms_of(secret: str) -> list[str]:
    """The secret as it may stand in a text: raw, encoded in a URL, in JSON, in base64, and what is made of it."""
    raw = secret.encode()
    pairs = [raw, f"ann:{secret}".encode(), f"{secret}:".encode(), f"client-7:{quote_plus(secret)}".encode()]
    forms = [secret, quote(secret), quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]]
    forms += [base64.b64encode(pair).decode().rstrip("=") for pair in pairs]
    forms += [base64.b64encode(b"\0" * pad + raw).decode()[4:-4] for pad in (1, 2)]
    forms += [raw.hex(), hashlib.sha256(raw).hexdigest()]
    return forms


@pytest.fixture
def explained(client, upstream, monkeypatch):
    """Registers a use of secrets, stores them, and explains with every door closed that leads out or to a plaintext."""

    url = upstream.url_for("/").rstrip("/")

    def explain(use, *, before=lambda: None, parameters=None, **more):
        section, endpoint = json.loads(json.dumps(USES[use]).replace("{url}", url))
        manifest = {
            "integration": {"base_url": url, **section},
            "properties": PROPERTIES,
            "endpoints": [{"id": "it", "path": "/x", **endpoint}],
            "blocks": [block_over({"id": "it", **endpoint})],
            **more,
        }
        declaration = {
            "id": "svc",
            "name": "S",
            "version": "1.0.0",
            "type": "integration",
            "manifest": manifest,
        }
        registered = client.post("/plugins/register", declaration)
        assert registered.status_code in (200, 201), registered.json
        assert client.put("/integrations/svc/config", {"config": SECRETS}).status_code == 200
        before()
        with monkeypatch.context() as closed:
            closed.setattr(socket, "getaddrinfo", refuse)
            closed.setattr(socket.socket, "connect", refuse)
            closed.setattr(Vault, "open_secret", refuse)
            answers = [
                client.post("/integrations/svc/explain", {subject: "it", "parameters": parameters or {}})
                for subject in ("block_type", "endpoint_id")
            ]
        assert [answer.status_code for answer in answers] == [200, 200], answers[0].json
        assert upstream.log == []
        return answers

    return explain


def refuse(*_args, **_kwargs):
    raise AssertionError("An explanation looks nothing up, calls nobody and opens no secret.")


def requests_of(told):
    return [*told["token_requests"], *(step["request"] for step in told["steps"])]


@pytest.mark.parametrize("use", USES)
def test_no_form_of_a_secret_is_in_an_explanation(explained, use):
    for answer in explained(use):
        for text in (answer.text, json.dumps(answer.json), json.dumps(answer.json, ensure_ascii=False)):
            for secret in SECRETS.values():
                for form in forms_of(secret):
                    assert form not in text
        assert all(request is not None for request in requests_of(answer.json))
        sources = {source["kind"] for request in requests_of(answer.json) for item in request["values"]
                   for source in item["sources"]}  # fmt: skip
        assert sources & {"secret", "token"}


@pytest.mark.parametrize(
    ("use", "places"),
    [
        ("header", {"X-Key": HIDDEN}),
        ("bearer", {"Authorization": f"Bearer {HIDDEN}"}),
        ("cookie", {"Cookie": f"sid={HIDDEN}"}),
        ("basic", {"Authorization": f"Basic {HIDDEN}"}),
        ("basic of a key alone", {"Authorization": f"Basic {HIDDEN}"}),
        ("endpoint header", {"X-Mixed": f"id=ann;key={HIDDEN}"}),
        ("signature", {"X-Sig": f"v1={HIDDEN}", "X-Wrapped": HIDDEN, "X-Plain": HIDDEN}),
        ("client credentials", {"Authorization": f"Bearer {HIDDEN}"}),
        ("login", {"Authorization": f"Bearer {HIDDEN}"}),
    ],
)
def test_a_header_shows_where_a_secret_stands(explained, use, places):
    [step] = explained(use)[0].json["steps"]
    headers = {header["name"]: header["value"] for header in step["request"]["headers"]}
    assert {name: headers[name] for name in places} == places


@pytest.mark.parametrize(
    ("use", "end"),
    [
        ("query", f"/x?key={HIDDEN}"),
        ("path", f"/bot{HIDDEN}/send"),
        ("path query", f"/x?key={HIDDEN}&a=1"),
        ("parameter", f"/x/{HIDDEN}?k={HIDDEN}"),
        ("signature", f"/x?sig={HIDDEN}"),
        ("base url", f"/{HIDDEN}/v1/x"),
    ],
)
def test_a_url_shows_where_a_secret_stands(explained, use, end):
    [step] = explained(use)[0].json["steps"]
    assert step["request"]["url"].endswith(end)


@pytest.mark.parametrize(
    ("use", "body"),
    [
        ("body", '{"q":"x","auth":{"key":"••••"}}'),
        ("json body", '{"deep":[{"k":"a •••• b"}]}'),
        ("form body", "k=••••"),
        ("xml body", "<k>••••</k>"),
    ],
)
def test_a_body_shows_where_a_secret_stands(explained, use, body):
    [step] = explained(use)[0].json["steps"]
    assert step["request"]["body"] == body


def test_the_requests_for_a_token_are_shown_too(explained, upstream):
    url = upstream.url_for("/").rstrip("/")
    basic, form, code, login = (
        explained(use)[0].json["token_requests"]
        for use in ("client credentials", "client credentials in the form", "authorization code", "login")
    )
    assert (basic[0]["method"], basic[0]["url"]) == ("POST", f"{url}/token")
    assert {"name": "Authorization", "value": f"Basic {HIDDEN}"} in basic[0]["headers"]
    assert f"client_secret={HIDDEN}" in form[0]["body"]
    assert f"extra={HIDDEN}" in form[0]["body"]
    assert f"refresh_token={HIDDEN}" in code[0]["body"]
    assert login[0]["url"] == f"{url}/login?k={HIDDEN}"
    assert json.loads(login[0]["body"]) == {"u": "ann", "p": HIDDEN}
    assert json.loads(login[1]["body"]) == {"n": HIDDEN}


def test_a_signature_cannot_be_used_to_try_keys_out(explained):
    told = explained("signature")[0].text
    for text in ("/x", "/x?sig="):
        for key in (SECRETS["api_key"], ""):
            assert hmac.new(key.encode(), text.encode(), "sha256").hexdigest() not in told


def test_what_somebody_types_in_the_place_of_a_secret_is_not_shown_either(explained):
    typed = "typed-canary-1234"
    answers = explained("parameter", parameters={"k": typed})
    assert typed not in answers[1].text


def test_unreadable_secrets_are_explained(explained, app):
    def lose_the_key():
        with app.extensions["patchbay"].database.writing() as session:
            sealed = Fernet(Fernet.generate_key()).encrypt(b"{}").decode()
            session.execute(update(PluginSecret).values(ciphertext=sealed))

    for answer in explained("header", before=lose_the_key):
        told = answer.json
        assert [problem["code"] for problem in told["problems"]] == ["secret_unreadable"]
        assert told["destinations"][0]["status"] == "unreadable"
        assert {"name": "X-Key", "value": HIDDEN} in told["steps"][0]["request"]["headers"]
        assert told["artifact"]["state"] == "absent"


def test_nobody_being_signed_in_is_a_problem(explained):
    [problem] = explained("authorization code")[0].json["problems"]
    assert (problem["code"], list(problem["errors"])) == ("settings_incomplete", ["oauth2"])
