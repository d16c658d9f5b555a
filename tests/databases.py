"""Databases that are migrated already, so that not every test has to run all migrations."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Collection
from contextlib import suppress
from functools import cache, cached_property
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from flask import Flask
from sqlalchemy import make_url

from plugin_store.engine import write_lock
from plugin_store.engine.location import Location
from plugin_store.engine.opening import init_database, init_location
from plugin_store.engine.postgresql.location import PostgresqlServer
from plugin_store.engine.sqlite import database, file
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.engine.sqlite.location import SqliteFile

IMPATIENCE_SECONDS = 0.05
SERVER = os.environ.get("PATCHBAY_TEST_DATABASE_URL")
"""Where the tests run on PostgreSQL: a server on which databases may be created."""


def seed_database(folder: Path) -> None:
    """Puts a new database into the data folder, as a first start would leave it, unless there is one.

    Where it cannot be written nothing is left, for the start itself to meet the same trouble.
    """
    if not SERVER:
        seed_file(folder)


def seed_file(folder: Path) -> None:
    """The same on SQLite, wherever the tests run."""
    path = folder / DATABASE_NAME
    try:
        if path.exists():
            return
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(_migrated())
    except OSError:
        with suppress(OSError):
            path.unlink()


def make_impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No database that is opened from now on waits long for another that writes."""
    for module in (write_lock, database, file):
        monkeypatch.setattr(module, "BUSY_TIMEOUT_SECONDS", IMPATIENCE_SECONDS)
    monkeypatch.setitem(database.ENGINE_OPTIONS["connect_args"], "timeout", IMPATIENCE_SECONDS)


class TestDatabases:
    """Databases on a server, in place of files: one for each data folder, made from a migrated one."""

    __test__ = False

    present: ClassVar[TestDatabases | None] = None
    """Those of this process."""

    def __init__(self, url: str) -> None:
        TestDatabases.present = self
        self._url = make_url(url)
        self._made: dict[Path, str] = {}

    def locate(self, folder: Path, url: str | None) -> Location:
        """Takes the place of `opening.locate`."""
        return PostgresqlServer(url or self.url_of(folder))

    def url_of(self, folder: Path) -> str:
        """The URL of the folder's database."""
        if folder not in self._made:
            self._make(folder, self._template)
        return self._url_named(self._made[folder])

    def make_empty(self, folder: Path) -> str:
        """The URL of a new database without tables for the folder."""
        self._make(folder, "template0")
        return self.url_of(folder)

    def _make(self, folder: Path, template: str) -> None:
        name = f"test_{secrets.token_hex(8)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._made[folder] = name

    def contents_of(self, folder: Path) -> dict[str, bytes]:
        """All rows of the folder's database, by table, with texts and bytes as they are; nothing if none was made."""
        if folder not in self._made:
            return {}
        url = self._url_named(self._made[folder]).replace("+psycopg", "")
        with psycopg.connect(url) as connection:
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            return {name: _dump(connection, name) for (name,) in tables}

    def folders(self) -> set[Path]:
        """Those that have a database."""
        return {*self._made}

    def drop_all(self, kept: Collection[Path] = ()) -> None:
        """Drops all but those of the folders in `kept`."""
        for folder in self.folders() - {*kept}:
            self._run(f"DROP DATABASE IF EXISTS {self._made.pop(folder)} WITH (FORCE)")

    def close(self) -> None:
        self.drop_all()
        if "_template" in self.__dict__:
            self._run(f"DROP DATABASE {self._template} WITH (FORCE)")

    @cached_property
    def _template(self) -> str:
        name = f"template_{secrets.token_hex(8)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template0")
        init_database(Flask("template"), Path(), self._url_named(name)).close()
        return name

    def _url_named(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(statement.encode())


def contents_of(instance: Path) -> dict[str, bytes]:
    """All that a data folder and its store keep, whatever the engine: by the path of a file, or by table."""
    contents = {str(path): path.read_bytes() for path in instance.rglob("*") if path.is_file()}
    databases = TestDatabases.present
    if databases is not None:
        contents |= databases.contents_of(instance)
    # Who looks for something that must not be there has to look at a store.
    assert "plugin_secrets" in contents or str(instance / DATABASE_NAME) in contents, "no store is there"
    return contents


def _dump(connection: psycopg.Connection[Any], table: str) -> bytes:
    # As text, bytes would be written in hexadecimal.
    statement = f"COPY {table} TO STDOUT (FORMAT binary)"
    with connection.cursor() as cursor, cursor.copy(statement.encode()) as rows:
        return b"".join(map(bytes, rows))


@cache
def _migrated() -> bytes:
    folder = Path(tempfile.mkdtemp())
    try:
        init_location(Flask("seed"), SqliteFile(folder)).close()
        return (folder / DATABASE_NAME).read_bytes()
    finally:
        shutil.rmtree(folder)
