"""Settings: inheritance, writes that change nothing, and secrets that come along with values."""

from __future__ import annotations

from typing import Any

import pytest

from errors import Invalid, NotFound
from plugin_store.settings.configs import Configs
from plugin_store.settings.plugin_state import iterate_plugin_states, load_plugin_state
from tests.plugin_store.conftest import NOTEBOOK, WORKSPACE, Store
from tests.plugin_store.manifests import WEATHER_PROPERTIES, destination, view, weather

SECRET = "k-3v9Qs7w1Zp5"
ROWS = (
    "SELECT 'w', workspace_id, plugin_id, CAST(enabled AS TEXT), config, updated_at FROM plugin_configs"
    " UNION ALL SELECT 'n', notebook_id, plugin_id, CAST(enabled AS TEXT), config, updated_at"
    " FROM notebook_plugin_configs"
    " UNION ALL SELECT 's', workspace_id, key, ciphertext, revision, updated_at FROM plugin_secrets"
    " ORDER BY 1, 2, 3"
)


@pytest.fixture
def configs(store: Store) -> Configs:
    store.registry.register(weather())
    return store.configs


def properties(**changes: dict[str, Any] | None) -> dict[str, Any]:
    """The weather plugin with some of its properties declared anew, or gone."""
    declared = {entry["name"]: entry for entry in WEATHER_PROPERTIES} | changes
    manifest = weather()["manifest"] | {"properties": [entry for entry in declared.values() if entry]}
    return weather(manifest=manifest, version="2.0.0")


@pytest.mark.parametrize("scope", [WORKSPACE, NOTEBOOK])
@pytest.mark.parametrize(
    ("workspace", "notebook"),
    [
        ({}, {}),
        ({"city": "Oslo"}, {}),
        ({"units": "imperial", "days": 5}, {"days": 7}),
        ({"units": "metric"}, {"units": "metric"}),
        ({"city": "Oslo"}, {"city": "Oslo", "host": "a.example"}),
    ],
)
def test_sending_back_what_was_read_writes_nothing(
    store: Store, configs: Configs, scope: Any, workspace: dict[str, Any], notebook: dict[str, Any]
) -> None:
    configs.change_state("weather", WORKSPACE, {"config": workspace})
    configs.change_state("weather", NOTEBOOK, {"config": notebook})
    configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
    rows, revision = store.rows(ROWS), store.database.revision()
    store.clock.now += 60
    read = configs.get_config("weather", scope)
    assert configs.replace_config("weather", scope, read.config) == read
    assert configs.replace_config("weather", scope, dict(reversed(read.config.items()))) == read
    assert (store.rows(ROWS), store.database.revision()) == (rows, revision)


@pytest.mark.parametrize(
    ("submitted", "kept"),
    [
        ({"days": 5.0, "units": "metric"}, []),
        ({"days": 9.0}, ['{"days":9}']),
        ({"units": "imperial"}, ['{"units":"imperial"}']),
        ({}, []),
    ],
)
def test_only_what_differs_from_what_is_inherited_is_kept(
    store: Store, configs: Configs, submitted: dict[str, Any], kept: list[str]
) -> None:
    configs.replace_config("weather", WORKSPACE, submitted)
    assert [row[0] for row in store.rows("SELECT config FROM plugin_configs")] == kept


def test_a_value_that_only_python_takes_for_the_inherited_one_is_kept(store: Store, configs: Configs) -> None:
    store.registry.register(properties(flags={"name": "flags", "type": "array", "default": [1, 0]}))
    read = configs.replace_config("weather", WORKSPACE, {"flags": [True, False]})
    assert str(read.config["flags"]) == "[True, False]"
    assert (
        str(configs.replace_config("weather", WORKSPACE, {"flags": [1, 0.0]}).config["flags"]) == "[1, 0.0]"
    )


def test_a_put_replaces_values_as_a_whole(configs: Configs) -> None:
    configs.replace_config("weather", WORKSPACE, {"city": "Oslo", "days": 9})
    assert configs.replace_config("weather", WORKSPACE, {"days": 9}).config == {"units": "metric", "days": 9}
    assert configs.replace_config("weather", WORKSPACE, {}).config == {"units": "metric", "days": 5}


def test_a_notebook_overrides_and_returns_to_its_workspace(configs: Configs) -> None:
    configs.replace_config("weather", WORKSPACE, {"city": "Oslo"})
    configs.replace_config("weather", NOTEBOOK, {"city": "Rome", "units": "metric", "days": 5})
    assert configs.get_config("weather", WORKSPACE).config["city"] == "Oslo"
    configs.replace_config("weather", WORKSPACE, {"city": "Bergen", "units": "imperial"})
    assert configs.get_config("weather", NOTEBOOK).config == {"city": "Rome", "units": "imperial", "days": 5}
    configs.reset_state("weather", NOTEBOOK)
    assert configs.get_config("weather", NOTEBOOK).config["city"] == "Bergen"


def test_a_scope_may_pin_the_value_that_it_inherits(configs: Configs) -> None:
    state = configs.change_state("weather", NOTEBOOK, {"config": {"days": 5}})
    assert state.config == {"days": 5}
    configs.replace_config("weather", WORKSPACE, {"days": 9})
    assert configs.get_config("weather", NOTEBOOK).config["days"] == 5


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, SECRET),
        ({"api_key": None}, None),
        ({"api_key": "other"}, "other"),
        ({"api_key": "a\u0000\U0001f511"}, "a\u0000\U0001f511"),
    ],
)
def test_a_secret_in_a_config_is_kept_forgotten_or_entered(
    store: Store, configs: Configs, sent: dict[str, Any], expected: str | None
) -> None:
    configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
    answer = configs.replace_config("weather", WORKSPACE, {"city": "Oslo", **sent})
    assert (answer.secrets["api_key"].set, answer.config["city"]) == (expected is not None, "Oslo")
    assert "api_key" not in answer.config
    assert SECRET not in str(store.rows(ROWS))
    if expected is None:
        with pytest.raises(NotFound):
            store.vault.open_secret(1, "weather", "api_key")
    else:
        assert store.vault.open_secret(1, "weather", "api_key").value == expected


@pytest.mark.parametrize("value", [5, True, ["x"], {"a": SECRET}, "", "x" * 65_537, "\ud800"])
def test_what_is_no_secret_changes_nothing_at_all(store: Store, configs: Configs, value: Any) -> None:
    configs.enter_secret("weather", WORKSPACE, "api_key", SECRET)
    rows = store.rows(ROWS)
    with pytest.raises(Invalid) as refusal:
        configs.replace_config("weather", WORKSPACE, {"city": "Oslo", "api_key": value})
    assert list(refusal.value.errors or {}) == ["config.api_key"]
    assert SECRET not in f"{refusal.value.detail}{refusal.value.errors}"
    assert store.rows(ROWS) == rows


def test_a_property_that_became_secret_shows_nothing_of_what_was_set(store: Store, configs: Configs) -> None:
    configs.replace_config("weather", WORKSPACE, {"city": SECRET})
    store.registry.register(properties(city={"name": "city", "secure": True}))
    assert SECRET not in str(configs.get_config("weather", WORKSPACE))
    assert SECRET not in str(configs.get_state("weather", WORKSPACE))
    configs.replace_config("weather", WORKSPACE, {"days": 2})
    assert SECRET not in str(store.rows(ROWS))


def test_a_value_that_its_property_refuses_by_now_waits_unseen(store: Store, configs: Configs) -> None:
    configs.replace_config("weather", WORKSPACE, {"city": "Oslo", "days": 9})
    store.registry.register(properties(days={"name": "days", "enum": ["few"]}, city=None))
    read = configs.get_config("weather", WORKSPACE)
    assert read.config == {"units": "metric"}
    rows = store.rows(ROWS)
    configs.replace_config("weather", WORKSPACE, read.config)
    assert store.rows(ROWS) == rows
    store.registry.register(weather(version="3.0.0"))
    assert configs.get_config("weather", WORKSPACE).config == {"city": "Oslo", "days": 9, "units": "metric"}


def test_a_switch_returns_to_what_it_inherits(store: Store, configs: Configs) -> None:
    store.registry.register(view("board", enabled=False))
    assert configs.get_state("board", WORKSPACE).effective.enabled is False
    assert configs.change_state("board", NOTEBOOK, {"enabled": True}).effective.enabled is True
    assert configs.change_state("board", NOTEBOOK, {"enabled": None}).effective.enabled is False
    assert configs.change_state("board", WORKSPACE, {"enabled": True}).config == {}
    configs.reset_state("board", WORKSPACE)
    assert configs.get_state("board", NOTEBOOK).effective.enabled is False


def test_a_reset_keeps_the_workspaces_secrets(store: Store, configs: Configs) -> None:
    configs.replace_config("weather", WORKSPACE, {"city": "Oslo", "api_key": SECRET})
    configs.reset_state("weather", WORKSPACE)
    assert configs.get_state("weather", WORKSPACE).config == {}
    assert store.vault.open_secret(1, "weather", "api_key").value == SECRET
    configs.reset_state("weather", WORKSPACE)


def test_a_standing_says_all_in_two_queries(store: Store, configs: Configs) -> None:
    store.registry.register(view("board", enabled=False))
    configs.replace_config("weather", WORKSPACE, {"city": "Oslo", "api_key": SECRET})
    configs.change_state("weather", NOTEBOOK, {"enabled": False, "config": {"days": 2}})
    with store.database.reading() as session:
        weather_state = load_plugin_state(session, "weather", 1, 1, store.vault)
        plugin_states = list(iterate_plugin_states(session, 1, None))
        assert load_plugin_state(session, "nothing", 1, 1) is None
    assert weather_state is not None
    assert (weather_state.workspace_config, weather_state.notebook_config) == (
        {"city": "Oslo"},
        {"days": 2},
    )
    assert (weather_state.notebook_enabled, weather_state.workspace_enabled) == (False, None)
    assert weather_state.secrets["api_key"].status == "ok"
    assert weather_state.secrets["api_key"].bound_to == (destination(),)
    assert [(plugin_state.plugin_id, plugin_state.is_integration) for plugin_state in plugin_states] == [
        ("board", False),
        ("weather", True),
    ]
    assert (plugin_states[0].plugin_enabled, plugin_states[1].notebook_config) == (False, {})
    assert plugin_states[1].secrets["api_key"].status is None
