"""Stories over the routes of workspaces, notebooks and the scopes that they make, with the answers that a frontend sees."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin_store.conftest import Client
from tests.plugin_store.manifests import weather


@pytest.fixture
def weather_client(client: Client) -> Client:
    assert client.post("/plugins/register", weather()).status_code == 201
    return client


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


def test_notebooks_come_with_their_workspaces_when_asked_for(client: Client) -> None:
    work = client.post("/workspaces", {"name": "Work"}).json["id"]
    client.post("/workspaces/1/notebooks", {"name": "Second"})
    plain, full = client.get("/workspaces").json, client.get("/workspaces?include=notebooks").json
    assert [
        {**row, "notebooks": client.get(f"/workspaces/{row['id']}/notebooks").json} for row in plain
    ] == full
    assert [len(row["notebooks"]) for row in full] == [2, 0]
    assert [row["id"] for row in client.get("/workspaces?include=notebooks&page=2&page_size=1").json] == [
        work
    ]
    assert client.get("/workspaces?include=secrets").json["errors"] == {
        "include": ["Must be one of: notebooks."]
    }


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
