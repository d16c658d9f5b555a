"""Databases that are migrated already, so that not every test has to run all migrations."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from flask import Flask

from plugin_store.engine.opening import init_database
from plugin_store.engine.sqlite import database, file
from plugin_store.engine.sqlite.file import DATABASE_NAME

IMPATIENCE_SECONDS = 0.05


def seed_database(folder: Path) -> None:
    """Puts a new database into the data folder, as a first start would leave it, unless there is one.

    Where it cannot be written nothing is left, for the start itself to meet the same trouble.
    """
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
    for module in (database, file):
        monkeypatch.setattr(module, "BUSY_TIMEOUT_SECONDS", IMPATIENCE_SECONDS)
    monkeypatch.setitem(database.ENGINE_OPTIONS["connect_args"], "timeout", IMPATIENCE_SECONDS)


@cache
def _migrated() -> bytes:
    folder = Path(tempfile.mkdtemp())
    try:
        init_database(Flask("seed"), folder).close()
        return (folder / DATABASE_NAME).read_bytes()
    finally:
        shutil.rmtree(folder)
