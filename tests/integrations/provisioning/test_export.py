"""An export, applied to an empty server, gives the same state."""

from __future__ import annotations

import string
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from flask import Flask
from hypothesis import given, settings

from errors import Conflict, NotFound
from integrations.provisioning.export import Selection, export_setup, variable_names
from integrations.provisioning.places import Place
from integrations.provisioning.setup_files import SCHEMA
from plugin_store.ownership import Provisioned
from settings import SETTINGS, Settings
from tests.conftest import Client, open_apps, settings_for
from tests.integrations.provisioning.setups import BOARD, WEATHER, Ground

NAMES = st.text(alphabet=string.printable + "æ中 \x85", min_size=1, max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
WEATHER_CONFIG = st.fixed_dictionaries(
    {}, optional={"units": st.sampled_from(["metric", "imperial"]), "days": st.integers(1, 16)}
)
BOARD_CONFIG = st.fixed_dictionaries({}, optional={"blocks": st.lists(VALUES, max_size=3)})
PINS = st.lists(
    st.fixed_dictionaries({"integration_id": st.just("weather"), "block_type": st.just("current"), "parameters": st.dictionaries(st.just("city"), NAMES)}),
    max_size=2,
    unique_by=lambda pin: pin["parameters"].get("city"),
)  # fmt: skip


def _settings_of(secrets: bool) -> st.SearchStrategy[Any]:
    enabled = {"enabled": st.booleans()}
    weather = {**enabled, "config": WEATHER_CONFIG}
    if secrets:
        secret = st.fixed_dictionaries({"env": st.sampled_from(["ONE", "OTHER"])})
        weather["secrets"] = st.fixed_dictionaries({}, optional={"api_key": secret})
    board = {**enabled, "config": BOARD_CONFIG}
    plugins = {
        "weather": st.fixed_dictionaries({}, optional=weather),
        "board": st.fixed_dictionaries({}, optional=board),
    }
    return st.fixed_dictionaries({}, optional=plugins)


NOTEBOOKS = st.lists(
    st.fixed_dictionaries({"name": NAMES, "plugins": _settings_of(False)}),
    max_size=3,
    unique_by=lambda item: item["name"],
)
WORKSPACES = st.lists(
    st.fixed_dictionaries(
        {"name": NAMES, "plugins": _settings_of(True), "notebooks": NOTEBOOKS, "pins": PINS},
        optional={"time_zone": st.sampled_from([None, "Europe/Oslo", "UTC"])},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda item: item["name"],
)  # fmt: skip


@settings(max_examples=5)
@given(workspaces=WORKSPACES, secret=st.text(alphabet=string.ascii_letters, min_size=8, max_size=20))
def test_export_and_apply_gives_the_same_state(workspaces: Any, secret: str):
    with open_apps() as make, tempfile.TemporaryDirectory() as place:
        environ = {"ONE": secret, "OTHER": f"{secret}-other"}
        one = Ground(make(settings_for(Path(place, "one"))), Path(place, "files"), environ)
        one.apply({"plugins": [WEATHER, BOARD], "workspaces": workspaces})
        exported = one.exported()
        secrets = _secrets(one)
        other = Ground(
            make(settings_for(Path(place, "other"))), Path(place, "exported"), _environ(exported, secrets)
        )
        other.apply(exported)
        assert other.exported() == exported
        assert _secrets(other) == secrets
        assert _answers(other) == _answers(one)
        assert other.provisioner.apply(other.folder).is_empty


def _environ(exported: dict[str, Any], secrets: dict[Any, str]) -> dict[str, str]:
    """What a person would enter for the variables that an export names."""
    return {
        reference["env"]: secrets[workspace["name"], plugin_id, key]
        for workspace in exported.get("workspaces", ())
        for plugin_id, own in workspace.get("plugins", {}).items()
        for key, reference in own.get("secrets", {}).items()
    }


def _secrets(ground: Ground) -> dict[Any, str]:
    client, vault = Client(ground.app), ground.services.store.vault
    return {
        (workspace["name"], plugin["plugin_id"], key): vault.open_secret(
            workspace["id"], plugin["plugin_id"], key
        ).value
        for workspace in client.get("/workspaces").json
        for plugin in client.get(f"/workspaces/{workspace['id']}/plugins").json
        for key, state in plugin["secrets"].items()
        if state["set"]
    }


def _answers(ground: Ground) -> list[Any]:
    """What the API says of the whole set-up, without times and marks."""
    client = Client(ground.app)
    told: list[Any] = [
        client.get(f"/plugins/{item['id']}").json["manifest"] for item in client.get("/plugins").json
    ]
    for workspace in client.get("/workspaces").json:
        notebooks = client.get(f"/workspaces/{workspace['id']}/notebooks").json
        scopes = [f"/workspaces/{workspace['id']}", *(f"/notebooks/{item['id']}" for item in notebooks)]
        states = [_plain(item) for scope in scopes for item in client.get(f"{scope}/plugins").json]
        told += [workspace["name"], workspace["time_zone"], [item["name"] for item in notebooks], states]
    return told


def _plain(state: dict[str, Any]) -> dict[str, Any]:
    return {word: state[word] for word in ("plugin_id", "enabled", "config", "effective")}


def test_what_people_set_by_the_api_is_exported(ground: Ground, client: Client):
    client.post("/plugins/register", WEATHER)
    client.put("/integrations/weather/secrets/api_key", {"value": "k-3v9Qs7w1Zp5"})
    client.put("/integrations/weather/config", {"config": {"days": 4}})
    client.post(
        "/prefetch", {"integration_id": "weather", "block_type": "current", "parameters": {"city": "Oslo"}}
    )
    exported = ground.exported()
    assert SCHEMA.validate(exported) == {}
    assert exported == {
        "plugins": [WEATHER],
        "workspaces": [
            {
                "name": "Default",
                "notebooks": [{"name": "Notebook"}],
                "plugins": {
                    "weather": {
                        "config": {"days": 4},
                        "secrets": {"api_key": {"env": "PATCHBAY_SECRET_WEATHER_API_KEY"}},
                    }
                },
                "pins": [
                    {"integration_id": "weather", "block_type": "current", "parameters": {"city": "Oslo"}}
                ],
            }
        ],
    }
    ground.environ["PATCHBAY_SECRET_WEATHER_API_KEY"] = "k-3v9Qs7w1Zp5"
    plan = ground.apply(exported)
    assert (plan.changes, plan.owners_change) == ((), True)


def test_one_workspace_and_one_plugin_are_exported_alone(ground: Ground, client: Client):
    client.post("/plugins/register-batch", {"plugins": [WEATHER, BOARD]})
    client.post("/workspaces", {"name": "Office"})
    client.put("/workspaces/2/plugins/board", {"enabled": False})
    database = ground.services.database
    assert [item["name"] for item in export_setup(database, Selection(workspace_id=1))["workspaces"]] == [
        "Default"
    ]
    board = export_setup(database, Selection(plugin_id="board"))
    assert board == {
        "plugins": [BOARD],
        "workspaces": [{"name": "Office", "plugins": {"board": {"enabled": False}}}],
    }
    for unknown in (Selection(workspace_id=9), Selection(plugin_id="none")):
        with pytest.raises(NotFound):
            export_setup(database, unknown)


def test_values_without_effect_and_tokens_are_left_out(ground: Ground, client: Client):
    client.post("/plugins/register", WEATHER)
    client.put("/integrations/weather/config", {"config": {"days": 14}})
    changed = {**WEATHER["manifest"], "properties": [*WEATHER["manifest"]["properties"][:2]]}
    client.post(
        "/plugins/register",
        {**WEATHER, "manifest": {**changed, "integration": {"base_url": "https://a.example.com"}}},
    )
    with ground.services.database.writing() as session:
        ground.services.store.vault.seal_secret(session, 1, "weather", "oauth2:grant", "token", bound_to=())
    exported = ground.exported()
    assert exported["workspaces"] == [{"name": "Default", "notebooks": [{"name": "Notebook"}]}]


def test_workspaces_of_one_name_cannot_be_exported(ground: Ground, client: Client):
    client.post("/workspaces", {"name": "Default"})
    with pytest.raises(Conflict, match="rename them"):
        ground.exported()


def test_every_secret_has_a_variable_of_its_own():
    places = [
        Place("secret", "Home", None, plugin, name)
        for plugin, name in (("a-b", "c"), ("a", "b_c"), ("a", "b-c"), ("key", "file"), ("x", "apiKey"))
    ]
    places += [places[0]._replace(workspace="Office"), Place("secret", "Home", None, "key", "")]
    names = list(variable_names(places).values())
    assert names[:5] == [
        "PATCHBAY_SECRET_A_B_C",
        "PATCHBAY_SECRET_A_B_C_2",
        "PATCHBAY_SECRET_A_B_C_3",
        "PATCHBAY_SECRET_KEY_FILE_2",
        "PATCHBAY_SECRET_X_APIKEY",
    ]
    assert len(set(names)) == len(names)
    assert not set(names) & {setting.variable for setting in SETTINGS}


def test_ownership_goes_with_what_is_owned(ground: Ground, make_app: Callable[[Settings], Flask]):
    ground.apply({"plugins": [WEATHER], "workspaces": [{"name": "Home"}, {"name": "Office"}]})
    with ground.services.database.writing() as session:
        session.query(Provisioned).filter_by(kind="workspace").delete()
    client = Client(ground.app)
    assert client.delete("/workspaces/2").status_code == 204
    # The files bring back what is missing.
    assert ground.lines() == ["+ workspace Office"]
