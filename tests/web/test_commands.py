from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from cryptography.fernet import Fernet
from flask import Flask

from settings import SETTINGS, Settings
from web.tokens import load_token


def test_the_token_is_shown_with_its_link_and_replaced_on_request(
    settings: Settings, make_app: Callable[[Settings], Flask]
):
    settings = replace(settings, token=None)
    runner = make_app(settings).test_cli_runner()
    before = load_token(settings)
    assert runner.invoke(args=["token", "show"]).output.split() == [
        before,
        f"http://127.0.0.1:8765/signin?token={before}",
    ]
    assert runner.invoke(args=["token", "rotate"]).exit_code == 0
    assert load_token(settings) != before


def test_a_configured_token_is_not_rotated(app: Flask):
    result = app.test_cli_runner().invoke(args=["token", "rotate"])
    assert result.exit_code == 1
    assert "PATCHBAY_TOKEN" in result.output


def test_settings_are_listed_with_their_values_and_without_secrets(
    settings: Settings, make_app: Callable[[Settings], Flask]
):
    key = Fernet.generate_key().decode()
    runner = make_app(replace(settings, secret_keys=(key,), prefetch=False)).test_cli_runner()
    output = runner.invoke(args=["settings"]).output
    assert [line.partition("=")[0] for line in output.splitlines() if line.startswith("PATCHBAY_")] == [
        setting.variable for setting in SETTINGS
    ]
    assert "PATCHBAY_PREFETCH=off\n" in output
    assert "PATCHBAY_TOKEN=(set)\n" in output
    assert str(settings.token) not in output
    assert key not in output
