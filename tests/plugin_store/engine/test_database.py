"""The database's promises: no lost write, one number for every change, clear words when storage fails."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from errors import StorageFailed
from plugin_store.engine import write_lock
from plugin_store.engine.database import Database
from plugin_store.engine.opening import init_database
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.engine.sqlite.location import SqliteFile
from tests.databases import make_impatient
from tests.plugin_store.conftest import NOTEBOOK, WORKSPACE, Store
from tests.plugin_store.engine.processes import finish, start_python
from tests.plugin_store.manifests import view, weather

COUNT_UP = """
import sys, threading
from pathlib import Path
from flask import Flask
from sqlalchemy import text
from plugin_store.engine.opening import init_database
database = init_database(Flask("counter"), Path(sys.argv[1]))
def count():
    for _ in range(int(sys.argv[2])):
        with database.writing() as session:
            seen = session.scalar(text("SELECT name FROM workspaces WHERE id = 1"))
            session.execute(text("UPDATE workspaces SET name = :name WHERE id = 1"), {"name": str(int(seen) + 1)})
threads = [threading.Thread(target=count) for _ in range(4)]
sys.stdin.readline()
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


@pytest.mark.sqlite
def test_eight_hundred_changes_by_two_processes_lose_none(store: Store) -> None:
    store.execute("UPDATE workspaces SET name = '0' WHERE id = 1")
    processes = [start_python(COUNT_UP, store.folder, 100) for _ in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        finish(process)
    assert store.rows("SELECT name FROM workspaces WHERE id = 1") == [("800",)]


def test_changes_of_one_row_by_many_threads_lose_none(store: Store) -> None:
    store.registry.register(weather())
    errors: list[BaseException] = []

    def change(key: str) -> None:
        try:
            for number in range(1, 21):
                store.configs.change_state("weather", NOTEBOOK, {"enabled": number % 2 == 0})
                with store.database.writing() as session:
                    counted = session.scalar(text("SELECT name FROM notebooks WHERE id = 1")) or ""
                    session.execute(text("UPDATE notebooks SET name = :name"), {"name": counted + key})
        except BaseException as error:
            errors.append(error)

    store.execute("UPDATE notebooks SET name = ''")
    threads = [threading.Thread(target=change, args=(key,)) for key in "abcdefgh"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    ((name,),) = store.rows("SELECT name FROM notebooks WHERE id = 1")
    assert {key: name.count(key) for key in "abcdefgh"} == dict.fromkeys("abcdefgh", 20)


def test_a_failed_write_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.database.writing() as session:
        session.execute(text("DELETE FROM notebooks"))
        _ = 1 / 0
    assert store.rows("SELECT count(*) FROM notebooks") == [(1,)]


@pytest.mark.sqlite
def test_a_failed_jotting_leaves_nothing_and_the_next_one_works(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.database.raw_write() as connection:
        connection.execute("DELETE FROM notebooks")
        _ = 1 / 0
    assert store.rows("SELECT count(*) FROM notebooks") == [(1,)]
    with store.database.raw_write() as connection:
        assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
        connection.execute("UPDATE notebooks SET name = 'jotted'")
    assert store.rows("SELECT name FROM notebooks") == [("jotted",)]


def test_jottings_and_other_writes_lose_none_of_each_other(store: Store) -> None:
    def jot() -> None:
        for _ in range(50):
            with store.database.raw_write() as connection:
                ((seen,),) = connection.execute("SELECT name FROM workspaces").fetchall()
                connection.execute("UPDATE workspaces SET name = ?", (str(int(seen) + 1),))

    def write() -> None:
        for _ in range(50):
            with store.database.writing() as session:
                seen = session.scalar(text("SELECT name FROM workspaces"))
                session.execute(text("UPDATE workspaces SET name = :name"), {"name": str(int(seen or 0) + 1)})

    store.execute("UPDATE workspaces SET name = '0'")
    threads = [threading.Thread(target=work) for work in (jot, write, jot, write)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.rows("SELECT name FROM workspaces") == [("200",)]


def test_a_read_sees_one_moment(store: Store) -> None:
    with store.database.reading() as session:
        before = session.scalar(text("SELECT count(*) FROM workspaces"))
        store.execute("INSERT INTO workspaces (name, created_at) VALUES ('new', 1)")
        assert session.scalar(text("SELECT count(*) FROM workspaces")) == before


@pytest.mark.sqlite
def test_every_connection_keeps_to_our_rules(store: Store) -> None:
    # Open at once, so that no one of them is the pooled connection that migrated.
    with ExitStack() as stack:
        sessions = [stack.enter_context(store.database.reading()) for _ in range(3)]
        sessions.append(stack.enter_context(store.database.writing()))
        for session in sessions:
            pragmas = [session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "foreign_keys")]
            assert pragmas == ["wal", 1]


CHANGES: dict[str, Callable[[Store], object]] = {
    "declare": lambda store: store.registry.register(view("new")),
    "declare anew": lambda store: store.registry.register(weather(version="2.0.0")),
    "forget": lambda store: store.registry.forget("weather"),
    "workspace values": lambda store: store.configs.change_state(
        "weather", WORKSPACE, {"config": {"days": 9}}
    ),
    "notebook switch": lambda store: store.configs.change_state("weather", NOTEBOOK, {"enabled": False}),
    "secret": lambda store: store.configs.enter_secret("weather", WORKSPACE, "api_key", "s"),
    "workspace": lambda store: store.execute("UPDATE workspaces SET name = 'other'"),
    "notebook": lambda store: store.execute("DELETE FROM notebooks"),
    "epoch": lambda store: store.execute("UPDATE plugins SET artifacts_epoch = 'other'"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_raises_the_revision(store: Store, name: str) -> None:
    store.registry.register(weather())
    before = store.database.revision()
    assert store.database.revision() == before
    CHANGES[name](store)
    assert store.database.revision() > before


def test_what_changes_nothing_keeps_the_revision(store: Store) -> None:
    store.registry.register(weather())
    before = store.database.revision()
    store.registry.register(weather())
    store.configs.replace_config("weather", WORKSPACE, store.configs.get_config("weather", WORKSPACE).config)
    store.execute(
        "INSERT INTO plugin_api_logs (at, workspace_id, plugin_id, endpoint_id, cause, duration_ms, response_bytes)"
        " VALUES (1, 1, 'weather', 'now', 'live', 1, 1)"
    )
    store.execute(
        "INSERT INTO integration_artifacts (parameters_hash, workspace_id, plugin_id, parameters, fetched_at,"
        " expires_at, stale_until, size_bytes, content_type, last_used_at)"
        " VALUES ('h', 1, 'weather', '{}', 1, 1, 1, 1, 'text/plain', 1)"
    )
    assert store.database.revision() == before


@pytest.mark.sqlite
def test_another_process_and_every_thread_see_the_revision(store: Store) -> None:
    before = store.database.revision()
    finish(
        start_python(
            "import sqlite3, sys\n"
            "connection = sqlite3.connect(sys.argv[1])\n"
            "connection.execute(\"UPDATE workspaces SET name = 'elsewhere'\")\n"
            "connection.commit()",
            store.folder / DATABASE_NAME,
        )
    )
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(store.database.revision())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [*seen, store.database.revision()] == [before + 1] * 5


def test_what_is_remembered_is_forgotten_with_the_next_change(store: Store) -> None:
    loads: list[int] = []

    def load() -> int:
        loads.append(1)
        return len(loads)

    assert [store.database.memo.get("key", load) for _ in range(3)] == [1, 1, 1]
    store.execute("UPDATE workspaces SET name = 'other'")
    assert store.database.memo.get("key", load) == 2


@pytest.mark.sqlite
def test_a_full_disk_is_a_clear_failure_and_loses_nothing_else(store: Store) -> None:
    with pytest.raises(StorageFailed) as failure, store.database.writing() as session:
        session.execute(text("PRAGMA max_page_count = 1"))
        session.execute(text("UPDATE workspaces SET name = :name"), {"name": "secret" * 100_000})
    assert failure.value.detail == "The disk is full."
    assert store.rows("SELECT name FROM workspaces") == [("Default",)]


@pytest.mark.sqlite
def test_a_locked_database_is_a_clear_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_impatient(monkeypatch)
    database = init_database(Flask("impatient"), tmp_path)
    other = sqlite3.connect(tmp_path / DATABASE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StorageFailed, match="busy"), database.writing() as session:
        session.execute(text("DELETE FROM notebooks"))
    with pytest.raises(StorageFailed, match="busy"), database.raw_write() as connection:
        connection.execute("DELETE FROM notebooks")
    other.execute("ROLLBACK")
    other.close()
    with database.writing() as session:
        session.execute(text("DELETE FROM notebooks"))
    with database.raw_write() as connection:
        connection.execute("DELETE FROM notebooks")
    database.close()


def test_a_thread_that_waits_too_long_for_its_turn_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_lock, "BUSY_TIMEOUT_SECONDS", 0.05)
    holds, done = threading.Event(), threading.Event()

    def hold() -> None:
        with store.database.writing():
            holds.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holds.wait(10)
    with pytest.raises(StorageFailed, match="busy"), store.database.writing():
        pass
    done.set()
    holder.join()


@pytest.mark.sqlite
def test_a_damaged_database_is_a_clear_failure(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"not a database, but long enough to be taken for one" * 100)
    with pytest.raises(StorageFailed, match="damaged"):
        init_database(Flask("damaged"), tmp_path)


@pytest.mark.sqlite
def test_a_folder_that_is_not_there_is_a_clear_failure(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match="cannot be written"):
        init_database(Flask("nowhere"), tmp_path / "missing")


@pytest.mark.sqlite
def test_only_a_folder_that_cannot_be_written_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="a migration"), SqliteFile(tmp_path).taking_turns():
        raise FileNotFoundError("a migration")
    with SqliteFile(tmp_path).taking_turns():
        assert (tmp_path / DATABASE_NAME).exists()


def test_only_the_owner_reads_the_files(store: Store) -> None:
    store.registry.register(weather())
    modes = {path.name: path.stat().st_mode & 0o077 for path in store.folder.iterdir()}
    assert set(modes.values()) == {0}, modes


@pytest.mark.sqlite
def test_an_unknown_table_is_our_mistake_and_no_storage_failure(store: Store) -> None:
    with pytest.raises(Exception, match="no such table"):
        store.rows("SELECT * FROM missing")


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from flask import Flask
from sqlalchemy import text
from plugin_store.engine.opening import init_database
database = init_database(Flask("writer"), Path(sys.argv[1]))
for number in range(100_000):
    with database.writing() as session:
        session.execute(text("INSERT INTO workspaces (name, created_at) VALUES (:n, 1)"), {"n": str(number)})
    print(number, flush=True)
"""


@pytest.mark.sqlite
def test_a_killed_process_keeps_every_write_it_acknowledged(store: Store) -> None:
    acknowledged = 0
    for _ in range(3):
        store.execute("DELETE FROM workspaces WHERE id > 1")
        process = start_python(WRITE_UNTIL_KILLED, store.folder)
        assert process.stdout is not None
        for _ in range(40):
            acknowledged = int(process.stdout.readline())
        process.kill()
        rest, _ = process.communicate()
        acknowledged = max([acknowledged, *(int(line) for line in rest.splitlines() if line)])
        kept = {int(name) for (name,) in store.rows("SELECT name FROM workspaces WHERE id > 1")}
        assert kept >= set(range(acknowledged + 1))
        assert store.rows("PRAGMA integrity_check") == [("ok",)]


def test_the_size_of_the_store_is_known(store: Store) -> None:
    before = store.database.size_bytes()
    store.execute("UPDATE workspaces SET name = :name", name="x" * 10_000_000)
    assert store.database.size_bytes() > before > 1000


def test_closing_lets_go_of_the_files(store: Store) -> None:
    store.database.revision()
    store.database.close()
    assert isinstance(store.database, Database)
    assert store.database.revision() >= 0
