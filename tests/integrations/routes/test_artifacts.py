"""The routes of stored answers of a whole workspace."""

import json

import pytest

from tests.integrations.routes.test_integrations import declare, render


@pytest.fixture
def two_services(client, upstream):
    """Two integrations with one stored answer each, the second the newer."""
    upstream.expect_request("/status").respond_with_json({"ok": True})
    for plugin_id in ("first", "second"):
        declare(client, upstream, plugin_id)
        assert render(client, plugin_id=plugin_id).status_code == 200


def listed(client, query=""):
    return [item["plugin_id"] for item in client.get(f"/artifacts{query}").json]


def test_the_answers_of_all_integrations_are_listed_newest_first(client, two_services):
    answer = client.get("/artifacts")
    assert [item["plugin_id"] for item in answer.json] == ["second", "first"]
    assert answer.json[0]["block_id"] == "status"
    assert "data" not in answer.json[0]
    assert json.loads(answer.headers["X-Pagination"])["total"] == 2


def test_they_are_narrowed_to_an_integration_and_a_block(client, two_services):
    assert listed(client, "?integration_id=first") == ["first"]
    assert listed(client, "?integration_id=first&block_type=item") == []
    assert listed(client, "?integration_id=unknown") == []


def test_a_page_of_them_is_asked_for(client, two_services):
    assert [listed(client, f"?page={page}&page_size=1") for page in (1, 2, 3)] == [["second"], ["first"], []]


def test_one_answer_is_shown_with_its_data(client, two_services):
    key = client.get("/artifacts").json[0]["parameters_hash"]
    shown = client.get(f"/artifacts/{key}").json
    assert (shown["plugin_id"], shown["data"]) == ("second", {"ok": True})


def test_answers_of_another_workspace_are_not_shown(client, two_services):
    other = client.post("/workspaces", {"name": "Other"}).json["id"]
    key = client.get("/artifacts").json[0]["parameters_hash"]
    assert listed(client, f"?workspace_id={other}") == []
    assert client.get(f"/artifacts/{key}?workspace_id={other}").status_code == 404


@pytest.mark.parametrize("key", ["0" * 64, "x", "%00", "..", "a" * 5000])
def test_an_answer_that_is_not_stored_is_not_found(client, key):
    answer = client.get(f"/artifacts/{key}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_an_answer_that_is_no_longer_usable_is_not_found(client, app, two_services):
    key = client.get("/artifacts").json[0]["parameters_hash"]
    with app.extensions["patchbay"].database.raw_write() as connection:
        connection.execute("UPDATE integration_artifacts SET kept_until = 1")
    assert client.get(f"/artifacts/{key}").status_code == 404


def test_one_answer_is_purged_and_fetched_anew(client, upstream, two_services):
    first, second = (item["parameters_hash"] for item in client.get("/artifacts").json[::-1])
    assert render(client, plugin_id="first").headers["X-Cache"] == "HIT"
    assert client.delete(f"/artifacts/{first}").json == {"purged": 1}
    assert [item["parameters_hash"] for item in client.get("/artifacts").json] == [second]
    assert client.delete(f"/artifacts/{first}").status_code == 404
    assert render(client, plugin_id="first").headers["X-Cache"] == "MISS"
    assert render(client, plugin_id="second").headers["X-Cache"] == "HIT"


def test_no_answer_of_another_workspace_is_purged(client, two_services):
    other = client.post("/workspaces", {"name": "Other"}).json["id"]
    key = client.get("/artifacts").json[0]["parameters_hash"]
    assert client.delete(f"/artifacts/{key}?workspace_id={other}").status_code == 404
    assert len(listed(client)) == 2


def test_a_purged_answer_takes_those_of_the_steps_it_was_made_of(client, upstream):
    upstream.expect_request("/status").respond_with_json({"ok": True})
    upstream.expect_request("/other").respond_with_json({"ok": True})
    endpoints = [{"id": name, "path": f"/{name}", "cache_ttl": 600} for name in ("status", "other")]
    blocks = [
        {"id": "made", "steps": [{"id": "one", "endpoint": "status"}, {"id": "two", "endpoint": "other"}]},
        {"id": "status", "endpoint": "status"},
    ]  # fmt: skip
    declare(client, upstream, endpoints=endpoints, blocks=blocks)
    for block in ("made", "status"):
        assert render(client, block).status_code == 200
    key = next(
        item["parameters_hash"] for item in client.get("/artifacts").json if item["block_id"] == "made"
    )
    client.delete(f"/artifacts/{key}")
    assert {item["block_id"] for item in client.get("/artifacts").json} == {"status"}
    calls = len(upstream.log)
    assert render(client, "made").headers["X-Cache"] == "MISS"
    assert len(upstream.log) - calls >= 2
