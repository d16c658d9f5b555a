"""Tokens and the secrets that obtain them: only the provider sees them, only at accepted destinations."""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer
from sqlalchemy import select
from werkzeug import Request, Response
from werkzeug.test import TestResponse

from plugin_store.models import PluginSecret
from settings import Settings
from tests.conftest import Client
from tests.databases import contents_of
from tests.integrations.tokens.conftest import declare, json_answer
from tests.upstreams import Upstream

SECRET = "cl1ent-s3cret-K9fQ2"
PASSWORD = "p4ssword-W7xZ1"
TOKEN = "access-t0ken-M3bV8"
REFRESH = "refresh-t0ken-Y5nC4"
SESSION = "session-t0ken-R2gH6"
HIDDEN = (SECRET, PASSWORD, TOKEN, REFRESH, SESSION)

PROPERTIES = [
    {"name": "client_id", "required": True},
    {"name": "client_secret", "secure": True},
    {"name": "password", "secure": True},
    {"name": "server"},
]
CONFIG = {"client_id": "me", "client_secret": SECRET, "password": PASSWORD}


@pytest.fixture
def canary() -> Iterator[HTTPServer]:
    """Another origin, which is to hear nothing."""
    with Upstream(host="127.0.0.1") as server:
        yield server


@pytest.fixture
def provider(upstream: HTTPServer) -> HTTPServer:
    """Gives tokens, and echoes what it is sent."""

    def echo(request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        return json_answer({"headers": headers, "bare": request.headers.get("Authorization", "")[7:]})

    given = {"access_token": TOKEN, "refresh_token": REFRESH, "expires_in": 3600, "echo": SECRET}
    upstream.expect_request("/token").respond_with_json(given)
    upstream.expect_request("/login").respond_with_json({"token": SESSION, "echo": PASSWORD})
    upstream.expect_request("/me").respond_with_handler(echo)
    return upstream


def client_credentials(home: str, **oauth2: Any) -> dict[str, Any]:
    section = {"token_url": f"{home}/token", **oauth2}
    return {"base_url": home, "auth_method": "oauth2_client_credentials", "oauth2": section}


def sign_in_section(home: str, **oauth2: Any) -> dict[str, Any]:
    section = {"token_url": f"{home}/token", "authorization_url": f"{home}/authorize", **oauth2}
    return {"base_url": home, "auth_method": "oauth2_authorization_code", "oauth2": section}


def session(home: str, **login: Any) -> dict[str, Any]:
    login = {"url": f"{home}/login", "body": {"p": "{password}"}, "token_path": "token", **login}
    return {"base_url": home, "auth_method": "session_token", "login": login}


SECTIONS = {"client credentials": client_credentials, "sign-in": sign_in_section, "session": session}


def home_of(server: HTTPServer) -> str:
    return server.url_for("").rstrip("/")


def connect(client: Client, stranger: Client) -> None:
    url = client.post("/integrations/svc/oauth2/connect").json["authorization_url"]
    state = dict(parse_qsl(urlsplit(url).query))["state"]
    page = stranger.open("/oauth/callback", query_string={"state": state, "code": "CODE-0123456789"})
    assert page.status_code == 200


def set_up(client: Client, stranger: Client, section: dict[str, Any]) -> None:
    declare(client, section, PROPERTIES, **CONFIG)
    if section["auth_method"] == "oauth2_authorization_code":
        connect(client, stranger)


def render(client: Client) -> TestResponse:
    return client.post("/integrations/svc/render", {"block_type": "me", "use_cache": False})


def forms_of(text: str) -> set[bytes]:
    plain = text.encode()
    cores = {base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)}
    return {plain, quote(text, safe="").encode(), plain.hex().encode(), *cores}


def assert_hidden(body: bytes, where: str) -> None:
    for text in HIDDEN:
        for form in forms_of(text):
            assert form not in body, f"{text} in {where}"


READS = (
    "/integrations", "/integrations/svc", "/integrations/svc/config", "/integrations/svc/oauth2",
    "/plugins", "/plugins/svc", "/plugins/svc/artifacts?include=data", "/workspaces/1/plugins",
    "/workspaces/1/plugins/svc", "/openapi.json",
)  # fmt: skip


@pytest.mark.parametrize("kind", SECTIONS)
def test_a_token_is_in_no_answer_log_database_or_cache_file(
    app: Flask,
    client: Client,
    stranger: Client,
    provider: HTTPServer,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    kind: str,
):
    caplog.set_level(logging.DEBUG)
    set_up(client, stranger, SECTIONS[kind](home_of(provider)))
    answers = [render(client), client.post("/integrations/svc/test", {})]
    assert answers[0].status_code == 200, answers[0].text
    used = [request for request, _ in provider.log if request.path == "/me"]
    assert used[0].headers["Authorization"] == f"Bearer {SESSION if kind == 'session' else TOKEN}"
    answers += [client.get(path) for path in READS]
    for answer in answers:
        assert_hidden(answer.data + str(answer.headers).encode(), answer.request.path)
    app.extensions["patchbay"].database.close()
    for place, content in contents_of(settings.instance).items():
        assert_hidden(content, place)
    assert_hidden("\n".join(record.getMessage() for record in caplog.records).encode(), "the log")


@pytest.mark.parametrize("kind", SECTIONS)
def test_failures_do_not_tell_them_either(
    client: Client, stranger: Client, upstream: HTTPServer, caplog: pytest.LogCaptureFixture, kind: str
):
    caplog.set_level(logging.DEBUG)
    shouting = json_answer({"error": SECRET, "error_description": f"{PASSWORD} {TOKEN} {REFRESH}"}, 400)
    for path in ("/token", "/login"):
        upstream.expect_request(path).respond_with_handler(lambda _request: shouting)
    declare(client, SECTIONS[kind](home_of(upstream)), PROPERTIES, **CONFIG)
    answers = [render(client), client.post("/integrations/svc/test", {})]
    if kind == "sign-in":
        url = client.post("/integrations/svc/oauth2/connect").json["authorization_url"]
        state = dict(parse_qsl(urlsplit(url).query))["state"]
        answers.append(stranger.open("/oauth/callback", query_string={"state": state, "code": "C"}))
    for answer in answers:
        assert_hidden(answer.data, str(answer.request.path))
    assert_hidden("\n".join(record.getMessage() for record in caplog.records).encode(), "the log")


ELSEWHERE = {
    "token_url": lambda home, away: client_credentials(home, token_url=f"{away}/token"),
    "token_url, look-alike": lambda home, away: client_credentials(
        home, token_url=f"{home.replace('127.0.0.1', '127.0.0.1.evil.test')}/token"
    ),
    "base_url": lambda home, away: client_credentials(home) | {"base_url": away},
    "another header": lambda home, away: (
        client_credentials(home)
        | {"auth": {"type": "api_key", "in": "header", "name": "X-Token", "value": "{access_token}"}}
    ),
    "in the query": lambda home, away: client_credentials(home) | {"query": {"leak": "{client_secret}"}},
}


@pytest.mark.parametrize("change", ELSEWHERE)
@pytest.mark.parametrize("has_token", [True, False])
def test_a_manifest_that_sends_it_elsewhere_waits_for_a_person(
    client: Client, stranger: Client, provider: HTTPServer, canary: HTTPServer, change: str, has_token: bool
):
    home = home_of(provider)
    set_up(client, stranger, client_credentials(home))
    if has_token:
        assert render(client).status_code == 200
    asked = len(provider.log)
    declare(client, ELSEWHERE[change](home, home_of(canary)), PROPERTIES)
    for answer in (render(client), client.post("/integrations/svc/test", {})):
        assert (answer.status_code, answer.json["code"]) == (409, "review_due")
    assert (canary.log, len(provider.log)) == ([], asked)


@pytest.mark.parametrize(
    "change", [{"url": "{away}/login"}, {"url": "{home}/login", "headers": {"X": "{password}"}}]
)
def test_a_login_that_is_another_one_waits_for_a_person(
    client: Client, stranger: Client, provider: HTTPServer, canary: HTTPServer, change: dict[str, Any]
):
    home = home_of(provider)
    set_up(client, stranger, session(home))
    assert render(client).status_code == 200
    url = change["url"].format(away=home_of(canary), home=home)
    declare(client, session(home, **{**change, "url": url}), PROPERTIES)
    asked = len(provider.log)
    answer = render(client)
    assert (answer.status_code, answer.json["code"]) == (409, "review_due")
    assert (canary.log, len(provider.log)) == ([], asked)


@pytest.mark.parametrize(
    "section", [{"token_url": "{away}/token"}, {"authorization_url": "{away}/authorize"}]
)
def test_a_grant_goes_to_no_other_provider(
    client: Client, stranger: Client, provider: HTTPServer, canary: HTTPServer, section: dict[str, str]
):
    home = home_of(provider)
    set_up(client, stranger, sign_in_section(home))
    moved = {name: url.format(away=home_of(canary)) for name, url in section.items()}
    declare(client, sign_in_section(home, **moved), PROPERTIES)
    answer = render(client)
    assert (answer.status_code, answer.json["code"]) in {(409, "review_due"), (409, "settings_incomplete")}
    assert canary.log == []


@pytest.mark.parametrize("kind", ["client credentials", "session"])
def test_a_test_of_the_connection_never_points_a_stored_secret_or_token_elsewhere(
    client: Client, stranger: Client, provider: HTTPServer, canary: HTTPServer, kind: str
):
    home, away = home_of(provider), home_of(canary)
    section = SECTIONS[kind](home) | {"base_url": "{server}"}
    declare(client, section, PROPERTIES, **CONFIG, server=home)
    assert render(client).status_code == 200
    verdict = client.post("/integrations/svc/test", {"config": {"server": away}}).json
    assert (verdict["success"], verdict["details"]["code"]) == (False, "secret_locked")
    assert canary.log == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", SECTIONS)
def test_a_redirect_takes_nothing_along(
    client: Client, stranger: Client, upstream: HTTPServer, canary: HTTPServer, kind: str, status: int
):
    away = {"Location": f"{home_of(canary)}/token"}
    for path in ("/token", "/login"):
        upstream.expect_request(path).respond_with_data("", status=status, headers=away)
    declare(client, SECTIONS[kind](home_of(upstream)), PROPERTIES, **CONFIG)
    if kind == "sign-in":
        url = client.post("/integrations/svc/oauth2/connect").json["authorization_url"]
        state = dict(parse_qsl(urlsplit(url).query))["state"]
        stranger.open("/oauth/callback", query_string={"state": state, "code": "C"})
    else:
        assert render(client).status_code == 502
    assert canary.log == []


def test_a_kept_token_in_another_row_reads_as_nothing(
    app: Flask, client: Client, stranger: Client, provider: HTTPServer
):
    """Not in another workspace, and not under another plugin of the same manifest."""
    set_up(client, stranger, client_credentials(home_of(provider)))
    assert render(client).status_code == 200
    client.post("/workspaces", {"name": "Other"})
    database = app.extensions["patchbay"].database
    with database.writing() as writing:
        row = writing.scalar(select(PluginSecret).where(PluginSecret.key.startswith("token:")))
        moved = PluginSecret(workspace_id=2, plugin_id="svc", key=row.key, bound_to=row.bound_to)
        moved.ciphertext, moved.revision, moved.updated_at = row.ciphertext, row.revision, row.updated_at
        writing.add(moved)
    vault = app.extensions["patchbay"].store.vault
    with database.reading() as reading:
        states = vault.describe(reading, 2, "svc")
    assert {state.status for state in states.values()} == {"unreadable"}
    answer = client.post("/integrations/svc/render?workspace_id=2", {"block_type": "me"})
    assert answer.status_code == 409
    assert len([request for request, _ in provider.log if request.path == "/me"]) == 1


def test_the_callback_is_open_in_that_one_spelling_and_does_nothing_without_a_state(stranger: Client):
    assert stranger.open("/oauth/callback").status_code == 409
    for path in ("/oauth/callback/", "//oauth/callback", "/oauth//callback", "/oauth", "/OAUTH/CALLBACK"):
        assert stranger.open(path).status_code == 401
    assert stranger.open("/oauth/callback", "POST").status_code == 405
    assert stranger.open("/oauth/callback", headers={"Host": "evil.test"}).status_code == 400
