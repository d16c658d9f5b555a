"""Opens the store: made or migrated to the newest revision, or as it is."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, create_engine, inspect, select, text

from plugin_store.engine.database import Database
from plugin_store.engine.location import Location
from plugin_store.engine.sqlite.location import SqliteFile
from plugin_store.models import Base, Notebook, Workspace
from settings import ConfigurationError

MIGRATIONS_FOLDER = Path(__file__).resolve().parents[2] / "migrations"
LOCATION = "patchbay_location"
"""The app's extension with the location of its store."""

db = SQLAlchemy(model_class=Base)


def locate(instance: Path) -> Location:
    """Where the store of a data folder is."""
    return SqliteFile(instance)


def init_database(app: Flask, instance: Path) -> Database:
    """The store of `instance`, migrated to the newest revision, with a workspace and a notebook in it.

    Processes that start together take turns. Raises StorageFailed when it cannot be written, and ConfigurationError
    when a newer version made the tables.
    """
    location = app.extensions[LOCATION] = locate(instance)
    app.config["SQLALCHEMY_DATABASE_URI"] = location.url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = location.options
    db.init_app(app)
    with app.app_context():
        location.prepare(db.engine)
        database = location.open(db.engine)
        with location.taking_turns():
            with location.failures():
                revision = _revision_of_tables(db.engine)
                _require_known(location, revision)
                if revision != newest_revision(MIGRATIONS_FOLDER):
                    _migrating().upgrade(app, db, MIGRATIONS_FOLDER)
            _make_first_workspace(database)
    return database


def open_database(instance: Path) -> Database:
    """The store of `instance` that exists, as it is: nothing is created and nothing migrated."""
    location = locate(instance)
    engine = create_engine(location.url, **location.options)
    location.prepare(engine)
    return location.open(engine)


def init_migrations(app: Flask) -> None:
    """Prepares the app for `flask db …`."""
    _migrating().init_migrations(app, db, MIGRATIONS_FOLDER)


def newest_revision(folder: Path) -> str:
    """The revision of the last migration. Files are named `<revision>_<what it does>.py`."""
    return max(_revisions(folder))


def known_revisions() -> list[str]:
    """The revisions of all tables that this version can migrate, the newest last."""
    return sorted(_revisions(MIGRATIONS_FOLDER))


def _revisions(folder: Path) -> set[str]:
    return {path.name.partition("_")[0] for path in (folder / "versions").glob("[0-9]*_*.py")}


def _require_known(location: Location, revision: str | None) -> None:
    """Raises ConfigurationError for tables that this version cannot upgrade, and leaves them unchanged."""
    if revision is None or revision in _revisions(MIGRATIONS_FOLDER):
        return
    newest = newest_revision(MIGRATIONS_FOLDER)
    raise ConfigurationError(
        f"{location.name} was written by a newer version of Patchbay (its tables are at revision {revision[:32]!r}, "
        f"this one knows up to {newest!r}): start that version, or {location.advise_newer()}."
    )


def _revision_of_tables(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrating() -> Any:
    return importlib.import_module(".migrating", __package__)


def _make_first_workspace(database: Database) -> None:
    with database.writing() as session:
        if session.scalar(select(Workspace.id).limit(1)) is not None:
            return
        now = time.time()
        workspace = Workspace(name="Default", created_at=now)
        session.add(workspace)
        session.flush()
        session.add(Notebook(workspace_id=workspace.id, name="Notebook", created_at=now))
