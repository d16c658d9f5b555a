"""Secrets of provisioning files: only by reference, never shown, and commands only where they are allowed."""

from __future__ import annotations

import logging
import os
import select
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from integrations.provisioning.faults import ProvisioningFailed
from integrations.provisioning.references import MAX_BYTES, References, Unresolved
from tests.conftest import Client
from tests.integrations.provisioning.conftest import ground as ground  # noqa: PLC0414 - a fixture
from tests.integrations.provisioning.setups import WEATHER, Ground

SECRET = "s3cret-of-the-files"


def setup(reference: Any) -> dict[str, Any]:
    plugins = {"weather": {"secrets": {"api_key": reference}}}
    return {"plugins": [WEATHER], "workspaces": [{"name": "Home", "plugins": plugins}]}


def python(code: str) -> dict[str, list[str]]:
    return {"command": [sys.executable, "-c", code]}


def test_a_secret_comes_from_where_the_file_says(ground: Ground, tmp_path: Path):
    ground.may_run_commands = True
    ground.folder.mkdir()
    (ground.folder / "key.txt").write_text(f"{SECRET}-of-a-file\n")
    (tmp_path / "key.txt").write_text(f"{SECRET}-elsewhere\n")
    ground.environ["KEY"] = f"{SECRET}-of-the-environment"
    stored = []
    for reference in (
        {"env": "KEY"},
        {"file": "key.txt"},
        {"file": str(tmp_path / "key.txt")},
        python(f"print('{SECRET}-of-a-command')"),
    ):
        ground.apply(setup(reference))
        stored.append(ground.services.store.vault.open_secret(1, "weather", "api_key").value)
    assert stored == [
        f"{SECRET}-{at}" for at in ("of-the-environment", "of-a-file", "elsewhere", "of-a-command")
    ]


LITERALS: list[Any] = [
    SECRET,
    {"value": SECRET},
    {"env": SECRET, "file": SECRET},
    [SECRET],
    1,
    None,
    {"env": {"x": SECRET}},
    {"command": SECRET},
    {"command": []},
    {"file": f"{SECRET}\0"},
    {"command": [SECRET, 1]},
]


def test_a_literal_secret_is_refused_and_not_repeated(ground: Ground):
    for literal in LITERALS:
        ground.write(setup(literal))
        with pytest.raises(ProvisioningFailed) as failed:
            ground.provisioner.plan(ground.folder)
        assert "workspaces[0].plugins.weather.secrets.api_key: " in failed.value.format_message()
        assert SECRET not in failed.value.format_message()


def test_commands_are_off_unless_allowed(ground: Ground, tmp_path: Path):
    ground.write(setup(python(f"open({str(tmp_path / 'ran')!r}, 'w')")))
    with pytest.raises(
        ProvisioningFailed, match="Commands are not allowed: set PATCHBAY_PROVISION_COMMANDS=on"
    ):
        ground.provisioner.apply(ground.folder)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (f"import sys; print('{SECRET}', file=sys.stderr); sys.exit(3)", "failed with exit code 3"),
        (f"import sys; sys.stdout.buffer.write(b'{SECRET}\\xff')", "is not UTF-8"),
        ("print()", "is empty"),
        (f"import sys\nwhile True: sys.stdout.write('{SECRET}')", f"is longer than {MAX_BYTES} bytes"),
        ("import time; time.sleep(60)", "took longer than 0.5 seconds"),
        ("import os, time; os.close(1); time.sleep(60)", "took longer than 0.5 seconds"),
        (
            "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])",
            "took longer than 0.5 seconds",
        ),
    ],
)
def test_a_command_that_does_not_work_is_told_without_its_output(tmp_path: Path, code: str, told: str):
    references = References({}, may_run_commands=True, command_seconds=0.5 if "sleep" in code else 20)
    with pytest.raises(Unresolved, match=told) as failed:
        references.read(python(code), tmp_path)
    assert SECRET not in str(failed.value)


def test_no_shell_reads_a_command(tmp_path: Path):
    references = References({}, may_run_commands=True)
    assert references.read({"command": ["echo", "$HOME; touch ran"]}, tmp_path) == "$HOME; touch ran"
    assert not (tmp_path / "ran").exists()
    with pytest.raises(Unresolved, match="cannot be started"):
        references.read({"command": ["no-such-program-here"]}, tmp_path)


def test_a_command_gets_neither_our_keys_nor_standard_input(tmp_path: Path, monkeypatch: Any):
    monkeypatch.setenv("PATCHBAY_SECRET_KEY", SECRET)
    code = "import os, sys; print(sorted(n for n in os.environ if n.startswith('PATCHBAY')), repr(sys.stdin.read()))"
    assert References(os.environ, may_run_commands=True).read(python(code), tmp_path) == "[] ''"


def test_what_a_command_started_ends_with_it(tmp_path: Path):
    # The child holds the output open, so reading it takes until the time of the command is up.
    child = "import pathlib, os, time; pathlib.Path('child').write_text(str(os.getpid())); time.sleep(60)"
    code = (
        f"import pathlib, subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        "while not (pathlib.Path('child').exists() and pathlib.Path('child').read_text()): pass"
    )
    references = References({}, may_run_commands=True, command_seconds=2)
    with pytest.raises(Unresolved, match="took longer"):
        references.read(python(code), tmp_path)
    with suppress(ProcessLookupError):
        ended = os.pidfd_open(int((tmp_path / "child").read_text()))
        assert select.select([ended], [], [], 10)[0]
        os.close(ended)


@pytest.mark.parametrize("name", ["missing", "/dev/zero", "fifo", "."])
def test_a_file_that_is_none_is_refused(tmp_path: Path, name: str):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Unresolved):
        References({}).read({"file": name}, tmp_path)


def test_a_variable_that_is_not_utf8_is_refused(tmp_path: Path):
    environ = {"KEY": b"\xff-not-utf-8".decode("utf-8", "surrogateescape")}
    with pytest.raises(Unresolved, match="is not UTF-8"):
        References(environ).read({"env": "KEY"}, tmp_path)


def test_no_diff_fault_log_or_answer_shows_a_secret(ground: Ground, client: Client, caplog: Any):
    caplog.set_level(logging.DEBUG)
    ground.environ |= {"KEY": SECRET, "LONG": SECRET * 10_000}
    lines = ground.lines(setup({"env": "KEY"}))
    ground.environ["KEY"] = f"{SECRET}-rotated"
    lines += ground.lines()
    ground.write(setup({"env": "LONG"}))
    with pytest.raises(ProvisioningFailed) as failed:
        ground.provisioner.apply(ground.folder)
    told = [*lines, str(failed.value.format_message()), caplog.text, client.get("/workspaces/1/plugins").text]
    assert SECRET not in "".join([*told, str(ground.exported())])


def test_control_characters_do_not_reach_the_terminal(ground: Ground):
    evil = {"weather": {"config": {"host": "evil\x1b[2J"}}}
    ground.write({"plugins": [WEATHER], "workspaces": [{"name": "Home\x1b[2J", "plugins": evil}]})
    with pytest.raises(ProvisioningFailed) as failed:
        ground.provisioner.apply(ground.folder)
    ground.write({"workspaces": [{"name": "Home\x1b[2J\n+ forged"}]})
    lines = [str(change) for change in ground.provisioner.plan(ground.folder).changes]
    assert not {"\x1b", "\n"} & set(failed.value.format_message() + "".join(lines))
