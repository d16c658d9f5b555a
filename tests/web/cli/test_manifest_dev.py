"""`flask manifest dev` against a real server and a provider on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from werkzeug import Request, Response

from integrations.authoring.dev.session import Options, Session
from settings import ROOT
from tests.conftest import RunningServer
from web.cli.manifest_commands import manifest_commands
from web.cli.manifest_dev import print_line, watch
from web.cli.server_client import ServerClient


def declaration(url: str, **manifest: Any) -> dict[str, Any]:
    body = {
        "integration": {"base_url": url},
        "endpoints": [
            {"id": "now", "path": "/now", "cache_ttl": 300},
            {
                "id": "of",
                "path": "/of",
                "cache_ttl": 300,
                "parameters": [{"name": "city", "required": True}, {"name": "days", "type": "integer"}],
            },
        ],
        "blocks": [{"id": "current", "endpoint": "now"}, {"id": "city", "endpoint": "of"}],
        **manifest,
    }
    return {"id": "weather", "name": "Weather", "version": "1.0.0", "type": "integration", "manifest": body}


@pytest.fixture
def url(upstream) -> str:
    upstream.expect_request("/now").respond_with_json({"temperature": 21})
    upstream.expect_request("/of").respond_with_handler(_echo)
    return upstream.url_for("").rstrip("/")


def _echo(request: Request) -> Response:
    return Response(json.dumps(dict(request.args)), content_type="application/json")


def save(path: Path, content: Any) -> str:
    text = yaml.safe_dump(content) if path.suffix == ".yaml" else json.dumps(content)
    path.write_text(text, "utf-8")
    return str(path)


def run_dev(server: RunningServer, *args: str) -> Result:
    environ = {"PATCHBAY_TOKEN": server.token, "PATCHBAY_INSTANCE": str(server.settings.instance)}
    return CliRunner().invoke(
        manifest_commands, ["dev", "--url", server.url, *args], env=environ, catch_exceptions=False
    )


def test_one_pass_registers_and_renders_every_block(server, url, tmp_path):
    name = save(tmp_path / "weather.yaml", declaration(url))
    result = run_dev(server, name, "--once", "--input", "city=Oslo", "--input", "days=3")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == f"{name}  weather 1.0.0 registered"
    assert lines[1].startswith("  current  MISS  ")
    assert lines[2] == '    {"temperature":21}'
    assert lines[3].startswith("  city  MISS  ")
    assert lines[3].endswith('  city="Oslo"  days=3')
    assert lines[4] == '    {"city":"Oslo","days":"3"}'
    assert "\x1b" not in result.output


def test_a_block_without_its_input_tells_how_to_give_it(server, url, tmp_path):
    result = run_dev(server, save(tmp_path / "w.json", declaration(url)), "--once", "--input", "town=Oslo")
    assert "  city  not rendered: give --input city=…" in result.output
    assert "has the input `town`" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("change", "args", "code", "told"),
    [
        (
            {"endpoints": [{"id": "now", "path": "now"}]},
            (),
            2,
            "manifest.endpoints[0].path: Start with a slash",
        ),
        (
            {"endpoints": [{"id": "now", "path": "/gone"}]},
            (),
            1,
            "current  upstream_failed: The provider answered 500.",
        ),
        ({}, ("--strict",), 0, "current  MISS"),
        ({"icon": "si"}, (), 0, "warning"),
        ({"icon": "lucid:x"}, ("--strict",), 1, "current  MISS"),
    ],
)
def test_the_exit_code_tells_the_worst(server, url, tmp_path, change, args, code, told):
    blocks = [{"id": "current", "endpoint": "now"}]
    content = declaration(
        url, **{"blocks": blocks, "endpoints": [{"id": "now", "path": "/now", "cache_ttl": 300}], **change}
    )
    result = run_dev(server, save(tmp_path / "w.json", content), "--once", *args)
    assert told in result.output
    assert result.exit_code == code


class Writer:
    """A person who edits while the loop waits: one step at each look, then Ctrl-C."""

    def __init__(self, *steps: Any) -> None:
        self._steps = list(steps)

    def __call__(self, _seconds: float) -> None:
        if not self._steps:
            raise KeyboardInterrupt
        self._steps.pop(0)()


def watched(server: RunningServer, capsys: Any, name: str, *steps: Any, **options: Any) -> list[str]:
    client = ServerClient(server.url, server.token)
    watch(Session(client, Options(**options), print_line), [name], Writer(*steps))
    return capsys.readouterr().out.splitlines()


def rendered(lines: list[str]) -> list[str]:
    return [" ".join(line.split()[:2]) for line in lines if " ms" in line]


def test_a_change_renders_the_blocks_that_differ_and_tells_how(server, url, tmp_path, capsys):
    path = tmp_path / "w.json"
    before = declaration(url)
    blocks = before["manifest"]["blocks"]
    changed = declaration(url, blocks=[{**blocks[0], "select": "{t: temperature}"}, blocks[1]])
    name = save(path, before)
    lines = watched(server, capsys, name, lambda: save(path, changed), inputs={"city": "Oslo"})
    assert rendered(lines) == ["current MISS", "city MISS", "current MISS"]
    assert f"{name}  weather 1.0.0 updated" in lines
    assert lines[-3:] == ["    - temperature: 21", "    + t: 21", ""]


def test_a_changed_endpoint_renders_its_blocks_and_all_renders_all(server, url, tmp_path, capsys):
    path = tmp_path / "w.json"
    before, after = declaration(url), declaration(url)
    after["manifest"]["endpoints"][0]["headers"] = {"X-A": "1"}
    lines = watched(server, capsys, save(path, before), lambda: save(path, after), inputs={"city": "Oslo"})
    assert rendered(lines) == ["current MISS", "city MISS", "current MISS"]
    lines = watched(
        server, capsys, str(path), lambda: save(path, before), inputs={"city": "Oslo"}, renders_all=True
    )
    assert rendered(lines) == ["current HIT", "city HIT"] * 2


def test_a_broken_file_is_told_and_watched_further(server, url, tmp_path, capsys):
    path = tmp_path / "w.json"
    good = declaration(url, blocks=[{"id": "current", "endpoint": "now"}])
    bad = declaration(url, blocks=[{"id": "current", "endpoint": "never"}])
    steps = [
        lambda: path.write_text("{"),
        path.unlink,
        lambda: save(path, bad),
        lambda: save(path, good["manifest"]),
        lambda: save(path, good),
    ]
    lines = watched(server, capsys, save(path, good), *steps)
    told = [line for line in lines if ": error: " in line or line.startswith("error: ")]
    assert len(told) == 4
    assert told[0].startswith(f"{path}:1:2: error: ")
    assert told[1] == f"{path}:1:1: error: No such file or directory"
    assert "manifest.blocks[0].endpoint" in told[2]
    assert "write it as `manifest` beside" in told[3]
    assert lines[-2] == f"{path}  weather 1.0.0 unchanged"


def test_a_block_that_failed_is_rendered_again_at_the_next_change(server, url, upstream, tmp_path, capsys):
    path = tmp_path / "w.json"
    upstream.expect_ordered_request("/later").respond_with_json({"detail": "no\x1b[2J"}, status=418)
    upstream.expect_ordered_request("/later").respond_with_json(1)
    content = declaration(
        url,
        endpoints=[{"id": "it", "path": "/later", "cache_ttl": 90}],
        blocks=[{"id": "it", "endpoint": "it"}],
    )
    name = save(path, content)
    lines = watched(
        server, capsys, name, lambda: save(path, {**content, "version": "1.0.1"}), use_cache=False
    )
    assert "  it  upstream_failed: The provider answered 418." in lines[1]
    assert not any("\x1b" in line for line in lines)
    assert rendered(lines) == ["it MISS"] or rendered(lines) == ["it BYPASS"]


def test_an_action_is_not_run(server, url, upstream, tmp_path):
    content = declaration(
        url,
        endpoints=[{"id": "go", "method": "POST", "path": "/go"}],
        blocks=[{"id": "go", "endpoint": "go", "action": {"label": "Go"}}],
    )
    result = run_dev(server, save(tmp_path / "w.json", content), "--once")
    assert "  go  an action: not run" in result.output
    assert upstream.log == []


def test_a_view_is_registered(server, tmp_path):
    content = {"id": "board", "name": "Board", "version": "1.0.0", "type": "view", "manifest": {"any": 1}}
    result = run_dev(server, save(tmp_path / "w.json", content), "--once")
    assert (result.exit_code, result.output) == (0, f"{tmp_path / 'w.json'}  board 1.0.0 registered\n")


def test_what_the_server_refuses_is_told_by_field(server, url, tmp_path):
    content = declaration(url)
    content["name"] = "N" * 5000
    result = run_dev(server, save(tmp_path / "w.json", content), "--once")
    assert result.exit_code == 2
    assert "name" in result.output


def test_a_wrong_token_and_no_server_are_told(server, url, tmp_path):
    name, token = save(tmp_path / "w.json", declaration(url)), tmp_path / "token"
    token.write_text("wrong\n")
    result = run_dev(server, name, "--once", "--token-file", str(token))
    assert (result.exit_code, "unauthorized" in result.output) == (2, True)
    server.stop()
    result = run_dev(server, name, "--once")
    assert (result.exit_code, result.output) == (
        2,
        f"error: No Patchbay answers at {server.url}: start it, or give its --url.\n",
    )


def test_what_is_no_patchbay_is_told(server, upstream, tmp_path):
    upstream.expect_request("/api/v1/plugins/register").respond_with_data("[]")
    name = save(tmp_path / "w.json", {**declaration("https://a.test"), "type": "integration"})
    result = run_dev(server, name, "--once", "--url", upstream.url_for("").rstrip("/"))
    assert result.exit_code == 2
    assert "is not Patchbay" in result.output


@pytest.mark.parametrize("value", ["nonsense", "http://a.test/a path", "http://a.test/?b", "ftp://a"])
def test_a_wrong_url_is_refused(value, tmp_path):
    result = CliRunner().invoke(manifest_commands, ["dev", "x.json", "--url", value])
    assert result.exit_code == 2
    assert "--url" in result.output


def test_the_token_of_this_machine_is_not_sent_to_another_server(tmp_path):
    (tmp_path / "token").write_text("local-token")
    (tmp_path / "token").chmod(0o600)
    environ = {"PATCHBAY_INSTANCE": str(tmp_path), "PATCHBAY_TOKEN": ""}
    result = CliRunner().invoke(
        manifest_commands, ["dev", "x.json", "--once", "--url", "http://elsewhere.test:8765"], env=environ
    )
    assert result.exit_code == 2
    assert "--token-file" in result.output


def test_without_a_data_folder_none_is_made(tmp_path):
    environ = {"PATCHBAY_INSTANCE": str(tmp_path / "none"), "PATCHBAY_TOKEN": ""}
    result = CliRunner().invoke(manifest_commands, ["dev", "x.json", "--once"], env=environ)
    assert (result.exit_code, (tmp_path / "none").exists()) == (2, False)
    assert "No server was started" in result.output


def test_ctrl_c_ends_the_real_command_quietly(server, url, tmp_path):
    name = save(tmp_path / "w.json", declaration(url, blocks=[{"id": "current", "endpoint": "now"}]))
    environ = {
        **os.environ,
        "PATCHBAY_INSTANCE": str(server.settings.instance),
        "PATCHBAY_PORT": str(server.settings.port),
        "PATCHBAY_TOKEN": server.token,
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "flask", "--app", "app", "manifest", "dev", name]
    # A shell that runs the tests in the background ignores SIGINT, which a process inherits.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if "temperature" in line:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")
