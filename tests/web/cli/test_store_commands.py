"""`store copy` says what it copied and what comes next, and refuses in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from integrations.copying.copying import Place
from plugin_store.engine.files import create_private_file
from plugin_store.engine.opening import open_location
from plugin_store.engine.sqlite.file import DATABASE_NAME
from settings import ROOT, ConfigurationError, load_settings
from tests.databases import TestDatabases
from tests.integrations.copying.stores import KEY, filled, postgresql_place, rows_of, sqlite_place, started
from web.cli.commands import bare_app
from web.cli.store_commands import place_of, store_commands

Run = Callable[..., Result]
OTHER_KEY = KEY[::-1][1:] + "="


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The store of the settings, with its key file."""
    monkeypatch.setenv("PATCHBAY_INSTANCE", str(tmp_path / "source"))
    place = filled(sqlite_place(tmp_path / "source"))
    create_private_file(place.instance / "secret.key", f"{KEY}\n".encode())
    return place


@pytest.fixture
def copy_to() -> Run:
    runner = bare_app(store_commands).test_cli_runner()
    return lambda target: runner.invoke(args=["store", "copy", "--to", str(target)])


def entries_at(place: Place) -> list[str]:
    database = open_location(place.location)
    rows = database.query("SELECT details FROM audit_log WHERE what = 'store.copied'", ())
    database.close()
    return [details for (details,) in rows]


def test_a_copy_to_a_folder_tells_what_comes_next_and_is_audited_on_both_sides(
    source: Place, copy_to: Run, tmp_path: Path
) -> None:
    there = sqlite_place(tmp_path / "there")
    result = copy_to(there.instance)
    assert result.exit_code == 0, result.output
    total = sum(map(len, rows_of(there).values()))
    assert f"Copied {total} rows of 22 tables and 0 cached answers to {there.name}." in result.stdout
    assert "12 cached answers have no body any more" in result.stdout
    assert f"Set PATCHBAY_INSTANCE={there.instance} and start" in result.stdout
    assert "secrets cannot be read with the key at hand" in result.stdout
    assert rows_of(there) == rows_of(source)
    assert [len(entries_at(place)) for place in (source, there)] == [1, 1]
    assert str(there.instance) in entries_at(source)[0]
    assert (there.instance.stat().st_mode & 0o777, Path(there.name).stat().st_mode & 0o777) == (0o700, 0o600)
    again = copy_to(there.instance)
    assert (again.exit_code, "is not empty" in again.output) == (2, True)


def test_the_command_stands_beside_the_others(source: Place, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "flask",
        "store",
        "copy",
        "--to",
        f"sqlite:///{tmp_path}/there/{DATABASE_NAME}",
    ]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert rows_of(sqlite_place(tmp_path / "there")) == rows_of(source)


@pytest.mark.parametrize(
    "target", ["mysql://localhost/x", "postgresql://localhost", "sqlite://", "", "{file}"]
)
def test_a_target_that_is_neither_a_database_nor_a_folder_is_refused(
    source: Place, copy_to: Run, tmp_path: Path, target: str
) -> None:
    (tmp_path / "file").touch()
    result = copy_to(target.format(file=tmp_path / "file"))
    assert (result.exit_code, "--to must be a URL" in result.output) == (2, True)


@pytest.mark.parametrize("name", ["", f"/{DATABASE_NAME}"])
@pytest.mark.parametrize("scheme", ["", "sqlite:///"])
def test_a_data_folder_is_named_by_its_path_or_a_url(tmp_path: Path, name: str, scheme: str) -> None:
    settings = load_settings({"PATCHBAY_INSTANCE": str(tmp_path)})
    assert place_of(f"{scheme}{tmp_path}/there{name}", settings).instance == tmp_path / "there"


def test_a_folder_with_another_key_is_refused(source: Place, copy_to: Run, tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()
    create_private_file(there / "secret.key", f"{OTHER_KEY}\n".encode())
    result = copy_to(there)
    assert (result.exit_code, "has another key" in result.output) == (2, True)
    assert not (there / DATABASE_NAME).exists()


def test_a_server_that_does_not_answer_is_told_without_its_password(source: Place, copy_to: Run) -> None:
    result = copy_to("postgresql://someone:hush-hush@127.0.0.1:1/store")
    assert (result.exit_code, result.output) == (
        1, "Error: The database store: The database server cannot be reached.\n"
    )  # fmt: skip


@pytest.mark.postgresql
def test_a_store_moves_to_a_server_and_back(
    source: Place,
    copy_to: Run,
    tmp_path: Path,
    server_databases: TestDatabases,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = server_databases.make_empty(tmp_path)
    there, back = postgresql_place(url, tmp_path), sqlite_place(tmp_path / "back")
    result = copy_to(url)
    assert (result.exit_code, "Set PATCHBAY_DATABASE_URL to it" in result.stdout) == (0, True)
    monkeypatch.setenv("PATCHBAY_DATABASE_URL", url)
    assert copy_to(back.instance).exit_code == 0
    assert rows_of(source) == rows_of(there) == rows_of(back)
    assert [len(entries_at(place)) for place in (source, there, back)] == [1, 2, 2]
    with pytest.raises(ConfigurationError):
        place_of("postgres://", load_settings({"PATCHBAY_INSTANCE": str(tmp_path)}))
    assert started(back) == back
