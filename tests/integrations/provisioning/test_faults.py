"""Faults are told with file, line and field, all at once, and nothing is applied."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.provisioning.faults import ProvisioningFailed
from tests.conftest import Client
from tests.integrations.provisioning.setups import WEATHER, Ground

HOME = """\
workspaces:
  - name: Home
    plugins:
      weather:
        enabled: true
        config:
          units: kelvin
          api_key: literal-secret-value
          wind: 3
        secrets:
          api_key: literal-secret-value
          units: {env: UNITS}
"""


def faults(ground: Ground, *contents: tuple[str, Any]) -> list[str]:
    for name, content in contents:
        ground.write(content, name)
    with pytest.raises(ProvisioningFailed) as failed:
        ground.provisioner.apply(ground.folder)
    return str(failed.value.format_message()).splitlines()


def test_the_form_is_checked_first(ground: Ground, client: Client):
    ground.environ["UNITS"] = "metric"
    assert faults(ground, ("plugins.yaml", {"plugins": [WEATHER]}), ("home.yaml", HOME)) == [
        "home.yaml:11:11: workspaces[0].plugins.weather.secrets.api_key: A secret is not written in a file. Name where "
        "it is: {env: NAME}, {file: path} or {command: [program, argument]}.",
    ]
    assert client.get("/plugins").json == []


def test_values_are_checked_against_the_manifest(ground: Ground, client: Client):
    ground.environ["UNITS"] = "metric"
    text = HOME.replace("          api_key: literal-secret-value\n          units:", "          units:")
    assert faults(ground, ("plugins.yaml", {"plugins": [WEATHER]}), ("home.yaml", text)) == [
        'home.yaml:7:11: workspaces[0].plugins.weather.config.units: Must be one of: "metric", "imperial".',
        "home.yaml:8:11: workspaces[0].plugins.weather.config.api_key: A secret is not written in a file. Name where "
        "it is: {env: NAME}, {file: path} or {command: [program, argument]}. It stands under `secrets`.",
        "home.yaml:9:11: workspaces[0].plugins.weather.config.wind: The plugin has no such setting.",
        "home.yaml:11:11: workspaces[0].plugins.weather.secrets.units: This setting is not a secret. Set it in "
        "`config`.",
    ]
    assert client.get("/plugins").json == []


FAULTS = [
    ("a.yaml", "workspaces: [", "a.yaml:2:1: Not YAML:"),
    ("a.json", "{", "a.json:1:2: Not JSON:"),
    ("a.yaml", "- 1", "a.yaml:1:1: A file contains `plugins` and `workspaces`."),
    ("a.yaml", "workspace: []", "a.yaml:1:1: workspace: Unknown field."),
    ("a.yaml", "workspaces:\n  - time_zone: Mars", "a.yaml:2:5: workspaces[0].name: Missing data"),
    ("a.yaml", "workspaces:\n  - name: A\n    time_zone: Mars", "a.yaml:3:5: workspaces[0].time_zone:"),
    (
        "a.yaml",
        "workspaces:\n  - name: A\n    plugins:\n      W!: {}",
        "a.yaml:4:7: workspaces[0].plugins.W!:",
    ),
    ("a.yaml", "plugins:\n  - file: none.yaml", "none.yaml:1:1: This file cannot be read."),
    ("a.yaml", "plugins:\n  - file: /dev/zero", "/dev/zero:1:1: This file is not a regular file."),
    ("a.yaml", "plugins:\n  - {file: a, id: b}", "a.yaml:2:5: plugins[0]: A plugin is either"),
    ("a.yaml", "plugins:\n  - id: x\n    name: X", "a.yaml:2:5: plugins[0].manifest: Missing data"),
    ("a.yaml", "plugins:\n  - 1", "a.yaml:2:5: plugins[0]: Not a valid mapping type."),
    (
        "a.yaml",
        "workspaces:\n  - name: A\n    time_zone: Europe/Oslo\n  - name: A\n    time_zone: UTC",
        "a.yaml:5:5: workspaces[1].time_zone: Set in a.yaml line 3 already.",
    ),
    (
        "a.yaml",
        "workspaces:\n  - name: A\n    pins:\n      - {integration_id: w, block_type: b, parameters: {x: 1e999}}",
        "a.yaml:4:",
    ),
]


def test_each_fault_has_its_place(ground: Ground):
    for name, content, told in FAULTS:
        assert faults(ground, (name, content))[0].startswith(told), content
        (ground.folder / name).unlink()


def test_a_fault_of_a_manifest_is_told_in_its_own_file(ground: Ground):
    (ground.folder / "plugins").mkdir(parents=True)
    broken = {**WEATHER, "manifest": {**WEATHER["manifest"], "blocks": [{"id": "b", "endpoint": "gone"}]}}
    ground.write(broken, "plugins/weather.yaml")
    told = faults(ground, ("setup.yaml", "plugins: [{file: plugins/weather.yaml}]"))
    assert told[0].startswith("plugins/weather.yaml:")
    assert "manifest.blocks[0].endpoint: " in told[0]


def test_names_that_files_cannot_tell_apart_are_refused(ground: Ground, client: Client):
    client.post("/workspaces", {"name": "Default"})
    assert "There are several of this name" in faults(ground, ("a.yaml", "workspaces: [{name: Default}]"))[0]


def test_a_folder_without_files_is_not_an_empty_set_up(ground: Ground):
    """It may not be mounted: whatever was applied from it must not be removed for that."""
    ground.folder.mkdir()
    ground.write("not read", ".hidden.yaml")
    ground.write("not read", "README.md")
    assert "There is no .yaml, .yml or .json file" in faults(ground)[0]
    (ground.folder / "README.md").rename(ground.folder.parent / "elsewhere")


def test_a_missing_folder_is_told(ground: Ground):
    assert faults(ground) == [f"{ground.folder}:1:1: This folder cannot be read."]


def test_a_pin_needs_a_block_and_small_inputs(ground: Ground):
    pins = [
        {"integration_id": "weather", "block_type": "gone"},
        {"integration_id": "weather", "block_type": "current", "parameters": {"city": "x" * 20_000}},
    ]
    told = faults(ground, ("a.yaml", {"plugins": [WEATHER], "workspaces": [{"name": "A", "pins": pins}]}))
    assert "The plugin has no block gone." in told[0]
    assert "At most 16384 bytes" in told[1]
