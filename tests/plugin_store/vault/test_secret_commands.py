"""`flask secrets …`, as a person at the command line meets it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner

from tests.plugin_store.conftest import WORKSPACE, Store
from tests.plugin_store.manifests import weather
from web.cli.secret_commands import secrets_commands


@pytest.fixture
def runner(store: Store) -> FlaskCliRunner:
    app = Flask("commands")
    app.extensions["patchbay"] = SimpleNamespace(store=SimpleNamespace(vault=store.vault))
    app.cli.add_command(secrets_commands)
    return app.test_cli_runner()


def test_keys_are_rotated_step_by_step(store: Store, runner: FlaskCliRunner) -> None:
    store.registry.register(weather())
    store.configs.enter_secret("weather", WORKSPACE, "api_key", "k-3v9Qs7w1Zp5")
    assert runner.invoke(args=["secrets", "new-key"]).exit_code == 0
    early = runner.invoke(args=["secrets", "drop-old-keys"])
    assert (early.exit_code, "secrets rotate" in early.output) == (2, True)
    rotated = runner.invoke(args=["secrets", "rotate"])
    assert rotated.output == "Encrypted again: 1. Already current: 0.\n"
    assert runner.invoke(args=["secrets", "drop-old-keys"]).exit_code == 0
    assert store.vault.open_secret(1, "weather", "api_key").value == "k-3v9Qs7w1Zp5"


def test_what_no_key_opens_is_told(store: Store, runner: FlaskCliRunner) -> None:
    store.registry.register(weather())
    store.configs.enter_secret("weather", WORKSPACE, "api_key", "k-3v9Qs7w1Zp5")
    store.execute("UPDATE plugin_secrets SET ciphertext = 'lost'")
    assert "Not readable with any key: 1." in runner.invoke(args=["secrets", "rotate"]).output
