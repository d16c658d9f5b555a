"""Archives that anybody may have written: nothing leaves the folder, fills the disk or is restored in part."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from integrations.backup import restoring
from integrations.backup.contents import FORMAT, FORMAT_VERSION
from integrations.backup.making import make_backup
from integrations.backup.restoring import restore_backup
from plugin_store.engine.files import make_instance_folder
from plugin_store.engine.opening import init_database
from plugin_store.engine.sqlite.file import DATABASE_NAME
from settings import ConfigurationError

GOOD_DATABASE = b"SQLite format 3\0"
VALUE = f"cache/ab/cd/{'0' * 28}.val"


def listed(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def manifest(files: list[dict[str, Any]], **changes: Any) -> bytes:
    value = {"format": FORMAT, "format_version": FORMAT_VERSION, "patchbay": "1.0.0", "schema": "0012"}
    value |= {"created_at": "2026-01-02T03:04:05Z", "artifacts": True, "files": files, **changes}
    return json.dumps(value).encode()


def plain(name: str, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, data


def special(name: str, kind: bytes, target: str = "/etc/passwd") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def archive_of(*members: tuple[tarfile.TarInfo, bytes], form: int = tarfile.GNU_FORMAT) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=form) as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return target.getvalue()


def with_file(name: str, data: bytes = b"x") -> bytes:
    files = [listed(DATABASE_NAME, GOOD_DATABASE), listed(name, data)]
    return archive_of(
        plain("manifest.json", manifest(files)), plain(DATABASE_NAME, GOOD_DATABASE), plain(name, data)
    )


def only_database(data: bytes = GOOD_DATABASE, **changes: Any) -> bytes:
    files = changes.pop("files", [listed(DATABASE_NAME, data)])
    return archive_of(plain("manifest.json", manifest(files, **changes)), plain(DATABASE_NAME, data))


def replaced(*members: tuple[tarfile.TarInfo, bytes], size: int = 1) -> bytes:
    """What the manifest lists as a cached body is something else."""
    files = [listed(DATABASE_NAME, GOOD_DATABASE), {**listed(VALUE, b"x"), "size": size}]
    return archive_of(plain("manifest.json", manifest(files)), plain(DATABASE_NAME, GOOD_DATABASE), *members)


def pax_bomb() -> bytes:
    info, data = plain(DATABASE_NAME, GOOD_DATABASE)
    info.pax_headers = {"comment": "x" * 1_000_000}
    good = manifest([listed(DATABASE_NAME, GOOD_DATABASE)])
    return archive_of(plain("manifest.json", good), (info, data), form=tarfile.PAX_FORMAT)


def huge_manifest() -> bytes:
    info = tarfile.TarInfo("manifest.json")
    info.size = 1 << 40
    return info.tobuf(tarfile.GNU_FORMAT) + b"x" * 512


HOSTILE: dict[str, Callable[[], bytes]] = {
    "a parent folder": lambda: with_file("../evil"),
    "a parent folder inside": lambda: with_file("cache/../../evil"),
    "an absolute path": lambda: with_file("/tmp/evil"),
    "the key": lambda: with_file("secret.key"),
    "the token": lambda: with_file("token"),
    "a line break": lambda: with_file(f"{VALUE}\n"),
    "a symbolic link": lambda: replaced(special(VALUE, tarfile.SYMTYPE), size=0),
    "a hard link": lambda: replaced(special(VALUE, tarfile.LNKTYPE, DATABASE_NAME), size=0),
    "a device": lambda: replaced(special(VALUE, tarfile.CHRTYPE), size=0),
    "a folder": lambda: replaced(special(VALUE, tarfile.DIRTYPE), size=0),
    "a fifo": lambda: replaced(special(VALUE, tarfile.FIFOTYPE), size=0),
    "a sparse file": lambda: replaced(special(VALUE, tarfile.GNUTYPE_SPARSE), size=0),
    "a linked database": lambda: archive_of(
        plain("manifest.json", manifest([listed(DATABASE_NAME, b"")])),
        special(DATABASE_NAME, tarfile.SYMTYPE),
    ),
    "another file than listed": lambda: replaced(plain("cache/cache.db", b"x")),
    "another size than listed": lambda: replaced(plain(VALUE, b"xx")),
    "other bytes than listed": lambda: replaced(plain(VALUE, b"y")),
    "a file twice": lambda: only_database(files=[listed(DATABASE_NAME, GOOD_DATABASE)] * 2),
    "no database": lambda: only_database(files=[]),
    "a missing file": replaced,
    "a pax header of a megabyte": pax_bomb,
    "a manifest of a terabyte": huge_manifest,
    "more than the disk holds": lambda: only_database(
        files=[{**listed(DATABASE_NAME, b""), "size": 1 << 60}]
    ),
    "a negative size": lambda: only_database(files=[{**listed(DATABASE_NAME, b""), "size": -1}]),
    "a size that is a text": lambda: only_database(files=[{**listed(DATABASE_NAME, b""), "size": "1"}]),
    "a checksum that is none": lambda: only_database(files=[{**listed(DATABASE_NAME, b""), "sha256": "x"}]),
    "no list": lambda: only_database(files="all"),
    "a list of texts": lambda: only_database(files=["a"]),
    "a version with control characters": lambda: only_database(patchbay="1.0\x1b[2J"),
    "a newer schema": lambda: only_database(schema="9999"),
    "a newer format": lambda: only_database(format_version=2),
    "another format": lambda: only_database(format="zip"),
    "a manifest that is no object": lambda: archive_of(plain("manifest.json", b"[]")),
    "a manifest that is no JSON": lambda: archive_of(plain("manifest.json", b"{")),
    "a deep manifest": lambda: archive_of(plain("manifest.json", b"[" * 100_000)),
    "no manifest first": lambda: archive_of(plain(DATABASE_NAME, GOOD_DATABASE)),
    "a database that is none": only_database,
    "nothing": lambda: b"",
    "noise": lambda: b"noise" * 1000,
    "a truncated gzip": lambda: gzip.compress(only_database())[:-20],
    "a broken gzip": lambda: gzip.compress(b"x" * 100)[:12] + b"\xff" * 50,
    "a gzip of zeros": lambda: gzip.compress(b"\0" * 50_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_and_leaves_nothing(tmp_path: Path, name: str):
    archive, instance = tmp_path / "b.tar", tmp_path / "data" / "instance"
    archive.write_bytes(HOSTILE[name]())
    instance.parent.mkdir()
    with pytest.raises(Exception) as refused:
        restore_backup(archive, instance, (), _never)
    assert type(refused.value).__name__ in ("ConfigurationError", "StorageFailed")
    assert "\x1b" not in str(refused.value)
    assert list(instance.iterdir()) == []
    assert [path.name for path in instance.parent.iterdir()] == ["instance"]


def _never(_folder: Path) -> None:
    pytest.fail("what was refused is not migrated")


def test_every_truncation_is_noticed(tmp_path: Path):
    whole = with_file(VALUE, b"x" * 600)
    needed = len(whole) - whole[::-1].find(b"x")
    for size in range(0, needed, 97):
        (tmp_path / "b.tar").write_bytes(whole[:size])
        with pytest.raises(ConfigurationError):
            restore_backup(tmp_path / "b.tar", tmp_path / "r", (), _never)
        assert list((tmp_path / "r").iterdir()) == []


def test_every_changed_byte_of_a_file_is_noticed(tmp_path: Path):
    whole = bytearray(with_file(VALUE, bytes(range(256))))
    start = bytes(whole).find(bytes(range(256)))
    for at in range(start, start + 256, 31):
        whole[at] ^= 1
        (tmp_path / "b.tar").write_bytes(bytes(whole))
        with pytest.raises(ConfigurationError, match="checksum differs"):
            restore_backup(tmp_path / "b.tar", tmp_path / "r", (), _never)
        whole[at] ^= 1


def test_a_linked_data_folder_entry_is_no_empty_folder(tmp_path: Path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / ".restore-x").symlink_to(tmp_path)
    (tmp_path / "b.tar").write_bytes(only_database())
    with pytest.raises(ConfigurationError, match="is not empty"):
        restore_backup(tmp_path / "b.tar", tmp_path / "r", (), _never)


class TestServerThatStarts:
    """A server that is started on the folder while a backup is restored into it keeps its own store."""

    @pytest.fixture
    def archive(self, tmp_path: Path) -> Path:
        make_instance_folder(tmp_path / "source")
        init_database(Flask("source"), tmp_path / "source").close()
        make_backup(tmp_path / "source", tmp_path / "b.tar", 0.0, with_artifacts=False)
        return tmp_path / "b.tar"

    def test_before_the_files_are_moved(self, archive: Path, tmp_path: Path):
        instance, started = tmp_path / "instance", []

        def start(_staging: Path) -> None:
            started.append(init_database(Flask("server"), instance))

        with pytest.raises(ConfigurationError, match="is not empty"):
            restore_backup(archive, instance, (), start)
        self.require_own(started.pop(), instance)

    @pytest.mark.parametrize("has_links", [True, False])
    def test_at_the_last_moment(
        self, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
    ):
        instance, move = tmp_path / "instance", restoring._move_new
        started: list[Any] = []

        def start_and_move(source: Path, target: Path) -> None:
            started.append(init_database(Flask("server"), instance))
            move(source, target)

        def refuse(*_given: Any) -> None:
            raise PermissionError

        monkeypatch.setattr(restoring, "_move_new", start_and_move)
        if not has_links:
            monkeypatch.setattr("os.link", refuse)
        with pytest.raises(ConfigurationError, match="was put to use during the restore"):
            restore_backup(archive, instance, (), lambda _staging: None)
        self.require_own(started.pop(), instance)

    def test_without_hard_links_an_empty_folder_is_restored(
        self, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        def refuse(*_given: Any) -> None:
            raise PermissionError

        monkeypatch.setattr("os.link", refuse)
        restore_backup(archive, tmp_path / "instance", (), lambda _staging: None)
        assert {path.name for path in (tmp_path / "instance").iterdir()} == {DATABASE_NAME}

    def require_own(self, database: Any, instance: Path) -> None:
        """That the server's store is still the one that it opened, and whole."""
        with database.raw_write() as connection:
            connection.execute("UPDATE store_revision SET revision = 4711")
        database.close()
        again = init_database(Flask("again"), instance)
        assert again.query("SELECT revision FROM store_revision", ()) == [(4711,)]
        assert again.query("PRAGMA integrity_check", ()) == [("ok",)]
        again.close()
        assert not list(instance.glob(".restore-*"))
