from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from settings import Settings
from tests.conftest import Client


def test_tokens_are_made_listed_and_revoked(app: Flask):
    runner = app.test_cli_runner()
    assert "no named tokens" in runner.invoke(args=["tokens", "list"]).output
    made = runner.invoke(
        args=[
            "tokens",
            "create",
            "Dashboard",
            "--scope",
            "render",
            "--workspace",
            "1",
            "--origin",
            "https://dash.example",
            "--days",
            "30",
        ]
    )
    assert made.exit_code == 0
    value = made.output.splitlines()[0]
    client = Client(app, value)
    current = client.get("/tokens/current").json
    assert (current["name"], current["scopes"], current["workspaces"]) == ("Dashboard", ["render"], [1])
    assert Client(app).get(f"/tokens/{current['id']}").json["created_by"]["kind"] == "command"
    listed = runner.invoke(args=["tokens", "list"]).output
    assert listed.startswith(
        f"{current['id']}\tDashboard\trender; workspaces 1; origins https://dash.example"
    )
    assert value not in listed
    assert runner.invoke(args=["tokens", "revoke", str(current["id"])]).exit_code == 0
    assert client.get("/plugins").status_code == 401
    assert runner.invoke(args=["tokens", "revoke", str(current["id"])]).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scope", "everything"], "everything"),
        (["--scope", "render", "--origin", "dash.example"], "origins"),
        (["--scope", "render", "--workspace", "99"], "There is no workspace 99."),
        (["--scope", "render", "--integration", "Not An Id"], "integrations"),
        ([], "--scope"),
    ],
)
def test_what_makes_no_sense_makes_no_token(app: Flask, arguments: list[str], message: str):
    result = app.test_cli_runner().invoke(args=["tokens", "create", "T", *arguments])
    assert result.exit_code != 0 and message in result.output
    assert Client(app).get("/tokens").json == []


def test_a_rotation_leaves_named_tokens_and_says_so(
    settings: Settings, make_app: Callable[[Settings], Flask]
):
    app = make_app(replace(settings, token=None))
    runner, gate = app.test_cli_runner(), app.extensions["patchbay_gate"]
    value = runner.invoke(args=["tokens", "create", "T", "--scope", "render"]).output.splitlines()[0]
    old = gate.token
    rotated = runner.invoke(args=["token", "rotate"])
    assert "Named tokens are still valid: 1." in rotated.output
    assert Client(app, old).get("/plugins").status_code == 401
    assert Client(app, value).get("/plugins").status_code == 200
    assert runner.invoke(args=["tokens", "revoke", "--all"]).output == "Revoked: 1.\n"
    assert Client(app, value).get("/plugins").status_code == 401
    assert runner.invoke(args=["tokens", "revoke"]).exit_code == 2
