"""Who declared a plugin keeps it: from other tokens, and from older versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugin_store.declarers import is_older
from tests.conftest import Client
from tests.security.token_app import TokenApp, ask, declaration, path_of, rules_of, token_app


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenApp]:
    with token_app(Path(tmp_path_factory.mktemp("declarers")) / "instance") as made:
        yield made


class Frontend:
    """A token that declared a plugin of its own."""

    def __init__(self, house: TokenApp, plugin_id: str) -> None:
        issued = house.issue("declare", "configure", "render", name=f"Frontend of {plugin_id}")
        self.token_id, self.plugin_id = issued["id"], plugin_id
        self.client = Client(house.app, issued["token"])
        assert self.client.post("/plugins/register", declaration(plugin_id)).status_code == 201


@pytest.fixture
def frontend(house: TokenApp, request: pytest.FixtureRequest) -> Frontend:
    return Frontend(house, request.node.name.replace("_", "-")[5:60].strip("-"))


def codes(results: Any) -> list[Any]:
    return [(result["status"], result["code"]) for result in results]


def test_another_token_neither_changes_nor_deletes_a_plugin(house: TokenApp, frontend: Frontend):
    other, name = house.client("declare", "configure", "render"), frontend.plugin_id
    changed = declaration(name, "2.0.0", blocks=[])
    answer = other.post("/plugins/register", changed)
    assert (answer.status_code, answer.json["code"]) == (403, "declared_by_another")
    assert "Frontend of" not in answer.text
    assert other.delete(f"/plugins/{name}").json["code"] == "declared_by_another"
    assert other.get(f"/plugins/{name}").json["declared_by"] is None
    kept = house.owner.get(f"/plugins/{name}").json
    assert (kept["version"], kept["declared_by"]) == (
        "1.0.0",
        {"id": frontend.token_id, "name": f"Frontend of {name}"},
    )
    assert frontend.client.post("/plugins/register", changed).json["status"] == "updated"
    assert frontend.client.delete(f"/plugins/{name}").status_code == 204


def test_what_the_owner_declared_is_the_owners(house: TokenApp):
    client = house.client("declare")
    assert client.post("/plugins/register", declaration("mine", "3.0.0")).status_code == 403
    assert client.delete("/plugins/mine").status_code == 403
    same = client.post("/plugins/register", declaration("mine"))
    assert (same.status_code, same.json["status"]) == (200, "unchanged")
    assert house.owner.get("/plugins/mine").json["declared_by"] is None


def test_each_declaration_of_a_batch_is_answered_by_itself(house: TokenApp, frontend: Frontend):
    other = house.client("declare", integrations=["batch-new", frontend.plugin_id])
    batch = [
        declaration("batch-new"),
        declaration(frontend.plugin_id, "2.0.0"),
        declaration("batch-out"),
        {"id": "batch-new"},
    ]
    answer = other.post("/plugins/register-batch", {"plugins": batch}).json
    assert codes(answer["results"]) == [
        ("registered", None),
        (None, "declared_by_another"),
        (None, "insufficient_scope"),
        (None, "invalid"),
    ]
    assert (answer["registered"], answer["failed"]) == (1, 3)
    assert house.owner.get("/plugins/batch-out").status_code == 404


def test_the_settings_of_a_token_s_plugin_are_not_shown_to_another_one(house: TokenApp, frontend: Frontend):
    other, own = house.client("configure", "admin"), house.client("configure")
    for (method, rule), needed in rules_of(house.app).items():
        if not needed.of_settings or "plugin_id" not in rule:
            continue
        path = path_of(rule, frontend.plugin_id, 1, house.notebook)
        answer = ask(other, method, path)
        assert (answer.status_code, answer.json["code"]) == (403, "declared_by_another"), (method, path)
    for path in ("/workspaces/1/plugins", f"/notebooks/{house.notebook}/plugins"):
        shown = {row["plugin_id"] for row in own.get(path).json}
        assert frontend.plugin_id not in shown and "mine" in shown
        assert frontend.plugin_id in {row["plugin_id"] for row in frontend.client.get(path).json}
    assert frontend.client.get(f"/integrations/{frontend.plugin_id}/config").status_code == 200
    assert own.get("/integrations/mine/config").status_code == 200
    assert house.owner.get(f"/integrations/{frontend.plugin_id}/config").status_code == 200


def test_the_owner_changes_all_and_hands_a_plugin_over(house: TokenApp, frontend: Frontend):
    name, heir = frontend.plugin_id, house.issue("declare", name="Heir")
    client = Client(house.app, heir["token"])
    assert house.owner.post("/plugins/register", declaration(name, "1.1.0")).json["status"] == "updated"
    handed = house.owner.patch(f"/plugins/{name}", {"declared_by": heir["id"]}).json
    assert handed["declared_by"] == {"id": heir["id"], "name": "Heir"}
    assert client.post("/plugins/register", declaration(name, "1.2.0")).status_code == 200
    assert frontend.client.post("/plugins/register", declaration(name, "1.3.0")).status_code == 403
    assert client.patch(f"/plugins/{name}", {"declared_by": None}).status_code == 403
    assert "declared_by" in house.owner.patch(f"/plugins/{name}", {"declared_by": 99_999}).json["errors"]
    house.owner.delete(f"/tokens/{heir['id']}")
    assert house.owner.get(f"/plugins/{name}").json["declared_by"] is None
    again = house.issue("declare")
    assert again["id"] > heir["id"]
    assert Client(house.app, again["token"]).delete(f"/plugins/{name}").status_code == 403


def test_an_older_version_replaces_none_unasked(house: TokenApp):
    register = house.owner.post
    assert register("/plugins/register", declaration("aged", "1.10.0")).status_code == 201
    older = declaration("aged", "1.9.0")
    answer = register("/plugins/register", older)
    assert (answer.status_code, answer.json["code"]) == (409, "older_version")
    assert "version" in answer.json["errors"]
    batch = register("/plugins/register-batch", {"plugins": [older, declaration("aged-too")]}).json
    assert codes(batch["results"]) == [(None, "older_version"), ("registered", None)]
    assert house.owner.get("/plugins/aged").json["version"] == "1.10.0"
    assert register("/plugins/register?downgrade=true", older).json["status"] == "updated"
    assert register("/plugins/register?downgrade=maybe", older).status_code == 422


@pytest.mark.parametrize(
    ("version", "stored", "older"),
    [
        ("1.9.0", "1.10.0", True),
        ("1.0.0-rc.1", "1.0.0", True),
        ("1.0.0-rc.2", "1.0.0-rc.10", True),
        ("1.0.0", "1.0.0", False),
        ("1.0.0+b", "1.0.0+a", False),
        ("2.0.0", "1.99.99", False),
        ("1.0.0", "yesterday", False),
    ],
)
def test_versions_are_compared_as_semver_says(version: str, stored: str, older: bool):
    assert is_older(version, stored) is older
