"""`flask manifest new` as a person or a script runs it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from integrations.authoring.lint import lint
from settings import ROOT
from web.cli.manifest_commands import manifest_commands


def run_new(*args: str, stdin: str | None = None, allow: str = "127.0.0.1/32") -> Result:
    environ = {"PATCHBAY_EGRESS_ALLOW": allow}
    return CliRunner().invoke(manifest_commands, ["new", *args], input=stdin, env=environ)


def block_of(result: Result) -> dict[str, Any]:
    declaration = json.loads(result.stdout)
    assert [found for found in lint(declaration) if found.level == "error"] == []
    return declaration["manifest"]["blocks"][0]


def test_the_address_itself_gives_the_sample(upstream):
    upstream.expect_request("/v1/now", query_string="city=Oslo").respond_with_json({"main": {"temp": 21}})
    result = run_new(upstream.url_for("/v1/now?city=Oslo"))
    assert result.exit_code == 0, result.output
    block = block_of(result)
    assert block["select"] == "{temp: main.temp}"
    assert block["display"] == {"kind": "figure", "value": "temp"}


def test_a_sample_comes_from_a_file_or_standard_input(tmp_path: Path):
    (tmp_path / "a.json").write_text('[{"name": "a"}]')
    file, piped = (
        run_new("https://api.a.test/x", "--sample", name, stdin='[{"name": "a"}]')
        for name in (str(tmp_path / "a.json"), "-")
    )
    assert block_of(file) == block_of(piped)
    assert block_of(file)["select"] == "[].{name: name}"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("a,b\n1,2\n", "text"),
        ("<rss version='2.0'><channel/></rss>", "feed"),
        ("<p>x</p>", "xml"),
        ("hello", "text"),
    ],
)
def test_other_answers_get_their_response_type(content: str, kind: str):
    result = run_new("https://api.a.test/x", "--sample", "-", stdin=content)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["manifest"]["endpoints"][0]["response_type"] == kind


def test_a_key_is_a_setting_and_its_value_is_in_no_file(tmp_path: Path):
    output = tmp_path / "w.yaml"
    result = run_new("https://api.a.test/x?appid=hush-hush", "--no-sample", "--output", str(output))
    assert result.exit_code == 0, result.output
    text = output.read_text()
    manifest = yaml.safe_load(text)["manifest"]
    assert manifest["properties"][0]["secure"] is True
    assert manifest["integration"]["auth"]["in"] == "query"
    assert "hush" not in text + result.output


def test_what_cannot_be_asked_is_told_and_the_manifest_is_written(upstream):
    result = run_new(upstream.url_for("/x"), allow="")
    assert result.exit_code == 0
    assert "cannot be asked" in result.stderr
    assert "select" not in block_of(result)


def test_a_sample_that_was_asked_for_must_be_there(upstream, tmp_path: Path):
    upstream.expect_request("/x").respond_with_data("", status=404)
    result = run_new("https://a.test", "--sample", upstream.url_for("/x"))
    assert (result.exit_code, "status 404" in result.output) == (1, True)
    assert run_new("https://a.test", "--sample", str(tmp_path / "none")).exit_code == 2


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("nonsense",), "whole address"),
        ((), "whole address"),
        (("https://a.test", "--key", "cookie:x"), "--key"),
        (("https://a.test", "--id", "Not An Id"), "--id"),
    ],
)
def test_a_wrong_word_is_refused_by_its_option(args: tuple[str, ...], told: str):
    result = run_new(*args, "--no-sample")
    assert (result.exit_code, told in result.output) == (2, True)


def test_a_file_that_is_there_is_kept(tmp_path: Path):
    (tmp_path / "w.json").write_text("mine")
    result = run_new("https://a.test", "--no-sample", "--output", str(tmp_path / "w.json"))
    assert (result.exit_code, (tmp_path / "w.json").read_text()) == (1, "mine")


def test_at_a_terminal_a_person_is_asked_and_offered_what_is_guessed(tmp_path: Path):
    sample, output = tmp_path / "a.json", tmp_path / "w.json"
    sample.write_text('{"temp": 1}')
    person, terminal = pty.openpty()
    answers = ["https://api.weather-now.test/v1/now", "header:X-Key", "", "mine", str(sample)]
    os.write(person, "".join(f"{answer}\n" for answer in answers).encode())
    command = [sys.executable, "-m", "flask", "--app", "app", "manifest", "new", "--output", str(output)]
    try:
        ended = subprocess.run(
            command, cwd=ROOT, stdin=terminal, capture_output=True, text=True, timeout=50, check=False
        )
    finally:
        os.close(person)
        os.close(terminal)
    assert ended.returncode == 0, ended.stderr
    declaration = json.loads(output.read_text())
    assert (declaration["id"], declaration["name"]) == ("mine", "Weather Now")
    assert declaration["manifest"]["integration"]["auth"]["name"] == "X-Key"
    assert declaration["manifest"]["blocks"][0]["select"] == "{temp: temp}"
    assert "Name [Weather Now]" in ended.stderr
