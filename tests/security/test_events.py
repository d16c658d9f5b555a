"""A stream tells nothing that its caller may not read, and ends when its caller may not read any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from settings import Settings
from tests.conftest import TOKEN, RunningServer
from tests.event_source import EventSource, watching
from tests.security.ground import Ground, json_answer
from tests.security.signed_in import SignedIn
from web.gate.tokens import rotate_token


@pytest.fixture(autouse=True)
def no_heartbeat(ground: Ground) -> None:
    """So that a stream which ends, ends because of what happened."""
    ground.server.app.extensions["patchbay"].events.heartbeat_seconds = 3600.0


def workspace(ground: Ground, name: str = "Other") -> int:
    return ground.call("POST", "/workspaces", {"name": name}).json()["id"]


def notebook(ground: Ground, workspace_id: int) -> int:
    return ground.call("POST", f"/workspaces/{workspace_id}/notebooks", {"name": "N"}).json()["id"]


def told_until(source: EventSource, kind: str) -> list[Any]:
    """Every event up to the first one of that kind."""
    told = [source.next()]
    while told[-1].kind != kind:
        told.append(source.next())
    return told


def test_what_happens_in_another_workspace_is_never_told(ground: Ground):
    service, elsewhere = ground.service(), workspace(ground)
    service.declare()
    other_notebook = notebook(ground, elsewhere)
    with watching(ground.server.url, "?workspace_id=1") as source:
        for scope in (f"?workspace_id={elsewhere}", f"?notebook_id={other_notebook}"):
            service.configure(scope=scope)
            ground.call("PUT", f"/integrations/{service.id}/enable{scope}", {"enabled": False})
            ground.call("PUT", f"/integrations/{service.id}/enable{scope}", {"enabled": True})
        path = f"/integrations/{service.id}/secrets/api_key?workspace_id={elsewhere}"
        assert ground.call("PUT", path, {"value": ground.secret}).status_code == 200
        assert service.render(scope=f"?workspace_id={elsewhere}").status_code == 200
        service.enter()
        assert [event.kind for event in told_until(source, "secret.changed")] == ["secret.changed"]


def test_a_notebook_s_events_are_told_to_that_notebook_and_its_workspace_s_to_both(ground: Ground):
    service = ground.service()
    service.declare()
    mine, other = notebook(ground, 1), notebook(ground, 1)
    enable = f"/integrations/{service.id}/enable"
    with (
        watching(ground.server.url, f"?notebook_id={mine}") as of_mine,
        watching(ground.server.url) as of_workspace,
    ):
        ground.call("PUT", f"{enable}?notebook_id={other}", {"enabled": False})
        ground.call("PUT", f"{enable}?notebook_id={mine}", {"enabled": False})
        ground.call("PUT", enable, {"enabled": False})
        told = [of_mine.next().data, of_mine.next().data]
        assert [(data["workspace_id"], data["notebook_id"]) for data in told] == [(None, mine), (1, None)]
        assert of_workspace.next().data["workspace_id"] == 1


@pytest.mark.parametrize("last_event_id", ["0", "1"])
def test_resuming_does_not_tell_another_workspace_s_events_either(ground: Ground, last_event_id: str):
    service, elsewhere = ground.service(), workspace(ground)
    service.declare()
    ground.call("PUT", f"/integrations/{service.id}/enable?workspace_id={elsewhere}", {"enabled": False})
    service.enter()
    with watching(ground.server.url, "?workspace_id=1", last_event_id=last_event_id) as source:
        while True:
            event = source.next()
            assert event.data["workspace_id"] in (None, 1)
            if event.kind == "secret.changed" and event.data["plugin_id"] == service.id:
                break


def test_no_secret_and_no_value_is_told(ground: Ground):
    service = ground.service([{"name": "api_key", "secure": True}, {"name": "city"}])
    ground.reply = lambda _request: json_answer(b'{"oops": 1}', status="500 Internal Server Error")
    with watching(ground.server.url) as source:
        service.declare()
        service.enter()
        service.configure(city="Gjøvik")
        service.render()
        service.declare(base_url=ground.stranger_url)
        told = told_until(source, "review.due")
    assert "Gj" not in repr(told) and ground.provider_url not in repr(told)
    ground.heard.append(repr(told).encode())
    ground.assert_no_leak()


def test_without_a_token_there_is_no_stream(ground: Ground):
    hub = ground.server.app.extensions["patchbay"].events
    before = hub.count()
    refused: list[dict[str, str]] = [{}, {"Authorization": "Bearer wrong"}, {"Cookie": "patchbay_8765=x"}]
    for headers in refused:
        with watching(ground.server.url, headers=headers) as source:
            assert (source.status, source.body()["code"]) == (401, "unauthorized")
    assert hub.count() <= before


@pytest.mark.parametrize(
    "page",
    [
        {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1:9", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_a_page_of_another_origin_gets_none_with_a_browser_s_session(ground: Ground, page: dict[str, str]):
    browser = SignedIn.at(ground.server.url, TOKEN)
    with watching(ground.server.url, headers={"Cookie": browser.cookie, **page}) as source:
        assert (source.status, source.body()["code"]) == (403, "foreign_origin")


def test_signing_a_browser_out_ends_its_streams_and_no_others(ground: Ground):
    browser, other = (SignedIn.at(ground.server.url, TOKEN) for _ in range(2))
    page = {"Sec-Fetch-Site": "same-origin"}
    with (
        watching(ground.server.url, headers={"Cookie": browser.cookie, **page}) as ended,
        watching(ground.server.url, headers={"Cookie": other.cookie, **page}) as left,
    ):
        assert (ended.status, left.status) == (200, 200)
        sessions = browser.call("GET", "/sessions", Sec_Fetch_Site="same-origin").json()
        current = next(session["id"] for session in sessions if session["current"])
        ground.call("DELETE", f"/sessions/{current}")
        assert ended.read_to_end() == []
        ground.service().declare()
        assert left.next().kind == "plugin.declared"


def test_an_open_stream_counts_as_no_use_of_its_session(ground: Ground):
    browser = SignedIn.at(ground.server.url, TOKEN)
    sessions = ground.server.app.extensions["patchbay_gate"].sessions
    with watching(ground.server.url, headers={"Cookie": browser.cookie}) as source:
        assert source.status == 200
        digest, session = next(reversed(sessions._remembered.items()))
        used_at = session.used_at
        for _ in range(3):
            ground.service().declare()
            source.next()
        assert sessions.is_open(digest)
        assert sessions._remembered[digest].used_at == used_at


def test_a_rotated_token_ends_the_streams_of_those_who_had_the_old_one(
    settings: Settings, start_server: Callable[[Settings], RunningServer]
):
    server = start_server(replace(settings, token=None))
    server.app.extensions["patchbay"].events.heartbeat_seconds = 3600.0
    browser = SignedIn.at(server.url, server.token)
    with (
        watching(server.url, headers={"Authorization": f"Bearer {server.token}"}) as program,
        watching(server.url, headers={"Cookie": browser.cookie}) as page,
    ):
        assert (program.status, page.status) == (200, 200)
        rotate_token(server.settings)
        server.app.extensions["patchbay"].database.touch()
        assert (program.read_to_end(), page.read_to_end()) == ([], [])


def test_a_deleted_workspace_ends_its_streams(ground: Ground):
    elsewhere = workspace(ground)
    service = ground.service()
    service.declare()
    service.configure(scope=f"?workspace_id={elsewhere}")
    with watching(ground.server.url, f"?workspace_id={elsewhere}") as source:
        assert ground.call("DELETE", f"/workspaces/{elsewhere}").status_code == 204
        assert source.read_to_end() == []


def test_a_hostile_id_and_a_line_break_in_one_are_an_id_that_cannot_be_resumed(ground: Ground):
    for last_event_id in ("1 OR 1=1", "9" * 4000, "-5", "0x10", "1e3"):
        with watching(ground.server.url, last_event_id=last_event_id) as source:
            assert source.next().data == {"reason": "expired"}


def test_a_client_that_never_reads_takes_a_bounded_queue_and_holds_up_nobody(ground: Ground):
    service = ground.service()
    service.declare()
    with watching(ground.server.url) as stuck, watching(ground.server.url) as reader:
        assert stuck.status == 200
        for enabled in (False, True) * 5:
            ground.call("PUT", f"/integrations/{service.id}/enable", {"enabled": enabled})
        assert [reader.next().kind for _ in range(10)] == ["enabled.changed"] * 10


def test_a_token_is_told_of_its_integrations_only_and_its_end_ends_the_stream(ground: Ground):
    mine, other = ground.service(), ground.service()
    for service in (mine, other):
        service.declare()
    terms = {"name": "Watcher", "scopes": ["render"], "integrations": [mine.id]}
    token = ground.call("POST", "/tokens", terms).json()
    headers = {"Authorization": f"Bearer {token['token']}"}
    with watching(ground.server.url, headers=headers) as source:
        for service in (other, mine):
            ground.call("PUT", f"/integrations/{service.id}/enable", {"enabled": False})
        assert source.next().data["plugin_id"] == mine.id
        ground.call("DELETE", f"/tokens/{token['id']}")
        assert source.read_to_end() == []
