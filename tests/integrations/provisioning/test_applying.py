"""What files set is in the store afterwards, once, and is the files' own."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.provisioning.faults import ProvisioningFailed
from tests.conftest import Client
from tests.integrations.provisioning.setups import BOARD, WEATHER, Ground, home

KEY = "k-3v9Qs7w1Zp5"

WHOLE: dict[str, Any] = {
    "plugins": [WEATHER, BOARD],
    "workspaces": [
        {
            "name": "Home",
            "time_zone": "Europe/Oslo",
            "plugins": {
                "weather": {
                    "enabled": True,
                    "config": {"units": "imperial"},
                    "secrets": {"api_key": {"env": "WEATHER_KEY"}},
                }
            },
            "pins": [{"integration_id": "weather", "block_type": "current", "parameters": {"city": "Oslo"}}],
            "notebooks": [
                {"name": "Desk", "plugins": {"weather": {"config": {"days": 3}}, "board": {"enabled": False}}}
            ],
        },
        {"name": "Office"},
    ],
}


@pytest.fixture
def whole(ground: Ground) -> Ground:
    ground.environ["WEATHER_KEY"] = f"{KEY}\n"
    ground.apply(WHOLE)
    return ground


def test_everything_that_files_set_is_there(whole: Ground, client: Client):
    workspaces = client.get("/workspaces").json
    # The workspace and the notebook of the first start are the first of the files: none is left over.
    assert [(item["id"], item["name"], item["time_zone"]) for item in workspaces] == [
        (1, "Home", "Europe/Oslo"),
        (2, "Office", None),
    ]
    assert [item["name"] for item in client.get("/workspaces/1/notebooks").json] == ["Desk"]
    assert [item["id"] for item in client.get("/plugins").json] == ["board", "weather"]
    state = client.get("/workspaces/1/plugins/weather").json
    assert (state["enabled"], state["config"], state["secrets"]["api_key"]["status"]) == (
        True,
        {"units": "imperial"},
        "ok",
    )
    assert client.get("/notebooks/1/plugins/weather").json["effective"]["config"]["days"] == 3
    assert client.get("/notebooks/1/plugins/board").json["enabled"] is False
    assert whole.services.store.vault.open_secret(1, "weather", "api_key").value == KEY
    (job,) = client.get("/prefetch").json
    assert (job["reasons"], job["parameters"], job["state"]) == (["pinned"], {"city": "Oslo"}, "scheduled")


@pytest.mark.sqlite
def test_applying_again_changes_and_writes_nothing(whole: Ground):
    commits = whole.services.database.commits()
    plan = whole.provisioner.apply(whole.folder)
    assert plan.is_empty
    assert whole.services.database.commits() == commits


def test_a_running_server_notices_at_once(ground: Ground, client: Client):
    assert client.get("/integrations").json == []
    before = ground.services.database.revision()
    ground.apply(home())
    assert ground.services.database.revision() > before
    assert [item["id"] for item in client.get("/integrations").json] == ["weather"]


def test_a_plan_writes_nothing(ground: Ground, client: Client):
    ground.write(home())
    revision = ground.services.database.revision()
    plan = ground.provisioner.plan(ground.folder)
    assert [str(change) for change in plan.changes] == [
        "~ workspace Default → Home",
        "+ plugin board",
        "+ plugin weather",
        "- workspace Default, notebook Notebook",
    ]
    assert ground.services.database.revision() == revision
    assert client.get("/plugins").json == []


def test_a_diff_shows_values_and_of_secrets_only_that_they_change(whole: Ground):
    changed = {**WHOLE, "workspaces": [{**WHOLE["workspaces"][0]}, WHOLE["workspaces"][1]]}
    changed["workspaces"][0]["plugins"] = {
        "weather": {
            "enabled": True,
            "config": {"units": "metric", "days": 9},
            "secrets": {"api_key": {"env": "OTHER_KEY"}},
        }
    }
    whole.environ["OTHER_KEY"] = "another-key-entirely"
    assert whole.lines(changed) == [
        "+ workspace Home, weather: config.days: 9",
        '~ workspace Home, weather: config.units: "imperial" → "metric"',
        "~ workspace Home, weather: secrets.api_key: changed",
    ]
    assert whole.services.store.vault.open_secret(1, "weather", "api_key").value == "another-key-entirely"


def test_a_renamed_variable_with_the_same_secret_writes_no_secret(whole: Ground):
    before = whole.services.store.vault.open_secret(1, "weather", "api_key").revision
    whole.environ["SAME"] = KEY
    text = (whole.folder / "setup.yaml").read_text().replace("WEATHER_KEY", "SAME")
    assert whole.lines(text) == []
    assert whole.services.store.vault.open_secret(1, "weather", "api_key").revision == before


def test_what_vanishes_is_removed_or_released(whole: Ground, client: Client):
    lines = whole.lines({"plugins": [WEATHER], "workspaces": [{"name": "Home"}]})
    assert lines == [
        "= plugin board: no file sets this any more",
        "= workspace Office: no file sets this any more",
        "- workspace Home: time_zone",
        "= workspace Home, notebook Desk: no file sets this any more",
        "- workspace Home, weather: enabled",
        "- workspace Home, notebook Desk, board: enabled",
        "- workspace Home, weather: config.units",
        "- workspace Home, notebook Desk, weather: config.days",
        "- workspace Home, weather: secrets.api_key",
        '- workspace Home, weather: pin current {"city": "Oslo"}',
    ]
    assert client.get("/workspaces/1").json["time_zone"] is None
    assert client.get("/workspaces/1/plugins/weather").json["secrets"]["api_key"]["set"] is False
    assert client.get("/prefetch").json == []
    # What would take data with it stays, and is the user's own again.
    assert client.delete("/plugins/board").status_code == 204
    assert client.delete("/workspaces/2").status_code == 204
    assert client.delete("/workspaces/1").status_code == 409


def test_released_things_stay_as_they_are(whole: Ground, client: Client):
    assert whole.provisioner.release() > 5
    state = client.get("/workspaces/1/plugins/weather").json
    assert (state["config"], state["managed_by"]) == ({"units": "imperial"}, {})
    assert client.put("/workspaces/1/plugins/weather", {"config": {"units": "metric"}}).status_code == 200


def test_several_files_set_up_one_workspace(ground: Ground, client: Client):
    ground.write({"plugins": [WEATHER], "workspaces": [{"name": "Home"}]}, "10-plugins.yaml")
    ground.write(
        '{"workspaces": [{"name": "Home", "plugins": {"weather": {"config": {"days": 2}}}}]}', "20-home.json"
    )
    ground.apply()
    assert client.get("/workspaces/1/plugins/weather").json["managed_by"] == {"config.days": "20-home.json"}
    assert client.get("/workspaces/1").json["managed_by"] == "10-plugins.yaml"


def test_a_plugin_may_stand_in_a_file_of_its_own(ground: Ground, client: Client):
    (ground.folder / "plugins").mkdir(parents=True)
    ground.write(WEATHER, "plugins/weather.yaml")
    ground.apply({"plugins": [{"file": "plugins/weather.yaml"}]})
    assert client.get("/plugins/weather").json["managed_by"] == "setup.yaml"


def test_a_second_server_workspace_keeps_what_people_made(ground: Ground, client: Client):
    client.post("/workspaces", {"name": "Mine"})
    ground.apply(home())
    assert [item["name"] for item in client.get("/workspaces").json] == ["Default", "Mine", "Home"]
    assert [item["managed_by"] for item in client.get("/workspaces").json] == [None, None, "setup.yaml"]


def test_a_fault_in_the_middle_leaves_nothing_half_applied(ground: Ground, client: Client, monkeypatch: Any):
    ground.environ["WEATHER_KEY"] = KEY
    ground.write(WHOLE)
    configs = ground.services.store.configs
    monkeypatch.setattr(
        type(configs), "write", lambda *_args, **_more: (_ for _ in ()).throw(RuntimeError("power cut"))
    )
    with pytest.raises(RuntimeError):
        ground.provisioner.apply(ground.folder)
    assert client.get("/plugins").json == []
    assert [item["name"] for item in client.get("/workspaces").json] == ["Default"]


def test_a_pin_that_cannot_be_rendered_yet_waits(ground: Ground, client: Client):
    ground.apply(home(pins=[{"integration_id": "weather", "block_type": "current"}]))
    (job,) = client.get("/prefetch").json
    assert (job["state"], job["waits_for"], job["managed_by"]) == (
        "waiting",
        "settings_incomplete",
        "setup.yaml",
    )


def test_a_pin_of_inputs_that_are_used_already_is_one_job(whole: Ground, client: Client):
    whole.provisioner.release()
    (job,) = client.get("/prefetch").json
    assert whole.lines() == []
    assert [item["id"] for item in client.get("/prefetch").json] == [job["id"]]


def test_a_new_value_does_not_accept_a_review(ground: Ground, client: Client):
    ground.environ["K"] = KEY
    client.post("/plugins/register", WEATHER)
    setup = {"workspaces": [{"name": "Home", "plugins": {"weather": {"secrets": {"api_key": {"env": "K"}}}}}]}
    ground.apply(setup)
    workspace = {"workspace_id": client.get("/workspaces").json[-1]["id"]}
    elsewhere = {**WEATHER["manifest"], "integration": {**WEATHER["manifest"]["integration"]}}
    elsewhere["integration"]["base_url"] = "https://evil.example.net"
    assert client.post("/plugins/register", {**WEATHER, "manifest": elsewhere}).status_code == 200
    assert ground.lines() == []
    ground.environ["K"] = "the-rotated-key"
    assert ground.lines() == ["~ workspace Home, weather: secrets.api_key: changed"]
    secret = client.get("/integrations/weather/secrets/api_key", query_string=workspace).json
    assert secret["status"] == "locked"


def test_settings_need_a_plugin(ground: Ground):
    with pytest.raises(ProvisioningFailed, match="There is no plugin weather"):
        ground.apply({"workspaces": [{"name": "Home", "plugins": {"weather": {"enabled": True}}}]})
