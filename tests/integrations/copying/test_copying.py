"""A store is copied whole to an empty place of either engine, while it is in use, or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from flask import Flask
from sqlalchemy import text

from errors import StorageFailed
from integrations.caching.bodies import Bodies
from integrations.caching.negative_cache import name_of
from integrations.copying.copying import Copied, Place, copy_store
from integrations.copying.tables import BODIES, COPIED, FINGERPRINT, LEFT, copied_tables
from plugin_store.engine.migrating import config_of
from plugin_store.engine.opening import MIGRATIONS_FOLDER, db, init_location, known_revisions, open_location
from plugin_store.engine.rows import numbered
from plugin_store.engine.sqlite.file import DATABASE_NAME, open_file
from plugin_store.models import Base
from plugin_store.vault.keyring import Keyring
from plugin_store.vault.store_key import fingerprint_of
from plugin_store.vault.vault import Vault
from settings import ConfigurationError
from tests.databases import TestDatabases
from tests.integrations.copying.stores import (
    KEY,
    NOW,
    count_of,
    driver_of,
    filled,
    keyring,
    postgresql_place,
    record,
    rows_of,
    sqlite_place,
    started,
)
from tests.plugin_store.engine.processes import start_python

OTHER_KEY = KEY[::-1][1:] + "="
on_server = pytest.mark.postgresql
MakePlace = Callable[[str], Place]


def copy(source: Place, target: Place, **changes: Any) -> Copied:
    return copy_store(source, target, **{"keyring": keyring(), "record": record(), "now": NOW, **changes})


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=on_server)])
def make_place(
    request: pytest.FixtureRequest, server_databases: TestDatabases | None, tmp_path: Path
) -> MakePlace:
    """Makes empty places of an engine."""

    def make(name: str) -> Place:
        folder = tmp_path / name
        if request.param == "sqlite":
            return sqlite_place(folder)
        assert server_databases is not None
        return postgresql_place(server_databases.make_empty(folder), folder)

    return make


@pytest.fixture
def source(tmp_path: Path) -> Place:
    return filled(sqlite_place(tmp_path / "source"))


def test_each_table_of_the_models_is_copied_or_left_on_purpose() -> None:
    assert COPIED.keys() | LEFT.keys() == Base.metadata.tables.keys()
    assert not COPIED.keys() & LEFT.keys()
    assert all([*COPIED.values(), *LEFT.values()])
    assert [table.name for table in copied_tables() if table.name not in COPIED] == []


def test_what_is_copied_there_and_back_is_the_same(
    source: Place, make_place: MakePlace, tmp_path: Path
) -> None:
    there, back = make_place("there"), sqlite_place(tmp_path / "back")
    whole = rows_of(source)
    copied = copy(source, there)
    assert rows_of(there) == whole
    assert copied.rows == {name: len(rows) for name, rows in whole.items()}
    assert min(copied.rows.values()) >= 1
    copy(there, back)
    assert rows_of(back) == whole == rows_of(source)


def test_new_rows_get_ids_that_no_row_had(source: Place, make_place: MakePlace, tmp_path: Path) -> None:
    there, back = make_place("there"), sqlite_place(tmp_path / "back")
    copy(source, there)
    copy(there, back)
    with source.location.reading_rows() as rows:
        last = {table.name: rows.last_id(table) for table in numbered(copied_tables())}
        ((greatest,),) = rows.query("SELECT max(id) FROM workspaces")
    assert last["workspaces"] > greatest
    for place in (there, back):
        database = open_location(place.location)
        with database.raw_write() as connection:
            connection.execute("INSERT INTO workspaces (name, created_at) VALUES ('new', 1.0)")
        assert database.query("SELECT id FROM workspaces WHERE name = 'new'", ()) == [
            (last["workspaces"] + 1,)
        ]
        database.close()


def test_a_copy_adds_no_event_and_the_target_notes_changes_again(
    source: Place, make_place: MakePlace
) -> None:
    there, query = make_place("there"), "SELECT revision, (SELECT count(*) FROM events) FROM store_revision"
    with source.location.reading_rows() as rows:
        ((revision, events),) = rows.query(query)
    copy(source, there)
    database = open_location(there.location)
    assert database.query(query, ()) == [(revision, events)]
    with database.raw_write() as connection:
        connection.execute("UPDATE plugins SET digest = 'changed' WHERE id = (SELECT min(id) FROM plugins)")
    assert database.query(query, ()) == [(revision + 1, events + 1)]
    database.close()


def test_the_copy_is_of_one_moment_while_the_source_is_in_use(
    make_place: MakePlace, source: Place, tmp_path: Path
) -> None:
    there, back = make_place("there"), sqlite_place(tmp_path / "back")
    for one, other in ((source, there), (there, back)):
        users, before = open_location(one.location), rows_of(one)

        def use(_done: int, _total: int, users: Any = users) -> None:
            with users.raw_write() as connection:
                connection.execute("INSERT INTO workspaces (name, created_at) VALUES ('meanwhile', 1.0)")
                connection.execute("UPDATE plugins SET name = 'meanwhile'")

        copy(one, other, progress=use)
        assert rows_of(other) == before
        assert rows_of(one) != before
        users.close()


def test_bodies_and_failures_are_carried_and_missing_ones_counted(
    make_place: MakePlace, source: Place, tmp_path: Path
) -> None:
    there, back = make_place("there"), sqlite_place(tmp_path / "back")
    keys = [str(row[0][1]) for row in rows_of(source)["integration_artifacts"]]
    bodies = Bodies(source.cache)
    kept = {key: key.encode() * 5000 for key in keys[:3]} | {name_of(keys[0]): b"[]"}
    assert bodies.set_all([(key, value, 3600.0) for key, value in kept.items()])
    assert bodies.set_all([("without-a-row", b"x", 3600.0)])
    expiries = {key: until for key, _, until in bodies.get_kept(list(kept))}
    bodies.close()
    copied = copy(source, there, now=min(expiries.values()) - 3600.0)
    assert (copied.bodies, copied.missing_bodies) == (4, len(keys) - 3)
    copied = copy(there, back, now=min(expiries.values()) - 3600.0)
    assert (copied.bodies, copied.missing_bodies) == (4, len(keys) - 3)
    arrived = Bodies(back.cache)
    assert {key: value for key, value, _ in arrived.get_kept(list(kept))} == kept
    assert {key: until for key, _, until in arrived.get_kept(list(kept))} == pytest.approx(expiries, abs=60)
    arrived.close()
    if there.location.spans_hosts:
        with there.location.reading_rows() as rows:
            found = {row[0]: row for page in rows.pages(BODIES) for row in page}
        assert {key: (row[1], row[2], row[3]) for key, row in found.items()} == {
            key: (value, hashlib.sha256(value).hexdigest(), expiries[key]) for key, value in kept.items()
        }


def test_a_source_without_a_cache_has_all_bodies_missing(source: Place, make_place: MakePlace) -> None:
    copied = copy(source, make_place("there"))
    assert (copied.bodies, copied.missing_bodies) == (0, copied.rows["integration_artifacts"])


def test_a_target_with_rows_is_refused_and_stays_as_it_is(source: Place, make_place: MakePlace) -> None:
    there = make_place("there")
    copy(source, there)
    before = rows_of(there)
    with pytest.raises(ConfigurationError, match="is not empty"):
        copy(source, there)
    assert rows_of(there) == before
    used = started(make_place("used"))
    with pytest.raises(ConfigurationError, match=r"is not empty \(the table workspaces has rows\)"):
        copy(source, used)
    with pytest.raises(ConfigurationError, match="is not empty"):
        copy(source, source)


def test_a_target_with_tables_of_another_program_is_refused(source: Place, make_place: MakePlace) -> None:
    there = make_place("there")
    there.instance.mkdir(exist_ok=True)
    with there.location.writing_rows() as rows:
        rows.connection.execute("CREATE TABLE plugins (theirs text)")
    with pytest.raises(ConfigurationError, match="another program"):
        copy(source, there)
    with there.location.reading_rows() as rows:
        assert rows.revision() is None


def migrate_to(place: Place, revision: str, change: Callable[..., None]) -> None:
    app = Flask("migration")
    init_location(app, place.location).close()
    with app.app_context():
        change(config_of(app, db, MIGRATIONS_FOLDER), revision)
        db.engine.dispose()


def test_a_source_of_an_older_version_is_refused_with_the_command_to_run(
    tmp_path: Path, make_place: MakePlace
) -> None:
    old = make_place("old")
    old.instance.mkdir(exist_ok=True)
    migrate_to(old, known_revisions()[-2], command.downgrade)
    with pytest.raises(ConfigurationError, match=r"older version.*db upgrade"):
        copy(old, sqlite_place(tmp_path / "there"))
    assert not (tmp_path / "there").exists()


def test_a_source_of_a_newer_version_or_none_is_refused(tmp_path: Path, make_place: MakePlace) -> None:
    source, target = make_place("source"), sqlite_place(tmp_path / "there")
    with pytest.raises(ConfigurationError, match="has no store"):
        copy(source, target)
    started(source)
    with source.location.writing_rows() as rows:
        rows.connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="newer version"):
        copy(source, target)
    assert not (tmp_path / "there").exists()


def test_an_empty_target_with_older_tables_is_migrated(source: Place, make_place: MakePlace) -> None:
    there = make_place("there")
    there.instance.mkdir(exist_ok=True)
    migrate_to(there, known_revisions()[-2], command.downgrade)
    with there.location.writing_rows() as rows:
        rows.connection.execute("DELETE FROM workspaces")
    copy(source, there)
    assert rows_of(there) == rows_of(source)


class Interrupted(Exception):
    """Ends a copy in the middle."""


def half_way(done: int, total: int) -> None:
    if done > total // 2:
        raise Interrupted


def test_a_copy_that_breaks_off_leaves_an_empty_target_that_can_be_used(
    source: Place, make_place: MakePlace
) -> None:
    there = make_place("there")
    with pytest.raises(Interrupted):
        copy(source, there, progress=half_way)
    assert count_of(there) == 0
    copy(source, there)
    assert rows_of(there) == rows_of(source)


def test_rows_that_get_lost_on_the_way_are_noticed(
    source: Place, make_place: MakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = make_place("there")
    with source.location.reading_rows() as rows:
        kind: Any = type(rows)
    whole = kind.pages

    def short(self: Any, table: Any, *size: int) -> Iterator[Any]:
        for page in whole(self, table, *size):
            yield page[1:] if table.name == "audit_log" else page

    monkeypatch.setattr(kind, "pages", short)
    with pytest.raises(StorageFailed, match=r"audit_log has 11 rows instead of 12"):
        copy(source, there)
    assert count_of(there) == 0


COPY = """
import sys
from pathlib import Path
from integrations.copying.copying import copy_store
from tests.integrations.copying.stores import NOW, keyring, postgresql_place, record, sqlite_place

def stop(done, total):
    if done > total * 0.9:
        print("nearly", flush=True)
        sys.stdin.readline()

folder, url = Path(sys.argv[1]), sys.argv[2]
target = postgresql_place(url, folder / "there") if url else sqlite_place(folder / "there")
copy_store(sqlite_place(folder / "source"), target, keyring(), record(), NOW, stop)
"""


def test_a_copy_that_is_killed_leaves_an_empty_target_that_can_be_used(
    source: Place, make_place: MakePlace, tmp_path: Path
) -> None:
    there = make_place("there")
    url = there.location.url.render_as_string(hide_password=False) if there.location.spans_hosts else ""
    process = start_python(COPY, tmp_path, url)
    assert process.stdout is not None
    assert process.stdout.readline() == "nearly\n"
    process.kill()
    process.communicate()
    assert count_of(there) == 0
    copy(source, there)
    assert rows_of(there) == rows_of(source)


@on_server
def test_a_value_that_the_engine_cannot_hold_is_named_by_its_table_only(
    source: Place, server_databases: TestDatabases, tmp_path: Path
) -> None:
    with closing(open_file(str(source.instance / DATABASE_NAME))) as connection:
        connection.execute("UPDATE plugin_api_logs SET response_bytes = 'hush-hush' WHERE id = 1000")
    there = postgresql_place(server_databases.make_empty(tmp_path), tmp_path)
    with pytest.raises(StorageFailed, match="A row of the table plugin_api_logs") as caught:
        copy(source, there)
    assert "hush" not in caught.value.detail
    assert count_of(there) == 0


@on_server
def test_a_lost_connection_leaves_the_target_empty(
    source: Place, server_databases: TestDatabases, tmp_path: Path
) -> None:
    url = server_databases.make_empty(tmp_path)
    there = postgresql_place(url, tmp_path)
    with driver_of(url) as server:

        def cut(done: int, total: int) -> None:
            if done > total // 2:
                server.execute(
                    b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    b" WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

        with pytest.raises(
            StorageFailed, match=r"^The database test_\w+: The database server cannot be reached"
        ):
            copy(source, there, progress=cut)
    assert count_of(there) == 0
    copy(source, there)
    assert rows_of(there) == rows_of(source)


@on_server
def test_servers_that_start_on_the_target_wait_for_the_copy(
    source: Place, server_databases: TestDatabases, tmp_path: Path
) -> None:
    url, free = server_databases.make_empty(tmp_path), []
    with driver_of(url) as server:

        def look(_done: int, _total: int) -> None:
            row = server.execute(
                b"SELECT pg_try_advisory_xact_lock(%s)", (int.from_bytes(b"patchbay") + 1,)
            ).fetchone()
            free.append(row)

        copy(source, postgresql_place(url, tmp_path), progress=look)
    assert set(free) == {(False,)}


def secret_of(place: Place, ring: Keyring, value: str | None = None) -> str | None:
    database = open_location(place.location)
    vault = Vault(database, ring, lambda: NOW)
    try:
        if value is None:
            return vault.open_secret(1, "svc", "token").value
        with database.writing() as session:
            session.execute(
                text(
                    "INSERT INTO plugins VALUES ('svc', 'S', '1', 'view', '{}', 'd', NULL, 'e', 1.0, 1.0, 1.0, NULL)"
                )
            )
            vault.seal_secret(session, 1, "svc", "token", value, bound_to=())
        return None
    finally:
        database.close()


@on_server
def test_secrets_stay_readable_and_hosts_with_another_key_are_told(
    server_databases: TestDatabases, tmp_path: Path
) -> None:
    source, back = started(sqlite_place(tmp_path / "source")), sqlite_place(tmp_path / "back")
    secret_of(source, keyring(), "sesame")
    there, further = (
        postgresql_place(server_databases.make_empty(tmp_path / name), tmp_path / name)
        for name in ("there", "further")
    )
    for one, other in ((source, there), (there, further), (further, back)):
        copy(one, other)
        assert secret_of(other, keyring()) == "sesame"
    for place in (there, further):
        with place.location.reading_rows() as rows:
            assert rows.query("SELECT fingerprint FROM key_fingerprint") == [(fingerprint_of(KEY),)]
        database = open_location(place.location)
        assert [Vault(database, Keyring([key]), lambda: NOW).has_store_key() for key in (KEY, OTHER_KEY)] == [
            True,
            False,
        ]
        database.close()
    with back.location.reading_rows() as rows:
        assert rows.count(FINGERPRINT) == 0


@on_server
@pytest.mark.parametrize(("target_key", "is_refused"), [(KEY, False), (OTHER_KEY, True)])
def test_a_target_that_another_key_sealed_is_refused(
    source: Place, server_databases: TestDatabases, tmp_path: Path, target_key: str, is_refused: bool
) -> None:
    there = postgresql_place(server_databases.make_empty(tmp_path), tmp_path)
    database = init_location(Flask("target"), there.location)
    Vault(database, Keyring([target_key]), lambda: NOW).note_first_key()
    with database.raw_write() as connection:
        connection.execute("DELETE FROM workspaces")
        connection.execute("DELETE FROM events")
    database.close()
    with closing(open_file(str(source.instance / DATABASE_NAME))) as connection:
        connection.execute("DELETE FROM plugin_secrets")
    if is_refused:
        with pytest.raises(ConfigurationError, match="another key"):
            copy(source, there)
        assert count_of(there) == 0
    else:
        copy(source, there)
        assert rows_of(there) == rows_of(source)
