"""`flask apply`, `flask export`, and the files at start."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from flask import Flask

from settings import ROOT, Settings
from tests.conftest import Client
from tests.databases import seed_database
from tests.integrations.provisioning.setups import WEATHER
from web.cli.serve import provision

SETUP = {
    "plugins": [WEATHER],
    "workspaces": [
        {"name": "Home", "plugins": {"weather": {"secrets": {"api_key": {"env": "PATCHBAY_SECRET_W"}}}}}
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "setup"
    path.mkdir()
    (path / "home.yaml").write_text(yaml.safe_dump(SETUP))
    return path


def test_apply_prints_the_diff_and_exits_like_diff(app: Flask, folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATCHBAY_SECRET_W", "k-3v9Qs7w1Zp5")
    runner = app.test_cli_runner()
    planned = runner.invoke(args=["apply", "--dry-run", str(folder)])
    applied = runner.invoke(args=["apply", str(folder)])
    assert (planned.exit_code, applied.exit_code) == (1, 0)
    assert planned.output == applied.output
    assert "+ workspace Home, weather: secrets.api_key\n" in applied.output
    again = runner.invoke(args=["apply", "--dry-run", str(folder)])
    assert (again.exit_code, again.output) == (0, "Nothing to change.\n")
    (folder / "home.yaml").rename(folder / "house.yaml")
    moved = runner.invoke(args=["apply", str(folder)])
    assert (moved.exit_code, moved.output) == (0, "What the files own changes, no value does.\n")
    assert Client(app).get("/plugins/weather").json["managed_by"] == "house.yaml"
    (folder / "house.yaml").write_text("workspaces: 1")
    wrong = runner.invoke(args=["apply", str(folder)])
    assert (wrong.exit_code, wrong.output) == (2, "Error: house.yaml:1:1: workspaces: Not a valid list.\n")
    assert runner.invoke(args=["apply", "--release"]).output == "Files own nothing any more; they owned 3.\n"
    assert runner.invoke(args=["apply"]).exit_code == 2


def test_export_writes_what_apply_reads(app: Flask, tmp_path: Path):
    runner, client = app.test_cli_runner(), Client(app)
    client.post("/plugins/register", WEATHER)
    shown = runner.invoke(args=["export"])
    assert shown.exit_code == 0
    for name in ("all.yaml", "all.json"):
        path = tmp_path / name
        assert runner.invoke(args=["export", "--output", str(path)]).exit_code == 0
        assert yaml.safe_load(path.read_text()) == yaml.safe_load(shown.output)
    unknown = runner.invoke(args=["export", "--plugin", "none"])
    assert (unknown.exit_code, unknown.output) == (1, "Error: There is no plugin none.\n")
    assert runner.invoke(args=["export", "--output", str(tmp_path / "no" / "x")]).exit_code == 1


def test_the_start_applies_the_files_and_logs_no_value(
    settings: Settings,
    make_app: Callable[[Settings], Flask],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("PATCHBAY_SECRET_W", "k-3v9Qs7w1Zp5")
    app = make_app(replace(settings, provision=folder))
    # A variable that the files name is no misspelled setting.
    assert provision(app.extensions["patchbay"]) == {"PATCHBAY_SECRET_W"}
    assert "Provisioned: add workspace Home, weather: secrets.api_key" in caplog.text
    assert Client(app).get("/workspaces/1").json["managed_by"] == "home.yaml"


def test_a_bad_file_stops_the_start_with_one_message(tmp_path: Path, folder: Path):
    (folder / "home.yaml").write_text("workspaces:\n  - name: Home\n    time_zone: Mars\n")
    seed_database(tmp_path / "instance")
    told = subprocess.run(
        [sys.executable, "app.py", "--port", "0", "--instance", str(tmp_path / "instance")],
        check=False,
        cwd=ROOT,
        env={**os.environ, "PATCHBAY_PROVISION": str(folder), "PATCHBAY_TOKEN": "t" * 43},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("Error: home.yaml:3:5: workspaces[0].time_zone: ")
    assert told.stderr.count("\n") == 1


def test_the_example_is_what_the_page_shows_and_can_be_applied(app: Flask, monkeypatch: pytest.MonkeyPatch):
    example = ROOT / "examples" / "provision"
    page = (ROOT / "docs" / "provisioning.md").read_text("utf-8")
    shown = page.partition("```yaml\n")[2].partition("```")[0]
    assert (example / "home.yaml").read_text("utf-8").partition("\n")[2] == shown
    monkeypatch.setenv("SYNCTHING_KEY", "k-3v9Qs7w1Zp5")
    applied = app.test_cli_runner().invoke(args=["apply", str(example)])
    assert applied.exit_code == 0, applied.output
    client = Client(app)
    assert [item["name"] for item in client.get("/workspaces").json] == ["Home"]
    assert client.get("/integrations/syncthing/secrets/api_key").json["status"] == "ok"
    (job,) = client.get("/prefetch", query_string={"integration_id": "open-meteo"}).json
    assert (job["state"], job["managed_by"]) == ("scheduled", "home.yaml")
