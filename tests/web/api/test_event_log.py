from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from flask import Flask
from pytest_httpserver import HTTPServer

from integrations.budget.origin_pauses import FAILURES_TO_OPEN
from settings import Settings
from tests.conftest import Client
from tests.plugin_store.manifests import weather
from web.api.changes import CHANGES
from web.cli.serve import warn_of_unreadable_secrets

SECRET = "k-3v9Qs7w1Zp5-a-secret"
LOGGERS = ("patchbay", "plugin_store", "integrations")


@pytest.fixture
def told(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What an operator is told from here on."""
    caplog.set_level(logging.INFO)
    caplog.clear()
    return lambda: [record.getMessage() for record in caplog.records if record.name.startswith(LOGGERS)]


def test_changes_say_what_and_by_whom_and_never_a_value(client: Client, told: Callable[[], list[str]]):
    client.post("/plugins/register", weather())
    assert client.put("/integrations/weather/secrets/api_key", {"value": SECRET}).status_code == 200
    assert (
        client.put("/integrations/weather/config?workspace_id=1", {"config": {"units": "metric"}}).status_code
        == 200
    )
    client.put("/integrations/weather/enable", {"enabled": False})
    client.put("/workspaces/1/plugins/weather", {"config": {"units": "imperial"}, "enabled": True})
    client.delete("/integrations/weather/secrets/api_key")
    client.delete("/plugins/weather/artifacts")
    client.delete("/artifacts")
    assert told() == [
        "weather: secret api_key entered, by token",
        "weather: settings replaced (workspace 1, units), by token",
        "weather: switched (enabled=False), by token",
        "weather: settings changed (workspace 1, enabled=True, units), by token",
        "weather: secret api_key deleted, by token",
        "weather: artifacts purged, by token",
        "all artifacts purged, by token",
    ]
    assert SECRET not in str(told()) and "metric" not in str(told())


def test_what_changed_nothing_is_not_told(client: Client, told: Callable[[], list[str]]):
    client.post("/plugins/register", weather())
    client.get("/integrations/weather/config")
    assert client.put("/integrations/weather/config", {"config": {"nope": SECRET}}).status_code == 422
    assert client.put("/integrations/nowhere/secrets/api_key", {"value": SECRET}).status_code == 404
    assert told() == []


def test_who_is_refused_at_the_door_is_told(stranger: Client, told: Callable[[], list[str]]):
    stranger.get("/plugins", headers={"Authorization": f"Bearer {SECRET}"})
    stranger.get("/plugins")
    stranger.post("/plugins/register", {}, headers={"Origin": "http://evil.com"})
    stranger.post("/plugins/register", {}, headers={"Sec-Fetch-Site": "cross-site"})
    stranger.get("/plugins", headers={"Host": "nas.lan"})
    lines = told()
    assert [line.partition(":")[0] for line in lines] == [
        "refused a request from 127.0.0.1",
        "refused a page of http",
        "refused a page of another site (cross-site)",
        "refused a request for the host nas.lan",
    ]
    assert SECRET not in str(lines)


def test_a_failing_provider_is_told_by_code_and_its_breaker_when_it_opens_and_closes(
    client: Client, upstream: HTTPServer, told: Callable[[], list[str]]
):
    upstream.expect_request("/me").respond_with_data("no", status=500)
    manifest = {
        "integration": {"base_url": upstream.url_for("").rstrip("/"), "retry": {"max_retries": 0}},
        "endpoints": [{"id": "me", "path": "/me"}],
    }
    declared = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    assert client.post("/plugins/register", declared).status_code == 201

    def execute() -> int:
        return client.post("/integrations/svc/execute", {"endpoint_id": "me"}).status_code

    assert [execute() for _ in range(FAILURES_TO_OPEN + 1)] == [502] * FAILURES_TO_OPEN + [503]
    failed, opened = (
        "A call of svc failed: me, upstream_failed, status 500, made for live",
        "The breaker of svc is open.",
    )
    assert (told().count(failed), told().count(opened)) == (FAILURES_TO_OPEN, 1)
    assert len(told()) == FAILURES_TO_OPEN + 1
    upstream.clear()
    upstream.expect_request("/me").respond_with_json({})
    with time_machine.travel(time.time() + 3600, tick=True):
        assert execute() == 200
    assert told()[-1] == "The breaker of svc is closed again."


def test_secrets_that_no_key_opens_are_told_at_the_start(
    settings: Settings, make_app: Callable[[Settings], Flask], told: Callable[[], list[str]]
):
    app = make_app(settings)
    client = Client(app)
    client.post("/plugins/register", weather())
    client.put("/integrations/weather/secrets/api_key", {"value": SECRET})
    warn_of_unreadable_secrets(app.extensions["patchbay"])
    assert not [line for line in told() if "cannot be decrypted" in line]
    other_key = "QUFB" * 10 + "QUE="
    later = make_app(replace(settings, secret_keys=(other_key,)))
    warn_of_unreadable_secrets(later.extensions["patchbay"])
    assert (
        told()[-1]
        == "The secret api_key of weather cannot be decrypted with the present keys. Enter it again."
    )


def test_a_review_that_falls_due_is_told_once(client: Client, told: Callable[[], list[str]]):
    def declare(base_url: str) -> Any:
        declared = weather(base_url)
        auth = {"type": "api_key", "in": "header", "name": "X-API-Key", "value": "{api_key}"}
        declared["manifest"]["integration"] |= {"auth_method": "api_key", "auth": auth}
        declared["manifest"]["endpoints"] = [{"id": "now", "path": "/now"}]
        answer: Any = client.post("/plugins/register", declared).json
        return answer["review"]

    assert declare("https://api.example.com") is None
    client.put("/integrations/weather/secrets/api_key", {"value": SECRET})
    assert declare("https://elsewhere.example.com")
    assert declare("https://elsewhere.example.com")
    due = [line for line in told() if line.startswith("A review is due")]
    assert due == ["A review is due for weather: until then its secrets are not sent."]


def test_every_change_that_is_told_is_a_route(app: Flask):
    routes = {(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods or ()}
    assert set(CHANGES) <= routes
