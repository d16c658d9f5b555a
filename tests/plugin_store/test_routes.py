"""Stories over the store's routes, with the answers that a frontend sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin_store.conftest import Client, Store
from tests.plugin_store.manifests import view, weather

SECRET = "k-3v9Qs7w1Zp5"


@pytest.fixture
def weather_client(client: Client) -> Client:
    assert client.post("/plugins/register", weather()).status_code == 201
    return client


def test_registering_answers_what_happened(client: Client) -> None:
    first = client.post("/plugins/register", weather())
    assert (first.status_code, first.json) == (
        201,
        {
            "id": "weather",
            "name": "Weather",
            "version": "1.0.0",
            "type": "integration",
            "registered": True,
            "message": "Weather 1.0.0 is registered.",
            "status": "registered",
            "review": None,
        },
    )
    again = client.post("/plugins/register", weather())
    assert (again.status_code, again.json["status"]) == (200, "unchanged")
    newer = client.post("/plugins/register", weather(version="1.1.0"))
    assert (newer.status_code, newer.json["status"]) == (200, "updated")
    assert newer.json["message"] == "Weather 1.1.0 is updated from 1.0.0."


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "Weather"}, "id"),
        ({"id": "weather\n"}, "id"),
        ({"id": "w" * 65}, "id"),
        ({"id": ""}, "id"),
        ({"id": 7}, "id"),
        ({"name": ""}, "name"),
        ({"name": "n" * 201}, "name"),
        ({"version": "1.0"}, "version"),
        ({"version": "01.0.0"}, "version"),
        ({"version": "1.0.0\n"}, "version"),
        ({"version": "1" * 5000 + ".0.0"}, "version"),
        ({"type": "widget"}, "type"),
        ({"manifest": []}, "manifest"),
        ({"manifest": None}, "manifest"),
        ({"manifest": {"size": 2**53}}, "manifest"),
        ({"manifest": {"endpoints": [{"path": "/a"}, {}]}}, "manifest.endpoints[1].path"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_bad_declaration_is_refused_by_field(client: Client, change: dict[str, Any], field: str) -> None:
    answer = client.post("/plugins/register", weather(**change))
    assert answer.status_code == 422
    assert list(answer.json["errors"]) == [field]
    assert client.get("/plugins").json == []


@pytest.mark.parametrize("body", [[], "weather", 5, {}, {"id": "weather"}])
def test_a_body_of_another_shape_is_refused(client: Client, body: Any) -> None:
    assert client.post("/plugins/register", body).status_code in {400, 422}
    assert client.post("/plugins/register-batch", body).status_code in {400, 422}


def test_a_batch_counts_and_keeps_the_good_ones(client: Client) -> None:
    client.post("/plugins/register", view("kept"))
    batch = [view("kept"), view("new"), weather(version="one"), "no object", None, view("new"), {"id": [1]}]
    answer = client.post("/plugins/register-batch", {"plugins": batch})
    assert answer.status_code == 200
    counts = {key: answer.json[key] for key in ("registered", "updated", "unchanged", "failed")}
    assert counts == {"registered": 1, "updated": 0, "unchanged": 1, "failed": 5}
    results = answer.json["results"]
    assert [result["registered"] for result in results] == [True, True, False, False, False, False, False]
    assert list(results[2]["errors"]) == ["version"]
    assert results[2]["message"].startswith("Weather is not registered: version: ")
    assert list(results[3]["errors"]) == ["plugin"]
    assert list(results[5]["errors"]) == ["id"]
    assert set(results[6]["errors"]) == {"id", "name", "version", "type", "manifest"}
    assert results[6]["id"] is None
    assert [plugin["id"] for plugin in client.get("/plugins").json] == ["kept", "new"]


@pytest.mark.parametrize(("size", "status"), [(0, 200), (1000, 200), (1001, 422)])
def test_a_batch_holds_a_thousand(client: Client, size: int, status: int) -> None:
    batch = [view(f"view-{number}") for number in range(size)]
    assert client.post("/plugins/register-batch", {"plugins": batch}).status_code == status


def test_plugins_are_listed_by_type_and_page(client: Client) -> None:
    batch = [view(f"view-{number}") for number in range(5)] + [weather()]
    client.post("/plugins/register-batch", {"plugins": batch})
    assert [plugin["id"] for plugin in client.get("/plugins", type="integration").json] == ["weather"]
    second = client.get("/plugins", type="view", page=2, page_size=2)
    assert [plugin["id"] for plugin in second.json] == ["view-2", "view-3"]
    assert json.loads(second.headers["X-Pagination"]) == {
        "total": 5,
        "total_pages": 3,
        "page": 2,
        "page_size": 2,
    }
    assert client.get("/plugins", page=1_000_000_000).json == []
    assert "manifest" not in second.json[0]


@pytest.mark.parametrize(
    "query",
    [
        {"type": "widget"},
        {"page": 0},
        {"page": -1},
        {"page": "1_0"},
        {"page": "٢"},
        {"page": 10**30},
        {"page_size": 1001},
        {"page_size": "x"},
    ],
)
def test_a_list_refuses_what_it_cannot_give(client: Client, query: dict[str, Any]) -> None:
    answer = client.get("/plugins", **query)
    assert (answer.status_code, list(answer.json["errors"])) == (422, list(query))


def test_a_plugin_is_shown_as_declared_and_forgotten(weather_client: Client) -> None:
    shown = weather_client.get("/plugins/weather").json
    assert shown["manifest"] == weather()["manifest"]
    assert shown["registered_at"] == "2026-01-02T03:04:05.678Z"
    assert weather_client.delete("/plugins/weather").status_code == 204
    assert weather_client.get("/plugins/weather").status_code == 404
    assert weather_client.delete("/plugins/weather").status_code == 404


@pytest.mark.parametrize("name", ["a\u0000b", "日本 \U0001f327", " ", "\u202e", "' OR 1=1 --"])
def test_any_text_comes_back_as_it_went_in(client: Client, name: str) -> None:
    manifest = {name: [name, {"deep": name}]}
    client.post("/plugins/register", weather(name=name, manifest=manifest))
    shown = client.get("/plugins/weather").json
    assert (shown["name"], shown["manifest"]) == (name, manifest)
    made = client.post("/workspaces", {"name": name}).json
    assert client.get(f"/workspaces/{made['id']}").json["name"] == name


def test_workspaces_and_notebooks_are_made_renamed_and_deleted(client: Client) -> None:
    assert [workspace["name"] for workspace in client.get("/workspaces").json] == ["Default"]
    assert [notebook["workspace_id"] for notebook in client.get("/workspaces/1/notebooks").json] == [1]
    made = client.post("/workspaces", {"name": "Work"})
    assert (made.status_code, made.json["name"]) == (201, "Work")
    place = f"/workspaces/{made.json['id']}"
    notebook = client.post(f"{place}/notebooks", {"name": "Daily"})
    assert (notebook.status_code, notebook.json["workspace_id"]) == (201, made.json["id"])
    book = f"/notebooks/{notebook.json['id']}"
    assert client.patch(place, {"name": "Office"}).json["name"] == "Office"
    assert client.patch(book, {"name": "Weekly"}).json == client.get(book).json
    assert client.delete(place).status_code == 204
    assert client.get(place).status_code == client.get(book).status_code == 404


def test_the_last_workspace_stays(client: Client) -> None:
    answer = client.delete("/workspaces/1")
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    second = client.post("/workspaces", {"name": "Second"}).json["id"]
    assert client.delete("/workspaces/1").status_code == 204
    assert client.delete(f"/workspaces/{second}").status_code == 409


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": 5}, {"name": "n", "id": 9}, {"name": None}])
def test_a_workspace_needs_a_name_and_nothing_else(client: Client, body: Any) -> None:
    assert client.post("/workspaces", body).status_code == 422
    assert client.patch("/workspaces/1", body).status_code == 422
    assert client.post("/workspaces/1/notebooks", body).status_code == 422


@pytest.mark.parametrize("number", ["0", "2", str(2**63 - 1), str(2**63), "9" * 400, "-1", "1.0", "x"])
def test_a_number_that_names_nothing_is_not_found(weather_client: Client, number: str) -> None:
    for path in (
        f"/workspaces/{number}",
        f"/notebooks/{number}",
        f"/workspaces/{number}/notebooks",
        f"/workspaces/{number}/plugins/weather",
        f"/notebooks/{number}/plugins/weather",
    ):
        assert weather_client.get(path).status_code == 404, path
    assert weather_client.get("/integrations/weather/config", workspace_id=number).status_code in {404, 422}


def test_an_unknown_scope_or_plugin_is_named(weather_client: Client) -> None:
    second = weather_client.post("/workspaces", {"name": "Second"}).json["id"]
    for path, query, named in (
        ("/integrations/weather/config", {"workspace_id": 77}, "workspace 77"),
        ("/integrations/weather/config", {"notebook_id": 77}, "notebook 77"),
        ("/integrations/weather/config", {"workspace_id": second, "notebook_id": 1}, "notebook 1"),
        ("/integrations/nothing/config", {}, "nothing"),
        ("/workspaces/1/plugins/nothing", {}, "nothing"),
        ("/integrations/weather/secrets/nothing", {}, "nothing"),
    ):
        answer = weather_client.get(path, **query)
        assert (answer.status_code, named in answer.json["detail"]) == (404, True), path


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
    }
    written = weather_client.put(
        "/integrations/weather/config", {"config": {"units": "imperial", "city": "Oslo", "api_key": SECRET}}
    )
    assert written.json == {
        "plugin_id": "weather",
        "config": {"units": "imperial", "days": 5, "city": "Oslo"},
        "secrets": {"api_key": {"set": True, "status": "ok", "updated_at": "2026-01-02T03:04:05.678Z"}},
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
    assert review["old"] == ["header:api_key@https://api.example.com:443"]
    assert review["new"] == ["header:api_key@https://evil.example:443"]
    assert weather_client.get("/integrations/weather/secrets/api_key").json["status"] == "locked"
    path = "/integrations/weather/review"
    assert weather_client.post(path, {"accept": False}).json == {"plugin_id": "weather", "review": review}
    stale = weather_client.post(path, {"accept": True, "new": ["header:api_key@https://other.example:443"]})
    assert (stale.status_code, stale.json["code"]) == (409, "conflict")
    assert weather_client.post(path, {"accept": True, "new": review["new"]}).json["review"] is None
    assert weather_client.get("/integrations/weather/secrets/api_key").json["status"] == "ok"
    assert weather_client.post(path, {"accept": "yes"}).status_code == 422
