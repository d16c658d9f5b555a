"""`flask manifest …` as a person at the command line meets it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from integrations.authoring.commands import manifest_commands
from integrations.authoring.yaml_source import read_yaml
from integrations.manifests.compiling import compile_plugin
from settings import ROOT
from tests.integrations.authoring.importing import DOCUMENTS
from tests.integrations.authoring.test_lint import CLEAN

PETSTORE = str(DOCUMENTS / "petstore.yaml")


def run(*args: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(manifest_commands, args, input=stdin)


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_a_good_manifest_passes_without_a_word(tmp_path):
    result = run("lint", written(tmp_path, "good.json", json.dumps(CLEAN)))

    assert (result.exit_code, result.output) == (0, "")


def test_errors_are_told_with_file_line_and_column_in_their_order(tmp_path):
    text = (
        "integration:\n"
        "  base_url: https://api.test\n"
        "endpoints:\n"
        "  - id: now\n"
        "    path: now\n"
        "    parameters:\n"
        "      - {name: q, typ: string}\n"
        "  - id: now\n"
    )
    name = written(tmp_path, "weather.yaml", text)

    result = run("lint", name)

    assert result.exit_code == 1
    assert (
        result.output
        == f"{name}:7:19: error: manifest.endpoints[0].parameters[0].typ: Unknown member; did you mean `type`?\n"
    )
    fixed = written(tmp_path, "weather.yaml", text.replace("typ:", "type:"))
    assert run("lint", fixed).output == (
        f"{name}:5:5: error: manifest.endpoints[0].path: Start with a slash. The path is appended to base_url.\n"
        f"{name}:8:5: error: manifest.endpoints[1].id: `now` is declared twice.\n"
    )


def test_a_registration_body_has_its_places_too(tmp_path):
    body = '{\n  "id": "Weather",\n  "name": "W", "version": "1.0.0", "type": "view",\n  "manifest": {\n    "endpoints": [{"id": "x"}]\n  }\n}'
    name = written(tmp_path, "body.json", body)

    assert run("lint", name).output.splitlines() == [
        f"{name}:2:3: error: id: Use lowercase letters, digits and hyphens, 1 to 64 of them.",
        f"{name}:5:5: error: manifest.endpoints: Needs a section `integration`, to which endpoints and blocks belong.",
    ]


def test_warnings_pass_unless_strict_or_ignored(tmp_path):
    name = written(
        tmp_path, "m.json", json.dumps({**CLEAN, "properties": [*CLEAN["properties"], {"name": "units"}]})
    )
    line = f"{name}:1:"

    loose, strict = run("lint", name), run("lint", "--strict", name)
    assert (loose.exit_code, strict.exit_code) == (0, 1)
    assert loose.output == strict.output
    assert loose.output.startswith(line)
    assert loose.output.endswith(
        ": warning: manifest.properties[2]: Nothing uses `units`. [unused-property]\n"
    )
    ignored = run("lint", "--strict", "--ignore", "unused-property", name)
    assert (ignored.exit_code, ignored.output) == (0, "")


def test_each_of_several_files_is_checked(tmp_path):
    good = written(tmp_path, "good.yaml", "{}")
    names = [written(tmp_path, f"{n}.yaml", text) for n, text in enumerate(("a: 1\na: 2", "[1, 2"))]

    result = run("lint", names[0], good, names[1])

    assert result.exit_code == 1
    assert [line.partition(": error: ")[0] for line in result.output.splitlines()] == [
        f"{names[0]}:2:1",
        f"{names[1]}:2:1",
    ]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"\xff\xfe", "-:1:1: error: Not UTF-8.\n"),
        (b"\xef\xbb\xbf{}", ""),
        (b"", "-:1:1: error: manifest: A manifest must be an object.\n"),
        (b'{"a": 1, "a": 2}', "-:1:10: error: `a` occurs twice in one object.\n"),
        (b"on: 1", ""),
    ],
)
def test_standard_input_is_read_as_json_or_yaml(data, line):
    result = CliRunner().invoke(manifest_commands, ["lint", "-"], input=data)

    assert result.output == line


def test_a_file_that_is_not_there_is_told():
    result = run("lint", "/nowhere/x.json")

    assert result.exit_code == 2
    assert "'/nowhere/x.json' does not exist" in result.output


def test_the_schema_is_printed_as_json():
    result = run("schema")

    assert result.exit_code == 0
    assert json.loads(result.output)["title"] == "A plugin, as it is declared to Patchbay"


def test_an_import_goes_to_standard_output_and_what_was_left_out_to_standard_error():
    result = run(
        "import-openapi", PETSTORE, "--id", "petstore", "--tag", "pet", "--name", "Pets", "--version", "2.0.0"
    )

    assert result.exit_code == 0
    declaration = json.loads(result.stdout)
    assert (declaration["id"], declaration["name"], declaration["version"]) == ("petstore", "Pets", "2.0.0")
    assert compile_plugin("petstore", "integration", declaration["manifest"])
    assert (
        "POST /pet: left out: it needs `petstore_auth`, which is not supported" in result.stderr.splitlines()
    )


def test_an_import_to_a_file_is_quiet_where_nothing_is_left_out(tmp_path):
    output = tmp_path / "store.yaml"

    result = run(
        "import-openapi", PETSTORE, "--id", "store", "--operation", "getInventory", "--output", str(output)
    )

    assert (result.exit_code, result.output) == (0, "")
    declaration = read_yaml(output.read_text("utf-8")).value
    assert [item["id"] for item in declaration["manifest"]["endpoints"]] == ["getInventory"]
    assert run("lint", str(output)).output == ""


def test_the_format_is_the_wanted_one(tmp_path):
    output = tmp_path / "store.txt"
    args = ("import-openapi", PETSTORE, "--id", "store", "--operation", "getInventory")

    assert read_yaml(run(*args, "--type", "yaml").stdout).value == json.loads(run(*args).stdout)
    run(*args, "--output", str(output))
    assert json.loads(output.read_text("utf-8"))["id"] == "store"


@pytest.mark.parametrize(
    ("args", "exit_code", "message"),
    [
        (("--id", "No!"), 2, "Invalid value for '--id': Use lowercase letters, digits and hyphens"),
        (("--id", "a", "--version", "1"), 2, "Invalid value for '--version': Not a SemVer 2.0 version"),
        ((), 2, "Missing option '--id'"),
        (("--id", "a", "--tag", "cats"), 1, "Error: No operation has the tag `cats`. Tags: pet, store."),
        (("--id", "a", "--server", "7"), 1, "Error: There is no server 7; the document names 1."),
        (
            ("--id", "a", "--output", "/nowhere/x.json"),
            1,
            "Error: /nowhere/x.json: No such file or directory",
        ),
    ],
)
def test_an_import_that_cannot_be_says_why(args, exit_code, message):
    result = run("import-openapi", PETSTORE, *args)

    assert result.exit_code == exit_code
    assert message in result.stderr
    assert result.stdout == ""


def test_a_document_that_cannot_be_read_says_where(tmp_path):
    name = written(tmp_path, "broken.yaml", "openapi: 3.0.0\nopenapi: 3.1.0")

    assert run("import-openapi", name, "--id", "a").stderr == (
        f"Error: {name}:2:1: `openapi` occurs twice in one mapping.\n"
    )


@pytest.mark.parametrize("command", ["lint", "schema", "import-openapi"])
def test_help_teaches_each_command(command):
    result = run(command, "--help")

    assert result.exit_code == 0
    assert len(result.output.splitlines()) > 5


def test_no_data_folder_is_needed_and_none_is_made(tmp_path):
    instance = tmp_path / "instance"
    # A setting that would stop the server stops no one from checking a file.
    environ = {**os.environ, "PATCHBAY_INSTANCE": str(instance), "PATCHBAY_PORT": "no port"}
    name = written(tmp_path, "good.json", json.dumps(CLEAN))

    ran = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "manifest", "lint", name],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert not instance.exists()
