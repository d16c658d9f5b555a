"""A backup is made while servers write, and what is restored from it is the same."""

from __future__ import annotations

import os
import sqlite3
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from flask import Flask

from errors import StorageFailed
from integrations.backup import making
from integrations.backup.archive import check_archive
from integrations.backup.making import make_backup
from integrations.backup.restoring import restore_backup
from integrations.backup.schedule import BackupPlan, BackupSchedule
from plugin_store.engine.migrating import config_of
from plugin_store.engine.opening import MIGRATIONS_FOLDER, db, init_database, known_revisions, newest_revision
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.engine.sqlite.snapshot import PAGES_AT_ONCE, copy_database, read_revision
from settings import ConfigurationError, Settings
from tests.conftest import TOKEN, Client, Person
from tests.integrations.provisioning.setups import WEATHER
from web.cli.backup_commands import ProgressLine, lines_of_secrets, migrate

pytestmark = pytest.mark.sqlite

NOW = 1_767_323_045.0
KEY = "k-3v9Qs7w1Zp5"


@pytest.fixture
def used(app: Flask, client: Client) -> Flask:
    """A server with a plugin, a secret, a sign-in and an artifact."""
    client.post("/plugins/register", WEATHER)
    client.put("/integrations/weather/secrets/api_key", {"value": KEY})
    Person(app)
    bodies = app.extensions["patchbay"].caching.artifacts._bodies
    bodies.set("small", b"body", 3600)
    bodies.set("large", b"b" * 100_000, 3600)
    return app


def folder_of(app: Flask) -> Path:
    return app.extensions["patchbay"].settings.instance


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def test_a_restored_backup_is_the_same_server(used: Flask, settings: Settings, make_app: Any, tmp_path: Path):
    archive = tmp_path / "b.tar.gz"
    contents = make_backup(folder_of(used), archive, NOW, with_artifacts=True)
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert check_archive(archive) == contents
    assert (contents.schema, contents.artifacts) == (newest_revision(MIGRATIONS_FOLDER), True)

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.key").write_bytes((folder_of(used) / "secret.key").read_bytes())
    (elsewhere / "secret.key").chmod(0o600)
    told: list[tuple[int, int]] = []
    restored = restore_backup(archive, elsewhere, {"secret.key"}, migrate, lambda *done: told.append(done))
    assert restored == contents
    assert told[-1] == (contents.size_bytes, contents.size_bytes)

    other = make_app(replace(settings, instance=elsewhere, secret_key_file=elsewhere / "secret.key"))
    services = other.extensions["patchbay"]
    assert Client(other).get("/plugins/weather").json["manifest"] == WEATHER["manifest"]
    assert services.store.vault.open_secret(1, "weather", "api_key").value == KEY
    assert services.caching.artifacts._bodies.get_all(["small", "large"]) == {
        "small": b"body",
        "large": b"b" * 100_000,
    }
    # A sign-in belongs to the server that it was made at.
    assert Client(other).get("/sessions").json == []


def test_a_backup_has_neither_the_key_nor_the_token(used: Flask, tmp_path: Path):
    folder = folder_of(used)
    (folder / "token").write_text(TOKEN)
    archive = tmp_path / "b.tar"
    make_backup(folder, archive, NOW, with_artifacts=True)
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert names[:2] == ["manifest.json", DATABASE_NAME]
    assert {name.split("/")[0] for name in names} == {"manifest.json", DATABASE_NAME, "cache"}
    data = archive.read_bytes()
    for secret in (TOKEN.encode(), (folder / "secret.key").read_bytes().strip(), KEY.encode()):
        assert secret not in data


def test_nothing_is_left_of_a_backup_but_the_archive(used: Flask, tmp_path: Path):
    before = names_in(folder_of(used))
    (folder_of(used) / ".backup-0123456789abcdef").mkdir()
    make_backup(folder_of(used), tmp_path / "b.tar", NOW, with_artifacts=True)
    assert names_in(folder_of(used)) - before == {".backup.lock"}


def test_without_artifacts_their_rows_are_left_out_too(used: Flask, tmp_path: Path):
    row = ("k", 1, "weather", "current", "{}", 1.0, 2.0, 3.0, 4.0, 5, "application/json", 1.0)
    with used.extensions["patchbay"].database.raw_write() as connection:
        connection.execute(
            "INSERT INTO integration_artifacts (parameters_hash, workspace_id, plugin_id, block_id, parameters, fetched_at,"
            " expires_at, stale_until, kept_until, size_bytes, content_type, last_used_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            row,
        )
    for with_artifacts, rows in ((True, 1), (False, 0)):
        archive, folder = tmp_path / f"{with_artifacts}.tar", tmp_path / f"restored-{with_artifacts}"
        make_backup(folder_of(used), archive, NOW, with_artifacts=with_artifacts)
        restore_backup(archive, folder, (), migrate)
        with closing(sqlite3.connect(folder / DATABASE_NAME)) as connection:
            assert connection.execute("SELECT count(*) FROM integration_artifacts").fetchone() == (rows,)
        assert (folder / "cache").exists() is with_artifacts


def test_a_backup_is_of_one_moment_while_others_write(tmp_path: Path):
    source, target = tmp_path / "source.db", tmp_path / "target.db"
    with closing(sqlite3.connect(source, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE t (value INTEGER, filler BLOB)")
        writer.execute("BEGIN")
        writer.executemany("INSERT INTO t VALUES (1, ?)", [(b"x" * 4000,)] * (3 * PAGES_AT_ONCE))
        writer.execute("COMMIT")
        done: list[int] = []

        def write_in_between(pages: int, _total: int) -> None:
            done.append(pages)
            writer.execute("UPDATE t SET value = value + 1")

        copy_database(source, target, write_in_between)
    # Whoever writes does not make it begin again.
    assert done == sorted(set(done)) and len(done) > 3
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("SELECT DISTINCT value FROM t").fetchall() == [(1,)]


def test_an_existing_file_is_not_replaced(used: Flask, tmp_path: Path):
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(FileExistsError):
        make_backup(folder_of(used), tmp_path / "b.tar", NOW, with_artifacts=False)
    assert (tmp_path / "b.tar").read_text() == "mine"


def test_a_failed_backup_leaves_no_file(used: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    target = tmp_path / "backups"
    target.mkdir()

    def fail(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(making, "write_archive", fail)
    with pytest.raises(StorageFailed, match="No space left on device"):
        make_backup(folder_of(used), target / "b.tar", NOW, with_artifacts=False)
    with pytest.raises(StorageFailed):
        make_backup(folder_of(used), tmp_path / "missing" / "b.tar", NOW, with_artifacts=False)
    assert list(target.iterdir()) == []
    assert not list(folder_of(used).glob(".backup-*"))


def test_a_backup_that_was_written_wrong_is_noticed(
    used: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = making.write_archive

    def write_wrong(target: Any, name: str, folder: Path, contents: Any, told: Any) -> None:
        write(target, name, folder, contents, told)
        target.seek(20_000)
        target.write(b"\xff" * 512)

    monkeypatch.setattr(making, "write_archive", write_wrong)
    with pytest.raises(StorageFailed, match="not whole"):
        make_backup(folder_of(used), tmp_path / "b.tar", NOW, with_artifacts=False)
    assert not (tmp_path / "b.tar").exists()


def test_an_older_backup_is_migrated(tmp_path: Path, used: Flask, monkeypatch: pytest.MonkeyPatch):
    archive, older = tmp_path / "b.tar", known_revisions()[-2]
    shrink = making.shrink_copy

    def age(path: Path, statements: Any) -> None:
        app = Flask("older")
        database = init_database(app, path.parent)
        with app.app_context():
            command.downgrade(config_of(app, db, MIGRATIONS_FOLDER), older)
        database.close()
        shrink(path, statements)

    monkeypatch.setattr(making, "shrink_copy", age)
    assert make_backup(folder_of(used), archive, NOW, with_artifacts=False).schema == older
    restore_backup(archive, tmp_path / "restored", (), migrate)
    assert read_revision(tmp_path / "restored" / DATABASE_NAME) == newest_revision(MIGRATIONS_FOLDER)


def test_a_newer_backup_is_refused(tmp_path: Path, used: Flask, monkeypatch: pytest.MonkeyPatch):
    shrink = making.shrink_copy
    newer = "UPDATE alembic_version SET version_num = '9000'"
    monkeypatch.setattr(making, "shrink_copy", lambda path, statements: shrink(path, [*statements, newer]))
    make_backup(folder_of(used), tmp_path / "b.tar", NOW, with_artifacts=False)
    with pytest.raises(ConfigurationError, match=r"revision 9000\) are newer than this version's"):
        restore_backup(tmp_path / "b.tar", tmp_path / "restored", (), migrate)
    assert list((tmp_path / "restored").iterdir()) == []


def test_a_folder_that_holds_anything_is_refused(used: Flask, tmp_path: Path):
    archive = tmp_path / "b.tar"
    make_backup(folder_of(used), archive, NOW, with_artifacts=False)
    before = names_in(folder_of(used))
    with pytest.raises(ConfigurationError, match="is not empty"):
        restore_backup(archive, folder_of(used), {"secret.key", "token"}, migrate)
    assert names_in(folder_of(used)) == before


def test_a_failed_restore_leaves_nothing(used: Flask, tmp_path: Path):
    make_backup(folder_of(used), tmp_path / "b.tar", NOW, with_artifacts=True)
    target = tmp_path / "restored"

    def fail(_folder: Path) -> None:
        raise StorageFailed("The disk is full.")

    with pytest.raises(StorageFailed):
        restore_backup(tmp_path / "b.tar", target, (), fail)
    assert list(target.iterdir()) == []
    # A killed one left its staging.
    (target / ".restore-0123456789abcdef").mkdir()
    restore_backup(tmp_path / "b.tar", target, (), migrate)
    assert {path.name for path in target.iterdir()} == {DATABASE_NAME, "cache"}


def test_a_restore_tells_which_secrets_the_key_does_not_read(used: Flask, settings: Settings, tmp_path: Path):
    make_backup(folder_of(used), tmp_path / "b.tar", NOW, with_artifacts=False)
    elsewhere = replace(settings, instance=tmp_path / "r", secret_key_file=tmp_path / "r" / "secret.key")
    restore_backup(tmp_path / "b.tar", elsewhere.instance, (), migrate)
    assert lines_of_secrets(elsewhere)[:2] == [
        "1 secrets cannot be read with the key at hand:",
        "  weather: api_key",
    ]
    assert not elsewhere.secret_key_file.exists()
    at_hand = replace(elsewhere, secret_key_file=folder_of(used) / "secret.key")
    assert lines_of_secrets(at_hand) == ["All secrets can be read."]


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def test_backups_on_schedule_are_kept_up_to_a_number(
    used: Flask, client: Client, tmp_path: Path, caplog: Any
):
    clock, folder = Clock(), tmp_path / "backups"
    schedule = BackupSchedule(folder_of(used), BackupPlan(folder, 3600, 2), clock)
    other = BackupSchedule(folder_of(used), BackupPlan(folder, 3600, 2), clock)
    made = []
    for passed in (0, 1800, 1800, 3600, 3600):
        clock.now += passed
        made.append(schedule.look())
        # Another process does not make one, too.
        assert other.look() is None
        if passed == 0:
            (folder / "mine.tar.gz").write_text("kept")
    assert [path.name if path else None for path in made] == [
        "patchbay-20260102T030405Z.tar.gz",
        None,
        "patchbay-20260102T040405Z.tar.gz",
        "patchbay-20260102T050405Z.tar.gz",
        "patchbay-20260102T060405Z.tar.gz",
    ]
    assert {path.name for path in folder.iterdir()} == {made[-1].name, made[-2].name, "mine.tar.gz"}
    check_archive(made[-1])
    told = client.get("/about").json["backup"]
    assert (told["last_at"], told["last_path"], told["error"]) == (
        "2026-01-02T06:04:05.000Z",
        str(made[-1]),
        None,
    )
    schedule.close()
    # A start finds the backups that are there.
    clock.now += 60
    assert other.look() is None
    clock.now += 3600
    assert other.look() is not None
    other.close()


def test_a_failure_is_told_once_and_tried_again(used: Flask, client: Client, tmp_path: Path, caplog: Any):
    clock, folder = Clock(), tmp_path / "backups"
    folder.write_text("no folder")
    schedule = BackupSchedule(folder_of(used), BackupPlan(folder, 3600, 2), clock)
    for _ in range(3):
        assert schedule.look() is None
        clock.now += 3600
    assert [record.levelname for record in caplog.records if "No backup can be made" in record.message] == [
        "ERROR"
    ]
    told = client.get("/about").json["backup"]
    assert told["failed_at"] == "2026-01-02T05:04:05.000Z" and "backups" in told["error"]
    folder.unlink()
    assert schedule.look() is not None
    assert client.get("/about").json["backup"]["error"] is None
    schedule.close()


def test_a_running_schedule_ends_with_the_server(used: Flask, tmp_path: Path):
    schedule = BackupSchedule(folder_of(used), BackupPlan(tmp_path / "b", 3600, 2), Clock())
    schedule.start()
    schedule.close()
    assert [path.suffix for path in (tmp_path / "b").iterdir()] == [".gz"]


def test_commands_make_and_restore_backups(
    used: Flask, tmp_path: Path, make_app: Callable[[Settings], Flask], monkeypatch: pytest.MonkeyPatch
):
    runner = used.test_cli_runner()
    archive = tmp_path / "b.tar.gz"
    made = runner.invoke(args=["backup", str(archive), "--artifacts"])
    assert made.exit_code == 0, made.output
    assert "is a verified backup of 3 files" in made.output
    assert runner.invoke(args=["backup", str(archive)]).exit_code == 1
    monkeypatch.setenv("PATCHBAY_INSTANCE", str(tmp_path / "restored"))
    monkeypatch.setenv("PATCHBAY_SECRET_KEY_FILE", str(folder_of(used) / "secret.key"))
    restored = runner.invoke(args=["restore", str(archive)])
    assert (restored.exit_code, restored.output.splitlines()[1:]) == (0, ["All secrets can be read."]), (
        restored.output
    )
    again = runner.invoke(args=["restore", str(archive)])
    assert (again.exit_code, "is not empty" in again.output) == (2, True)
    assert os.listdir(tmp_path / "restored").count(DATABASE_NAME) == 1  # noqa: PTH208


@pytest.mark.parametrize("is_terminal", [True, False])
def test_progress_is_drawn_at_a_terminal_only(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    line = ProgressLine()
    for done in (0, 1, 1, 2):
        line.draw("database", done, 2)
    line.end()
    drawn = [text for text in capsys.readouterr().err.replace("\x1b[K", "").split("\r") if text]
    assert drawn == (["database: 0 %", "database: 50 %", "database: 100 %"] if is_terminal else [])
