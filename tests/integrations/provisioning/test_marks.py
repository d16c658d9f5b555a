"""What files own is marked in the API, and refused there with the file's name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Client
from tests.integrations.provisioning.setups import WEATHER, Ground

SETUP: dict[str, Any] = {
    "plugins": [WEATHER],
    "workspaces": [
        {
            "name": "Home",
            "time_zone": None,
            "plugins": {
                "weather": {
                    "enabled": True,
                    "config": {"units": "imperial"},
                    "secrets": {"api_key": {"env": "KEY"}},
                }
            },
            "notebooks": [{"name": "Desk", "plugins": {"weather": {"config": {"days": 3}}}}],
            "pins": [{"integration_id": "weather", "block_type": "current"}],
        },
        {"name": "Office"},
    ],
}


@pytest.fixture
def owned(ground: Ground, client: Client) -> Client:
    ground.environ["KEY"] = "k-3v9Qs7w1Zp5"
    ground.write({"workspaces": []}, "empty.yaml")
    ground.write(SETUP, "home.yaml")
    ground.apply()
    return client


def refused(answer: Any) -> str:
    """The file that a refusal names."""
    assert (answer.status_code, answer.json["code"]) == (409, "provisioned"), answer.json
    assert answer.json["managed_by"] in answer.json["detail"]
    return answer.json["managed_by"]


def test_marks_name_the_file(owned: Client):
    paths = ("/plugins/weather", "/workspaces/1", "/notebooks/1")
    assert [owned.get(path).json["managed_by"] for path in paths] == ["home.yaml"] * 3
    lists = ("/plugins", "/workspaces", "/workspaces/1/notebooks", "/prefetch")
    assert [owned.get(path).json[0]["managed_by"] for path in lists] == ["home.yaml"] * 4
    marks = {"enabled": "home.yaml", "config.units": "home.yaml", "secrets.api_key": "home.yaml"}
    assert owned.get("/workspaces/1/plugins/weather").json["managed_by"] == marks
    assert owned.get("/workspaces/1/plugins").json[0]["managed_by"] == marks
    assert owned.get("/integrations/weather/config").json["managed_by"] == marks
    of_notebook = {"config.days": "home.yaml", "secrets.api_key": "home.yaml"}
    assert owned.get("/notebooks/1/plugins/weather").json["managed_by"] == of_notebook


REFUSED: list[tuple[str, str, Any]] = [
    ("POST", "/plugins/register", {**WEATHER, "version": "1.0.1"}),
    ("DELETE", "/plugins/weather", None),
    ("PATCH", "/workspaces/1", {"name": "Elsewhere"}),
    ("PATCH", "/workspaces/1", {"time_zone": "Europe/Oslo"}),
    ("DELETE", "/workspaces/1", None),
    ("PATCH", "/notebooks/1", {"name": "Elsewhere"}),
    ("DELETE", "/notebooks/1", None),
    ("PUT", "/integrations/weather/enable", {"enabled": False}),
    ("PUT", "/integrations/weather/config", {"config": {"units": "metric"}}),
    ("PUT", "/integrations/weather/config", {"config": {"units": "imperial", "api_key": None}}),
    ("PUT", "/integrations/weather/secrets/api_key", {"value": "another-secret"}),
    ("DELETE", "/integrations/weather/secrets/api_key", None),
    ("PUT", "/workspaces/1/plugins/weather", {"enabled": None}),
    ("PUT", "/workspaces/1/plugins/weather", {"config": {}}),
    ("DELETE", "/workspaces/1/plugins/weather", None),
    ("PUT", "/notebooks/1/plugins/weather", {"config": {"days": 4}}),
    ("DELETE", "/notebooks/1/plugins/weather", None),
    ("DELETE", "/prefetch/1", None),
]


def test_what_a_file_sets_is_refused(owned: Client):
    for method, path, body in REFUSED:
        assert refused(owned._send(method, path, body, {})) == "home.yaml", path


def test_a_refused_plugin_does_not_block_the_others_of_its_batch(owned: Client):
    other = {**WEATHER, "id": "other"}
    answer = owned.post("/plugins/register-batch", {"plugins": [{**WEATHER, "name": "Mine"}, other]}).json
    assert (answer["registered"], answer["failed"]) == (1, 1)
    assert answer["results"][0]["errors"] == {"id": ["The file home.yaml declares weather: change it there."]}
    assert owned.get("/plugins/weather").json["name"] == "Weather"


ALLOWED: list[tuple[str, str, Any, int]] = [
    ("POST", "/plugins/register", WEATHER, 200),
    ("PATCH", "/workspaces/1", {"name": "Home"}, 200),
    ("PATCH", "/workspaces/2", {"time_zone": "Europe/Oslo"}, 200),
    ("PUT", "/integrations/weather/config", {"config": {"units": "imperial", "days": 7}}, 200),
    ("PUT", "/workspaces/1/plugins/weather", {"config": {"units": "imperial", "days": 7}}, 200),
    ("PUT", "/notebooks/1/plugins/weather", {"config": {"days": 3, "units": "metric"}}, 200),
    ("PUT", "/notebooks/1/plugins/weather", {"enabled": False}, 200),
    ("PATCH", "/prefetch/1", {"paused": True}, 200),
    ("POST", "/workspaces/1/notebooks", {"name": "Mine"}, 201),
]


def test_what_no_file_sets_is_the_users(owned: Client):
    for method, path, body, status in ALLOWED:
        answer = owned._send(method, path, body, {})
        assert answer.status_code == status, answer.json


def test_what_was_read_may_be_sent_back(owned: Client):
    for path in (
        "/integrations/weather/config",
        "/workspaces/1/plugins/weather",
        "/notebooks/1/plugins/weather",
    ):
        assert owned.put(path, owned.get(path).json).status_code == 200


def test_what_a_person_adds_survives_the_next_start(owned: Client, ground: Ground):
    owned.put("/workspaces/1/plugins/weather", {"config": {"units": "imperial", "days": 7}})
    assert ground.lines() == []
    assert owned.get("/workspaces/1/plugins/weather").json["config"] == {"units": "imperial", "days": 7}
