"""Migrations: they make what the models say, once, whoever comes first, and cost no row its children."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import create_engine

from app import close_app, create_app
from plugin_store.engine import opening as opening_module
from plugin_store.engine.migrating import config_of
from plugin_store.engine.opening import MIGRATIONS_FOLDER, newest_revision
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.models import Base
from settings import ROOT, ConfigurationError, Settings
from tests.plugin_store.conftest import NOTEBOOK, WORKSPACE, Store
from tests.plugin_store.engine.processes import finish, start_python
from tests.plugin_store.manifests import weather

OPEN = """
import sys
from pathlib import Path
from flask import Flask
from plugin_store.engine.opening import init_database
from plugin_store.workspaces import resolve_scope
sys.stdin.readline()
database = init_database(Flask("opener"), Path(sys.argv[1]))
print(resolve_scope(database).workspace_id)
"""

# PostgreSQL's migrations are tested in test_postgresql.py.
pytestmark = pytest.mark.sqlite

NEWEST = max(path.name[:4] for path in (MIGRATIONS_FOLDER / "versions").glob("[0-9]*.py"))
BATCH_MIGRATION = f"""
import sqlalchemy as sa
from alembic import op
revision = "9999"
down_revision = "{NEWEST}"
branch_labels = None
depends_on = None
def upgrade():
    for table in ("workspaces", "notebooks", "plugins"):
        with op.batch_alter_table(table, recreate="always") as batch:
            batch.add_column(sa.Column("note", sa.Text(), nullable=True))
"""


def test_migrations_make_what_the_models_say(store: Store) -> None:
    engine = create_engine(f"sqlite:///{store.folder / DATABASE_NAME}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_processes_that_start_together_make_one_store(tmp_path: Path) -> None:
    processes = [start_python(OPEN, tmp_path) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [finish(process).strip() for process in processes] == ["1"] * 4


@pytest.mark.parametrize("revision", ["9999", "a-branch-of-somebody", "x" * 5000])
def test_tables_of_a_newer_version_are_refused_in_a_sentence_and_left_alone(
    settings: Settings, make_app: Callable[[Settings], Flask], revision: str
) -> None:
    close_app(create_app(settings))
    path = settings.instance / DATABASE_NAME
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    with pytest.raises(ConfigurationError) as refused:
        make_app(settings)
    assert "newer version of Patchbay" in refused.value.message
    assert f"'{NEWEST}'" in refused.value.message
    assert len(refused.value.message) < 600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(revision,)]


@pytest.mark.parametrize("command", [["app.py"], ["-m", "flask", "--app", "app", "token", "show"]])
def test_every_way_to_start_says_it_without_a_traceback(settings: Settings, command: list[str]) -> None:
    close_app(create_app(settings))
    with closing(sqlite3.connect(settings.instance / DATABASE_NAME)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    environ = {**os.environ, "PATCHBAY_INSTANCE": str(settings.instance), "PATCHBAY_PORT": "0"}
    told = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith("Error: ") and told.stderr.count("\n") == 1


OPEN_ONCE = """
import sys
from pathlib import Path
from flask import Flask
from plugin_store.engine.opening import init_database
init_database(Flask("opener"), Path(sys.argv[1]))
print("alembic" in sys.modules)
"""


def test_a_start_that_finds_the_tables_current_loads_no_alembic(tmp_path: Path) -> None:
    assert [finish(start_python(OPEN_ONCE, tmp_path)).strip() for _ in range(2)] == ["True", "False"]


def test_the_newest_revision_is_alembics_head(tmp_path: Path) -> None:
    app = Flask("heads")
    database = opening_module.init_database(app, tmp_path)
    with app.app_context():
        config = config_of(app, opening_module.db, MIGRATIONS_FOLDER)
    assert ScriptDirectory.from_config(config).get_heads() == [newest_revision(MIGRATIONS_FOLDER)]
    database.close()


def test_the_first_workspace_is_made_once(reopen: Callable[..., Store]) -> None:
    first = reopen()
    first.execute("UPDATE workspaces SET name = 'Mine'")
    again = reopen()
    assert again.rows("SELECT id, name FROM workspaces") == [(1, "Mine")]
    assert again.rows("SELECT id, workspace_id FROM notebooks") == [(1, 1)]


def _add_migration(folder: Path, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(MIGRATIONS_FOLDER, folder)
    (folder / "versions" / "9999_later.py").write_text(source)
    monkeypatch.setattr(opening_module, "MIGRATIONS_FOLDER", folder)


def test_a_batch_migration_costs_no_row_its_children(
    reopen: Callable[..., Store], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = reopen()
    store.registry.register(weather())
    store.configs.replace_config("weather", WORKSPACE, {"city": "Oslo", "api_key": "s"})
    store.configs.replace_config("weather", NOTEBOOK, {"city": "Rome"})
    children = ("notebooks", "plugin_configs", "notebook_plugin_configs", "plugin_secrets")
    before = {table: store.rows(f"SELECT count(*) FROM {table}") for table in children}
    assert set(map(tuple, before.values())) == {((1,),)}
    _add_migration(tmp_path_factory.mktemp("later") / "migrations", BATCH_MIGRATION, monkeypatch)
    store = reopen()
    assert store.rows("SELECT note FROM workspaces") == [(None,)]
    assert {table: store.rows(f"SELECT count(*) FROM {table}") for table in children} == before
    store.execute("DELETE FROM plugins")
    assert store.rows("SELECT * FROM plugin_configs") == store.rows("SELECT * FROM plugin_secrets") == []


@pytest.mark.parametrize("failure", ["raise RuntimeError('halfway')", "op.execute('DELETE FROM workspaces')"])
def test_a_failed_migration_leaves_the_store_as_it_was(
    reopen: Callable[..., Store],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    failure: str,
) -> None:
    store = reopen()
    _add_migration(
        tmp_path_factory.mktemp("later") / "migrations", f"{BATCH_MIGRATION}    {failure}\n", monkeypatch
    )
    with pytest.raises(RuntimeError):
        reopen()
    monkeypatch.setattr(opening_module, "MIGRATIONS_FOLDER", MIGRATIONS_FOLDER)
    assert reopen().rows("SELECT * FROM alembic_version") == [(NEWEST,)]
    columns = [row[1] for row in store.rows("PRAGMA table_info(workspaces)")]
    assert columns == ["id", "name", "created_at", "time_zone"]


def test_the_tables_can_be_taken_down_and_made_again(store: Store) -> None:
    app = Flask("down")
    database = opening_module.init_database(app, store.folder)
    with app.app_context():
        config = config_of(app, opening_module.db, MIGRATIONS_FOLDER)
        command.downgrade(config, "base")
        command.upgrade(config, "head")
    assert store.rows("SELECT revision FROM store_revision") == [(0,)]
    database.close()
