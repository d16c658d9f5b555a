"""The store on PostgreSQL: statements, errors, and what is known of the changes of others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import OperationalError

from errors import StorageFailed
from plugin_store.engine.database import Database
from plugin_store.engine.opening import init_database
from plugin_store.engine.postgresql import failures
from plugin_store.engine.postgresql.changes import Changes
from plugin_store.engine.postgresql.dialect import POSTGRESQL, to_driver_sql
from plugin_store.engine.postgresql.texts import escape, unescape
from plugin_store.models import Base, Workspace
from tests.databases import TestDatabases, contents_of
from tests.plugin_store.engine.processes import finish, start_python

needs_server = pytest.mark.postgresql


@pytest.mark.parametrize(
    ("ours", "drivers"),
    [
        ("SELECT a FROM t WHERE b = ? AND c < ?", "SELECT a FROM t WHERE b = %s AND c < %s"),
        ("UPDATE t SET a = :a WHERE id = :id_2", "UPDATE t SET a = %(a)s WHERE id = %(id_2)s"),
        ("SELECT a % 2 FROM t", "SELECT a %% 2 FROM t"),
        ("SELECT '?', ':a', '50%', 'it''s ?'", "SELECT '?', ':a', '50%%', 'it''s ?'"),
        ('SELECT "?" FROM t', 'SELECT "?" FROM t'),
        ("SELECT ?::json", "SELECT %s::json"),
    ],
)
def test_values_are_named_as_the_driver_reads_them(ours: str, drivers: str) -> None:
    assert to_driver_sql(ours) == drivers


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (psycopg.errors.LockNotAvailable(), failures.BUSY),
        (psycopg.errors.DeadlockDetected(), failures.BUSY),
        (psycopg.errors.DiskFull(), failures.FULL),
        (psycopg.errors.TooManyConnections(), failures.CROWDED),
        (psycopg.errors.ReadOnlySqlTransaction(), failures.READ_ONLY),
        (psycopg.errors.AdminShutdown(), failures.UNREACHABLE),
        (psycopg.errors.InvalidPassword(), failures.REFUSED),
        (psycopg.errors.DataCorrupted(), failures.DAMAGED),
        (psycopg.OperationalError("connection refused: 10.1.2.3"), failures.UNREACHABLE),
        (psycopg.OperationalError("FATAL:  password authentication failed for user"), failures.REFUSED),
        (psycopg.OperationalError("FATAL:  no pg_hba.conf entry for host"), failures.REFUSED),
        (psycopg.OperationalError("FATAL:  sorry, too many clients already"), failures.CROWDED),
        (psycopg.OperationalError("FATAL:  remaining connection slots are reserved"), failures.CROWDED),
        (psycopg.OperationalError("failed: server is in hot standby mode"), failures.READ_ONLY),
        (psycopg.OperationalError("FATAL:  the database system is starting up"), failures.UNREACHABLE),
        (OperationalError("SELECT 1", {}, psycopg.errors.DiskFull()), failures.FULL),
        (psycopg.errors.UniqueViolation(), None),
        (psycopg.errors.UndefinedTable(), None),
        (ValueError(), None),
    ],
)
def test_an_error_of_the_server_has_our_own_words(error: Exception, reason: str | None) -> None:
    assert failures.reason_of(error) == reason


@pytest.mark.parametrize(
    "text", ["", "plain", "a\0b", "\0\0", "\ufdd0", "\ufdd00", "\ufdd01\0\ufdd0", "0\0001"]
)
def test_any_text_can_be_escaped_and_comes_back(text: str) -> None:
    assert "\0" not in escape(text)
    assert unescape(escape(text)) == text


class Asked:
    """A database that counts how often it is asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"revision": 1, "snapshot": "1:1:"}
        self.count = 0

    def __call__(self, query: str, _parameters: tuple[Any, ...]) -> list[Any]:
        self.count += 1
        return [(self.answers["revision" if "store_revision" in query else "snapshot"],)]


def unreachable() -> Any:
    raise psycopg.OperationalError


@pytest.fixture
def changes() -> Iterator[Changes]:
    changes = Changes(unreachable)
    yield changes
    changes.close()


def test_while_nobody_listens_the_database_is_asked_each_time(changes: Changes) -> None:
    asked = Asked()
    before = changes.commits(asked)
    assert (changes.revision(asked), changes.commits(asked)) == (1, before)
    asked.answers = {"revision": 2, "snapshot": "1:2:"}
    assert changes.revision(asked) == 2
    assert changes.commits(asked) > before


def test_while_the_listener_lives_answers_come_from_memory_until_a_change_is_noted(changes: Changes) -> None:
    asked = Asked()
    changes.trust_until(float("inf"))
    before = changes.commits(asked)
    assert [changes.revision(asked) for _ in range(3)] == [1, 1, 1]
    assert asked.count == 1
    asked.answers["revision"] = 2
    changes.note()
    assert (changes.revision(asked), changes.commits(asked)) == (2, before + 1)


def test_an_answer_from_before_a_change_is_not_kept(changes: Changes) -> None:
    asked = Asked()
    changes.trust_until(float("inf"))

    def overtaken(query: str, parameters: tuple[Any, ...]) -> list[Any]:
        answer = asked(query, parameters)
        asked.answers["revision"] = 2
        changes.note()
        return answer

    assert changes.revision(overtaken) == 1
    assert changes.revision(asked) == 2


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = init_database(Flask("store"), tmp_path)
    yield database
    database.close()


def admin(databases: TestDatabases, folder: Path) -> psycopg.Connection[Any]:
    url = databases.url_of(folder).replace("+psycopg", "")
    return psycopg.connect(url, autocommit=True)


def wait_until_trusted(database: Any) -> None:
    """The listener has connected once answers come from memory."""
    database.commits()
    trusted = threading.Event()
    while not database._changes._is_trusted():
        trusted.wait(0.005)


@needs_server
def test_migrations_make_on_postgresql_what_the_models_say(
    database: Database, server_databases: TestDatabases, tmp_path: Path
) -> None:
    engine = create_engine(server_databases.url_of(tmp_path))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


START = """
import sys
from pathlib import Path
from flask import Flask
from plugin_store.engine.opening import init_database
sys.stdin.readline()
database = init_database(Flask("starter"), Path(), sys.argv[1])
print(database.query("SELECT id, name FROM workspaces", ()), database.query("SELECT count(*) FROM notebooks", ()))
"""


@needs_server
def test_ten_processes_that_start_at_once_make_one_store(
    server_databases: TestDatabases, tmp_path: Path
) -> None:
    url = server_databases.make_empty(tmp_path)
    processes = [start_python(START, url) for _ in range(10)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert {finish(process).strip() for process in processes} == {"[(1, 'Default')] [(1,)]"}


@needs_server
def test_a_change_of_another_process_is_notified(
    database: Database, server_databases: TestDatabases, tmp_path: Path
) -> None:
    wait_until_trusted(database)
    revision, commits, noted = database.revision(), database.commits(), threading.Event()
    with admin(server_databases, tmp_path) as other:
        other.execute("UPDATE workspaces SET name = 'elsewhere'")
        while database.commits() == commits:
            noted.wait(0.002)
    assert database.revision() == revision + 1


@needs_server
def test_connections_that_the_server_ends_are_replaced(
    database: Database, server_databases: TestDatabases, tmp_path: Path
) -> None:
    wait_until_trusted(database)
    with database.raw_write() as connection:
        connection.execute("UPDATE notebooks SET name = ?", ("one",))
    with database.reading() as session:
        session.scalar(text("SELECT 1"))
    with admin(server_databases, tmp_path) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert database.query("SELECT name FROM notebooks", ()) == [("one",)]
        with database.raw_write() as connection:
            connection.execute("UPDATE notebooks SET name = ?", ("two",))
        with database.writing() as session:
            assert session.scalar(text("SELECT name FROM notebooks")) == "two"
        other.execute("UPDATE notebooks SET name = 'three'")
    wait_until_trusted(database)
    assert database.query("SELECT name FROM notebooks", ()) == [("three",)]


@needs_server
def test_a_writer_waits_no_longer_than_its_time_and_recovers(
    database: Database, server_databases: TestDatabases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.raw_write() as connection:
        connection.execute("SET lock_timeout = 50")
    with admin(server_databases, tmp_path) as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(%s)", (int.from_bytes(b"patchbay"),))
        with pytest.raises(StorageFailed, match="busy"), database.raw_write():
            pass
    with database.raw_write() as connection:
        connection.execute("UPDATE notebooks SET name = 'mine'")
    assert database.query("SELECT name FROM notebooks", ()) == [("mine",)]


@needs_server
def test_a_failed_write_leaves_nothing_and_the_next_one_works(database: Database) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable), database.raw_write() as connection:
        connection.execute("DELETE FROM notebooks")
        connection.execute("DELETE FROM nothing")
    with (
        pytest.raises(psycopg.errors.InFailedSqlTransaction),
        database.raw_write() as connection,
        suppress(psycopg.errors.UndefinedTable),
    ):
        connection.execute("DELETE FROM nothing")
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        session.execute(text("DELETE FROM notebooks"))
        _ = 1 / 0
    assert database.query("SELECT count(*) FROM notebooks", ()) == [(1,)]


@needs_server
def test_sums_of_whole_numbers_are_whole_numbers_and_members_are_read(database: Database) -> None:
    query = POSTGRESQL.spell("SELECT sum(id), avg(id) FROM workspaces WHERE id IN ({numbers})")
    ((total, mean),) = database.query(query, ("[1, 2]",))
    assert (total, type(total), mean, type(mean)) == (1, int, 1.0, float)


@needs_server
def test_a_text_comes_back_whole_whoever_wrote_it(database: Database) -> None:
    text_with_nul = "a\0b\ufdd0"
    with database.writing() as session:
        session.add(Workspace(name=text_with_nul, created_at=1.0))
    with database.raw_write() as connection:
        connection.execute("UPDATE notebooks SET name = :name", {"name": text_with_nul})
    with database.reading() as session:
        assert session.scalar(select(Workspace.name).where(Workspace.name == text_with_nul)) == text_with_nul
    assert database.query("SELECT name FROM notebooks", ()) == [(text_with_nul,)]


@needs_server
def test_a_transaction_that_changes_nothing_makes_no_cached_answer_doubtful(database: Database) -> None:
    wait_until_trusted(database)
    before = database.commits()
    with database.writing() as session:
        session.scalar(select(Workspace.id).with_for_update(read=True).where(Workspace.id == -1))
    with database.raw_write() as connection:
        connection.execute("UPDATE notebooks SET name = 'x' WHERE id = -1")
    assert database.commits() == before
    with database.raw_write() as connection:
        connection.execute("UPDATE store_revision SET revision = revision")
    assert database.commits() > before


@needs_server
def test_what_tests_search_for_secrets_has_texts_and_bytes_as_they_are(
    database: Database, tmp_path: Path
) -> None:
    with database.raw_write() as connection:
        connection.execute("UPDATE notebooks SET name = ?", ("a text",))
        connection.execute(
            "INSERT INTO cached_bodies VALUES ('key', ?, 'digest', 1.0)", (b"\0some bytes\xff",)
        )
    contents = contents_of(tmp_path)
    assert b"a text" in contents["notebooks"]
    assert b"\0some bytes\xff" in contents["cached_bodies"]
