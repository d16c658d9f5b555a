from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cryptography.fernet import Fernet
from flask import Flask

from settings import ROOT, SETTINGS, Settings
from web.gate.tokens import load_token


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


def test_help_tells_every_command_without_settings_and_leaves_no_trace(app: Flask, tmp_path: Path):
    folder = tmp_path / "untouched"
    told = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "--help"],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PATCHBAY_INSTANCE": str(folder), "PATCHBAY_PORT": "none"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (told.returncode, told.stderr) == (0, "")
    commands = {
        line.split()[0] for line in told.stdout.partition("Commands:")[2].splitlines() if line.strip()
    }
    assert set(app.cli.commands) <= commands
    assert not folder.exists()
