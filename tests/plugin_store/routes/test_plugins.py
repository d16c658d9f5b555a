"""Stories over the routes of plugins, with the answers that a frontend sees."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.plugin_store.conftest import Client
from tests.plugin_store.manifests import view, weather


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
            "warnings": [],
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


def test_warnings_are_answered_and_refuse_nothing(client: Client) -> None:
    told = [{"path": "manifest.odd", "message": "Odd.", "code": "odd-word"}]
    for status in ("registered", "unchanged"):
        answer = client.post("/plugins/register", view("board", odd=1))
        assert (answer.json["status"], answer.json["warnings"]) == (status, told)
    batch = {"plugins": [view("board", odd=1), view("other"), {"id": "broken"}]}
    results = client.post("/plugins/register-batch", batch).json["results"]
    assert [result["warnings"] for result in results] == [told, [], []]


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


def test_a_plugin_is_shown_as_declared_and_forgotten(client: Client) -> None:
    client.post("/plugins/register", weather())
    shown = client.get("/plugins/weather").json
    assert shown["manifest"] == weather()["manifest"]
    assert shown["registered_at"] == "2026-01-02T03:04:05.678Z"
    assert client.delete("/plugins/weather").status_code == 204
    assert client.get("/plugins/weather").status_code == 404
    assert client.delete("/plugins/weather").status_code == 404


@pytest.mark.parametrize("name", ["a\u0000b", "日本 \U0001f327", " ", "\u202e", "' OR 1=1 --"])
def test_any_text_comes_back_as_it_went_in(client: Client, name: str) -> None:
    manifest = {name: [name, {"deep": name}]}
    client.post("/plugins/register", weather(name=name, manifest=manifest))
    shown = client.get("/plugins/weather").json
    assert (shown["name"], shown["manifest"]) == (name, manifest)
    made = client.post("/workspaces", {"name": name}).json
    assert client.get(f"/workspaces/{made['id']}").json["name"] == name
