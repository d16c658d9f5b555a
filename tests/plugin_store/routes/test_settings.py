"""Stories over the routes of settings, secrets and reviews, with the answers that a frontend sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin_store.conftest import Client, Store
from tests.plugin_store.manifests import destination, view, weather

SECRET = "k-3v9Qs7w1Zp5"


@pytest.fixture
def weather_client(client: Client) -> Client:
    assert client.post("/plugins/register", weather()).status_code == 201
    return client


def test_a_plugin_that_calls_nothing_is_no_integration(client: Client) -> None:
    client.post("/plugins/register", view("board"))
    client.post("/plugins/register", view("calling", integration={"base_url": "https://a.example"}))
    assert client.get("/integrations/calling/config").status_code == 200
    for method, path, body in (
        ("get", "config", None),
        ("put", "config", {"config": {}}),
        ("put", "enable", {"enabled": True}),
        ("put", "secrets/key", {"value": "x"}),
        ("get", "secrets/key", None),
        ("delete", "secrets/key", None),
        ("post", "review", {"accept": True}),
    ):
        assert getattr(client, method)(f"/integrations/board/{path}", body).status_code == 404, path
    assert client.put("/workspaces/1/plugins/board", {"enabled": False}).json["effective"]["enabled"] is False


def test_config_is_read_changed_and_sent_back(weather_client: Client) -> None:
    empty = {"set": False, "status": None, "updated_at": None}
    read = weather_client.get("/integrations/weather/config")
    assert read.json == {
        "plugin_id": "weather",
        "config": {"units": "metric", "days": 5},
        "secrets": {"api_key": empty},
        "managed_by": {},
    }
    written = weather_client.put(
        "/integrations/weather/config", {"config": {"units": "imperial", "city": "Oslo", "api_key": SECRET}}
    )
    assert written.json == {
        "plugin_id": "weather",
        "config": {"units": "imperial", "days": 5, "city": "Oslo"},
        "secrets": {"api_key": {"set": True, "status": "ok", "updated_at": "2026-01-02T03:04:05.678Z"}},
        "managed_by": {},
    }
    assert weather_client.put("/integrations/weather/config", written.json).json == written.json
    assert SECRET not in weather_client.get("/workspaces/1/plugins/weather").text
    wrong = weather_client.put("/integrations/weather/config", {"plugin_id": "other", "config": {}})
    assert (wrong.status_code, list(wrong.json["errors"])) == (422, ["plugin_id"])


@pytest.mark.parametrize(
    ("config", "fields"),
    [
        ({"units": "kelvin", "days": 17}, ["config.units", "config.days"]),
        ({"days": True}, ["config.days"]),
        ({"days": 5.5}, ["config.days"]),
        ({"days": 2**53}, ["config.days"]),
        ({"city": None}, ["config.city"]),
        ({"city": ["Oslo"]}, ["config.city"]),
        ({"host": "a b"}, ["config.host"]),
        ({"colour": "red"}, ["config.colour"]),
        ({"api_key": ["k-3v9Qs7w1Zp5"]}, ["config.api_key"]),
        ({"api_key": ""}, ["config.api_key"]),
    ],
)
def test_bad_values_are_refused_by_field_and_never_quoted(
    weather_client: Client, config: dict[str, Any], fields: list[str]
) -> None:
    for path in ("/integrations/weather/config", "/workspaces/1/plugins/weather"):
        answer = weather_client.put(path, {"config": config})
        assert (answer.status_code, sorted(answer.json["errors"])) == (422, sorted(fields))
        assert SECRET not in answer.text


def test_a_secret_under_eight_characters_is_kept_and_warned_of_when_it_is_entered(
    weather_client: Client,
) -> None:
    path = "/integrations/weather/secrets/api_key"
    (warning,) = weather_client.put(path, {"value": "7 chars"}).json["warnings"]
    assert "under 8 characters" in warning
    assert "7 chars" not in warning
    assert "warnings" not in weather_client.get(path).json
    assert "warnings" not in weather_client.put(path, {"value": "8 chars."}).json
    config = weather_client.put("/integrations/weather/config", {"config": {"api_key": "short"}})
    assert config.json["secrets"]["api_key"]["warnings"] == [warning]


def test_a_secret_is_written_shown_by_state_and_forgotten(weather_client: Client) -> None:
    path = "/integrations/weather/secrets/api_key"
    unset = {"key": "api_key", "set": False, "status": None, "updated_at": None}
    assert weather_client.get(path).json == unset
    written = weather_client.put(path, {"value": SECRET})
    assert written.json == {
        "key": "api_key",
        "set": True,
        "status": "ok",
        "updated_at": "2026-01-02T03:04:05.678Z",
    }
    assert weather_client.get(path).json == written.json
    assert weather_client.delete(path).status_code == 204
    assert weather_client.delete(path).status_code == 204
    assert weather_client.get(path).json == unset


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": ""}, {"value": 5}, {"value": [SECRET]}])
def test_a_secret_is_a_string(weather_client: Client, body: dict[str, Any]) -> None:
    answer = weather_client.put("/integrations/weather/secrets/api_key", body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["value"])
    assert SECRET not in answer.text


def test_a_setting_that_is_no_secret_is_not_kept_as_one(weather_client: Client) -> None:
    for method in ("get", "put", "delete"):
        body = {"value": SECRET} if method == "put" else None
        answer = getattr(weather_client, method)("/integrations/weather/secrets/units", body)
        assert answer.status_code == 422


def test_a_notebook_takes_no_secrets(weather_client: Client) -> None:
    for path, body in (
        ("/integrations/weather/config?notebook_id=1", {"config": {"api_key": SECRET}}),
        ("/integrations/weather/config?notebook_id=1", {"config": {"api_key": None}}),
        ("/integrations/weather/secrets/api_key?notebook_id=1", {"value": SECRET}),
        ("/notebooks/1/plugins/weather", {"config": {"api_key": SECRET}}),
    ):
        answer = weather_client.put(path, body)
        assert (answer.status_code, SECRET in answer.text) == (422, False)
    assert weather_client.get("/integrations/weather/secrets/api_key").json["set"] is False


def test_an_integration_is_switched_for_the_workspace_or_a_notebook(weather_client: Client) -> None:
    path = "/integrations/weather/enable"
    assert weather_client.put(path, {"enabled": False}).json == {"plugin_id": "weather", "enabled": False}
    assert weather_client.put(f"{path}?notebook_id=1", {"enabled": True}).json["enabled"] is True
    assert weather_client.get("/workspaces/1/plugins/weather").json["effective"]["enabled"] is False
    for body in ({}, {"enabled": "false"}, {"enabled": 0}, {"enabled": None}):
        assert weather_client.put(path, body).status_code == 422


def test_a_scope_changes_what_the_body_names(weather_client: Client) -> None:
    path = "/workspaces/1/plugins/weather"
    fresh = weather_client.get(path).json
    assert fresh == {
        "plugin_id": "weather",
        "enabled": None,
        "config": {},
        "effective": {"enabled": True, "config": {"units": "metric", "days": 5}},
        "secrets": {"api_key": {"set": False, "status": None, "updated_at": None}},
        "managed_by": {},
    }
    assert weather_client.put(path, {"config": {"days": 5, "city": "Oslo"}}).json["config"] == {
        "days": 5,
        "city": "Oslo",
    }
    off = weather_client.put(path, {"enabled": False}).json
    assert (off["enabled"], off["config"]) == (False, {"days": 5, "city": "Oslo"})
    assert weather_client.put(path, off).json == off
    inherits = weather_client.put(path, {"enabled": None}).json
    assert (inherits["enabled"], inherits["effective"]["enabled"]) == (None, True)
    assert weather_client.put(path, {"config": {}}).json["config"] == {}
    assert weather_client.put(path, {"config": None}).status_code == 422
    assert weather_client.put(path, {"colour": 1}).status_code == 422
    assert weather_client.delete(path).status_code == 204
    assert weather_client.get(path).json == fresh


def test_every_plugin_is_listed_with_its_state(weather_client: Client) -> None:
    weather_client.post("/plugins/register", view("board"))
    weather_client.put("/notebooks/1/plugins/board", {"enabled": False})
    states = weather_client.get("/notebooks/1/plugins").json
    assert [(state["plugin_id"], state["effective"]["enabled"]) for state in states] == [
        ("board", False),
        ("weather", True),
    ]
    listed = weather_client.get("/workspaces/1/plugins", page=2, page_size=1)
    assert [state["plugin_id"] for state in listed.json] == ["weather"]
    assert json.loads(listed.headers["X-Pagination"])["total"] == 2


def test_a_review_is_told_at_registration_and_ended_by_a_person(weather_client: Client, store: Store) -> None:
    weather_client.put("/integrations/weather/secrets/api_key", {"value": SECRET})
    moved = weather_client.post("/plugins/register", weather("https://evil.example"))
    review = moved.json["review"]
    assert review["old"] == [destination().as_shown()]
    assert review["new"] == [destination(origin="https://evil.example:443").as_shown()]
    assert weather_client.get("/integrations/weather/secrets/api_key").json["status"] == "locked"
    path = "/integrations/weather/review"
    assert weather_client.post(path, {"accept": False}).json == {"plugin_id": "weather", "review": review}
    stale = weather_client.post(
        path, {"accept": True, "new": [destination(origin="https://other.example:443").as_shown()]}
    )
    assert (stale.status_code, stale.json["code"]) == (409, "conflict")
    assert weather_client.post(path, {"accept": True, "new": review["new"]}).json["review"] is None
    assert weather_client.get("/integrations/weather/secrets/api_key").json["status"] == "ok"
    assert weather_client.post(path, {"accept": "yes"}).status_code == 422
