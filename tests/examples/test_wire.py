"""The bytes sent: each provider's credential in its own place, and the request for the next page."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from examples.catalog import sandbox_config, sandbox_samples, secret_names
from examples.sandbox import Sandbox
from examples.sandbox.journal import Entry
from examples.sandbox.providers import (
    aria2,
    beszel,
    binance,
    bookstack,
    deluge,
    flood,
    freshdesk,
    gitea,
    google_calendar,
    notion,
    openwrt,
    pi_hole,
    proxmox_ve,
    qbittorrent,
    spotify,
    stripe,
    synology_dsm,
    transmission,
    unifi,
)
from examples.sign_in import needs_sign_in
from tests.conftest import Client
from tests.examples.stage import INTEGRATIONS, configure, render, staged_app


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def client(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with staged_app(sandbox, tmp_path_factory.mktemp("patchbay") / "instance") as staged:
        yield staged


def ask_anew(client: Client, sandbox: Sandbox, plugin_id: str, block: str | None = None) -> list[Entry]:
    """What one render asks for when nothing is kept, but for tokens."""
    samples = sandbox_samples(plugin_id, sandbox.url)
    sample = next(item for item in samples if block in {None, item.block})
    sandbox.journal.forget()
    answer = render(client, plugin_id, sample, use_cache=False)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return sandbox.data_requests()


def query_of(entry: Entry) -> dict[str, list[str]]:
    return parse_qs(urlsplit(entry.target).query, keep_blank_values=True)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


HEADERS = [
    (
        "proxmox-ve",
        "authorization",
        f"PVEAPIToken={proxmox_ve.USER}!{proxmox_ve.TOKEN_ID}={proxmox_ve.TOKEN_SECRET}",
    ),
    ("bookstack", "authorization", f"Token {bookstack.TOKEN_ID}:{bookstack.TOKEN_SECRET}"),
    ("freshdesk", "authorization", basic(freshdesk.API_KEY, "X")),
    ("stripe", "authorization", basic(stripe.SECRET_KEY, "")),
    ("gitea", "authorization", f"token {gitea.TOKEN}"),
    ("spotify", "authorization", f"Bearer {spotify.TOKEN}"),
    ("google-calendar", "authorization", f"Bearer {google_calendar.TOKEN}"),
    ("notion", "authorization", f"Bearer {notion.TOKEN}"),
    ("notion", "notion-version", "2022-06-28"),
    ("pi-hole", "x-ftl-sid", pi_hole.SESSION),
    ("transmission", "x-transmission-session-id", transmission.SESSION),
    ("qbittorrent", "cookie", f"SID={qbittorrent.SESSION}"),
    ("binance", "x-mbx-apikey", binance.API_KEY),
    ("anilist", "authorization", None),
]


@pytest.mark.parametrize(("plugin_id", "header", "value"), HEADERS)
def test_every_request_carries_the_credential_in_its_header(client, sandbox, plugin_id, header, value):
    entries = ask_anew(client, sandbox, plugin_id)

    assert {entry.header(header) for entry in entries} == {value}


def test_a_signature_ends_the_query_and_its_key_never_travels(client, sandbox):
    (entry,) = ask_anew(client, sandbox, "binance")

    assert list(query_of(entry)) == ["recvWindow", "omitZeroBalances", "timestamp", "signature"]
    assert binance.SECRET_KEY not in f"{entry.target} {entry.headers} {entry.body!r}"


def test_a_session_id_in_the_query_is_there_once(client, sandbox):
    (entry,) = ask_anew(client, sandbox, "synology-dsm")

    (session,) = query_of(entry)["_sid"]
    assert synology_dsm.sessions.is_open(session)


def test_a_key_among_the_fields_of_a_form_is_on_every_page(client, sandbox):
    first, second = (
        parse_qs(entry.body.decode()) for entry in ask_anew(client, sandbox, "uptimerobot", "summary")
    )

    assert first == {"format": ["json"], "offset": ["0"], "limit": ["50"], "api_key": first["api_key"]}
    assert second == first | {"offset": ["50"]}


def test_a_digest_answers_the_challenge_and_never_shows_the_password(client, sandbox):
    asked, answered = ask_anew(client, sandbox, "axis-camera")

    assert asked.header("authorization") is None
    assert (answered.header("authorization") or "").startswith("Digest ")


def test_json_rpc_carries_the_secret_as_its_first_parameter(client, sandbox):
    (entry,) = ask_anew(client, sandbox, "aria2", "speed")

    assert (entry.method, entry.header("content-type")) == ("POST", "application/json")
    assert json.loads(entry.body) == {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "aria2.getGlobalStat",
        "params": [f"token:{aria2.SECRET}"],
    }


def test_a_graphql_document_goes_out_as_it_stands_with_typed_variables(client, sandbox):
    (entry,) = ask_anew(client, sandbox, "anilist")

    (endpoint,) = INTEGRATIONS["anilist"]["manifest"]["endpoints"]
    assert json.loads(entry.body) == {
        "query": endpoint["body"]["query"],
        "variables": {"type": "ANIME", "count": 2},
    }


def test_the_cursor_of_a_body_travels_in_the_next_body(client, sandbox):
    first, second = (json.loads(entry.body) for entry in ask_anew(client, sandbox, "notion"))

    assert "start_cursor" not in first
    assert second == first | {"start_cursor": notion.CURSOR}


@pytest.mark.parametrize(
    ("plugin_id", "moving", "values"),
    [
        ("gitlab", "page", [None, ["2"]]),
        ("gitea", "page", [None, ["2"]]),
        ("freshdesk", "page", [["1"], ["2"]]),
        ("discourse", "page", [["0"], ["1"]]),
        ("spotify", "offset", [["0"], ["20"]]),
        ("stripe", "starting_after", [None, ["ch_sandbox2"]]),
        ("google-calendar", "pageToken", [None, [google_calendar.PAGE_TOKEN]]),
    ],
)
def test_each_next_page_is_asked_for_as_the_provider_says(client, sandbox, plugin_id, moving, values):
    entries = ask_anew(client, sandbox, plugin_id)

    assert [query_of(entry).get(moving) for entry in entries] == values


def test_a_project_with_a_slash_is_one_segment(client, sandbox):
    entries = ask_anew(client, sandbox, "gitlab")

    assert {entry.path for entry in entries} == {"/gitlab/api/v4/projects/band%2Fsongbook/merge_requests"}


def test_a_login_in_two_steps_uses_in_the_second_what_the_first_said(sandbox, tmp_path):
    with staged_app(sandbox, tmp_path / "instance") as client:
        sandbox.journal.forget()
        (sample,) = sandbox_samples("synology-dsm", sandbox.url)
        assert render(client, "synology-dsm", sample).status_code == 200

    asked, logged_in, called = sandbox.requests("/synology-dsm")
    assert (asked.method, asked.path) == ("GET", "/synology-dsm/webapi/query.cgi")
    assert (logged_in.method, logged_in.path) == ("POST", "/synology-dsm/webapi/entry.cgi")
    assert parse_qs(logged_in.body.decode())["version"] == ["7"]
    assert synology_dsm.PASSWORD not in asked.target + called.target


@pytest.mark.parametrize(
    ("plugin_id", "block", "sessions"),
    [
        ("synology-dsm", "shares", synology_dsm.sessions),
        ("deluge", "torrents", deluge.sessions),
        ("beszel", "systems", beszel.sessions),
        ("unifi", "health", unifi.sessions),
        ("flood", "transfer", flood.sessions),
        ("openwrt", "system", openwrt.sessions),
    ],
)
def test_a_session_that_has_ended_is_renewed_and_the_same_data_shown(
    client, sandbox, plugin_id, block, sessions
):
    body = {"block_type": block, "use_cache": False}
    first = client.post(f"/integrations/{plugin_id}/render", body).get_json()["data"]
    sessions.end_all()
    again = client.post(f"/integrations/{plugin_id}/render", body)
    assert (again.status_code, again.get_json()["data"]) == (200, first)
    assert again.get_json()["stale"] is False


def test_a_user_with_a_password_does_where_no_key_is_set(sandbox, tmp_path):
    with staged_app(sandbox, tmp_path / "instance") as client:
        login = {"username": gitea.USER, "password": gitea.PASSWORD, "access_token": None}
        configure(client, "gitea", {"server": f"{sandbox.url}/gitea", **login})

        entries = ask_anew(client, sandbox, "gitea")

    assert {entry.header("authorization") for entry in entries} == {basic(gitea.USER, gitea.PASSWORD)}


WITH_SECRETS = [
    id_ for id_, example in INTEGRATIONS.items() if secret_names(example) and not needs_sign_in(example)
]


@pytest.mark.parametrize("plugin_id", WITH_SECRETS)
def test_a_wrong_secret_is_told_by_the_test_of_the_connection(client, sandbox, plugin_id):
    config = sandbox_config(plugin_id, sandbox.url)
    used = secret_names(INTEGRATIONS[plugin_id]) & config.keys()

    for name in used:
        wrong = client.post(f"/integrations/{plugin_id}/test", {"config": {name: "wrong0secret"}})

        assert wrong.get_json()["success"] is False, f"{name}: {wrong.get_data(as_text=True)}"
        assert "wrong0secret" not in wrong.get_data(as_text=True)


def test_fewer_games_are_asked_for_with_a_smaller_number(client, sandbox):
    (sample,) = sandbox_samples("lichess", sandbox.url)

    answer = render(client, "lichess", replace(sample, inputs={"max": 1}))

    assert len(answer.get_json()["data"]) == 1
