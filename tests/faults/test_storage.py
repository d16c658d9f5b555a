"""A full disk, a read-only folder, a damaged database: reported clearly, and recovered from."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from pytest_httpserver import HTTPServer
from sqlalchemy import text

from app import close_app
from errors import StorageFailed
from plugin_store.engine.sqlite import database as database_module
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.engine.write_lock import BUSY
from settings import ConfigurationError, Settings
from tests.conftest import Client, RunningServer
from tests.databases import make_impatient
from tests.faults.disks import SmallDisk, as_nobody, set_writable, small_disk
from tests.faults.keeping import Keeping, through_client, through_server
from tests.server_forks import ForkedServer

READS = ("/plugins", "/integrations/svc", "/integrations/svc/config", "/workspaces")
STORAGE_FAILED = (503, "storage_failed")


def within(settings: Settings, folder: Path) -> Settings:
    """The same settings with all data below the folder."""
    return replace(settings, instance=folder / "instance", secret_key_file=folder / "instance" / "secret.key")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "small") as disk:
        yield disk


def test_a_full_disk_stops_writes_clearly_and_nothing_else(
    disk: SmallDisk,
    settings: Settings,
    start_server: Callable[[Settings], RunningServer],
    upstream: HTTPServer,
) -> None:
    server = start_server(within(settings, disk.folder))
    keeping = Keeping(upstream, through_server(server))
    keeping.declare()
    kept = ["small-0", "large-0"]
    assert keeping.render_all(kept) == {"MISS"}
    disk.fill()
    made = [keeping.ask("POST", "/workspaces", {"name": f"{number:0200}"}) for number in range(100)]
    refused = [(status, answer["code"]) for status, answer, _ in made if status != 201]
    assert set(refused) == {STORAGE_FAILED}
    assert keeping.render_all() == {"HIT", "MISS"}
    assert keeping.render_all(kept) == {"HIT"}
    assert [keeping.ask("GET", path, None)[0] for path in READS] == [200] * len(READS)
    disk.free()
    assert keeping.ask("POST", "/workspaces", {"name": "Again"})[0] == 201
    assert keeping.render_all(kept) == {"HIT"}
    keeping.wait_for_hits()
    with closing(sqlite3.connect(server.settings.instance / "patchbay.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        [(workspaces,)] = connection.execute("SELECT COUNT(*) FROM workspaces")
    # The first one, those that were acknowledged, and the last.
    assert workspaces == 1 + (len(made) - len(refused)) + 1


def test_a_start_on_a_full_disk_is_refused_clearly_and_loses_nothing(
    disk: SmallDisk, settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    settings = within(settings, disk.folder)
    disk.fill()
    with pytest.raises(ConfigurationError, match=r"full|cannot be written"):
        make_app(settings)
    disk.free()
    assert Client(make_app(settings)).get("/workspaces").status_code == 200


def test_a_folder_that_may_not_be_written_is_told_at_the_start(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    with as_nobody() as folder:
        app = make_app(within(settings, folder))
        assert Client(app).post("/workspaces", {"name": "Mine"}).status_code == 201
        close_app(app)
        set_writable(folder, False)
        for place in (folder, folder / "new"):
            with pytest.raises(ConfigurationError, match=r"data folder|a folder that you own"):
                make_app(within(settings, place))
        set_writable(folder, True)
        again = Client(make_app(within(settings, folder)))
        assert [item["name"] for item in again.get("/workspaces").json] == ["Default", "Mine"]


def test_a_folder_that_turns_read_only_stops_no_answer(
    settings: Settings, make_app: Callable[[Settings], Flask], upstream: HTTPServer
) -> None:
    with as_nobody() as folder:
        keeping = Keeping(upstream, through_client(Client(make_app(within(settings, folder)))))
        keeping.declare()
        kept = ["small-0", "large-0"]
        assert keeping.render_all(kept) == {"MISS"}
        set_writable(folder, False)
        for _ in range(2):
            assert keeping.render_all() == {"HIT", "MISS"}
            assert keeping.render_all(kept) == {"HIT"}
            # Files that were open before still take what is written.
            status, answer, _ = keeping.ask("POST", "/workspaces", {"name": "X"})
            assert status == 201 or (status, answer["code"]) == STORAGE_FAILED
        set_writable(folder, True)
        assert keeping.ask("POST", "/workspaces", {"name": "Again"})[0] == 201
        assert keeping.render_all(kept) == {"HIT"}
        keeping.wait_for_hits()


def test_no_connection_that_was_made_while_the_folder_was_read_only_stays_so(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    with as_nobody() as folder:
        app = make_app(within(settings, folder))
        database = app.extensions["patchbay"].database

        def use_many() -> None:
            with ExitStack() as open_at_once:
                for _ in range(database_module.POOL_SIZE):
                    open_at_once.enter_context(database.reading()).scalar(text("SELECT 1"))

        def write_raw() -> None:
            with database.raw_write() as connection:
                connection.execute("UPDATE store_revision SET revision = revision + 1")

        set_writable(folder, False)
        use_many()
        with pytest.raises(StorageFailed, match="read-only"):
            write_raw()
        set_writable(folder, True)
        for number in range(database_module.POOL_SIZE):
            assert Client(app).post("/workspaces", {"name": f"Again {number}"}).status_code == 201
            with database.reading() as session:
                session.scalar(text("SELECT 1"))
        write_raw()


def test_a_store_that_is_busy_stops_no_answer_and_the_log_says_so(
    settings: Settings,
    make_app: Callable[[Settings], Flask],
    upstream: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_impatient(monkeypatch)
    keeping = Keeping(upstream, through_client(Client(make_app(settings))))
    keeping.declare()
    path = settings.instance / DATABASE_NAME
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert keeping.render_all(["small-0"]) == keeping.render_all(["small-0"]) == {"MISS"}
        other.execute("ROLLBACK")
    told = [line for line in caplog.messages if "cannot be stored" in line]
    assert told == [f"An artifact of svc cannot be stored: {BUSY}"] * 2
    assert keeping.render_all(["small-0"]) == {"MISS"}
    assert keeping.render_all(["small-0"]) == {"HIT"}


def overwrite(path: Path) -> None:
    path.write_bytes(os.urandom(path.stat().st_size))


def cut(path: Path) -> None:
    os.truncate(path, 9000)


@pytest.mark.parametrize("damage", [overwrite, cut])
def test_a_damaged_database_is_told_and_never_replaced_by_an_empty_one(
    settings: Settings,
    make_app: Callable[[Settings], Flask],
    upstream: HTTPServer,
    damage: Callable[[Path], None],
) -> None:
    app = make_app(settings)
    Keeping(upstream, through_client(Client(app))).declare()
    close_app(app)
    database = settings.instance / "patchbay.db"
    whole = database.read_bytes()
    damage(database)
    damaged = database.read_bytes()
    started = ForkedServer({"PATCHBAY_INSTANCE": str(settings.instance), "PATCHBAY_PORT": "0"})
    assert started.communicate(timeout=40) == (
        "",
        "Error: The database file is damaged; restore it from a backup.\n",
    )
    assert started.returncode == 2
    assert database.read_bytes() == damaged
    database.write_bytes(whole)
    assert Client(make_app(settings)).get("/plugins/svc").status_code == 200


def test_a_database_damaged_while_it_runs_is_told_by_what_needs_it(
    settings: Settings, make_app: Callable[[Settings], Flask], upstream: HTTPServer
) -> None:
    client = Client(make_app(settings))
    keeping = Keeping(upstream, through_client(client))
    keeping.declare()
    for path in settings.instance.glob("patchbay.db*"):
        if not path.name.endswith("-shm"):
            overwrite(path)
    for method, path, body in (("GET", "/plugins", None), ("POST", "/workspaces", {"name": "X"})):
        status, answer, _ = keeping.ask(method, path, body)
        # What SQLite had read before may still do.
        assert status in (200, 201) or (status, answer["code"]) == STORAGE_FAILED
    assert client.open("/healthz").status_code == 200
