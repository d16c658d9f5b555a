"""Opens the store: made or migrated to the newest revision, or as it is."""

from __future__ import annotations

import importlib
import logging
import time
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, create_engine, inspect, select, text

from installation import command_line
from plugin_store.engine.compatibility import is_usable, read_compatibility
from plugin_store.engine.database import Database
from plugin_store.engine.location import Location
from plugin_store.engine.sqlite.location import SqliteFile
from plugin_store.models import Base, Notebook, Workspace
from settings import ConfigurationError, Settings

MIGRATIONS_FOLDER = Path(__file__).resolve().parents[2] / "migrations"
LOCATION = "patchbay_location"
"""The app's extension with the location of its store."""

db = SQLAlchemy(model_class=Base)

_log = logging.getLogger(__name__)


def locate(instance: Path, url: str | None) -> Location:
    """Where the store is: in the database of the URL, else in the data folder. Raises ConfigurationError."""
    if url is None:
        return SqliteFile(instance)
    try:
        # Imported only here: a store on SQLite needs neither the memory nor the driver.
        return importlib.import_module(".postgresql.location", __package__).PostgresqlServer(url)
    except ModuleNotFoundError as error:
        if error.name != "psycopg":
            raise
        raise ConfigurationError(
            "PATCHBAY_DATABASE_URL needs psycopg, which is not installed: install requirements-postgresql.txt, "
            "or the package with its extra, `patchbay-server[postgresql]`."
        ) from None


def init_store(app: Flask, settings: Settings) -> Database:
    """The store that the settings name. See `init_database`."""
    return init_database(app, settings.instance, settings.database_url)


def init_database(app: Flask, instance: Path, url: str | None = None) -> Database:
    """The store of `instance` or of a URL. See `init_location`."""
    return init_location(app, locate(instance, url))


def init_location(app: Flask, location: Location) -> Database:
    """The store at a location, migrated to the newest revision, with a workspace and a notebook in it.

    Tables of a newer version are left as they are. Processes that start together take turns. Raises StorageFailed when
    it cannot be written, and ConfigurationError when this version cannot use tables that a newer one made.
    """
    _bind(app, location)
    with app.app_context():
        location.prepare(db.engine)
        database = location.open(db.engine)
        with location.taking_turns():
            _migrate(app, location)
            _make_first_workspace(database)
    return database


def migrate_tables(location: Location) -> None:
    """Brings the tables of a location to the newest revision, and adds no row.

    The caller has the turn (`taking_turns`). Raises StorageFailed and ConfigurationError.
    """
    app = Flask("migration")
    _bind(app, location)
    with app.app_context():
        location.prepare(db.engine)
        try:
            _migrate(app, location)
            with location.failures(), db.engine.connect() as connection:
                require_current(location, _revision_on(connection))
        finally:
            db.engine.dispose()


def _bind(app: Flask, location: Location) -> None:
    app.extensions[LOCATION] = location
    app.config["SQLALCHEMY_DATABASE_URI"] = location.url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = location.options
    db.init_app(app)


def _migrate(app: Flask, location: Location) -> None:
    with location.failures():
        if _needs_migration(location, db.engine):
            _migrating().upgrade(app, db, MIGRATIONS_FOLDER)


def open_database(instance: Path, url: str | None = None) -> Database:
    """The store that exists, as it is: nothing is created and nothing migrated."""
    return open_location(locate(instance, url))


def open_location(location: Location) -> Database:
    """The same at a location."""
    engine = create_engine(location.url, **location.options)
    location.prepare(engine)
    return location.open(engine)


def is_current(database: Database) -> bool:
    """Whether a store that was opened as it is has tables that this version uses as they are. Raises StorageFailed."""
    with database.reading() as session:
        connection = session.connection()
        revision = _revision_on(connection)
        if revision is None or revision in _revisions(MIGRATIONS_FOLDER):
            return revision == newest_revision(MIGRATIONS_FOLDER)
        return is_usable(read_compatibility(connection, revision), known_revisions())


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


def _needs_migration(location: Location, engine: Engine) -> bool:
    """Whether the tables are older than this version's. It uses those of a newer one as they are, if that allows it.

    Raises ConfigurationError for tables that this version can neither use nor upgrade, and leaves them unchanged.
    """
    known = _revisions(MIGRATIONS_FOLDER)
    with engine.connect() as connection:
        revision = _revision_on(connection)
        if revision is None or revision in known:
            return revision != newest_revision(MIGRATIONS_FOLDER)
        compatible_from = read_compatibility(connection, revision)
    if not is_usable(compatible_from, known):
        raise _too_new(location, revision)
    _log.info(
        "A newer version of Patchbay made the tables (revision %s), and this one may use them.", revision
    )
    return False


def require_current(location: Location, revision: str | None) -> None:
    """Raises ConfigurationError unless a store with tables of that revision has those of this version."""
    newest = newest_revision(MIGRATIONS_FOLDER)
    if revision is None:
        raise ConfigurationError(f"{location.name} has no store.")
    if revision not in _revisions(MIGRATIONS_FOLDER):
        raise _too_new(location, revision)
    if revision != newest:
        raise ConfigurationError(
            f"{location.name} has tables of an older version (revision {revision}, and the newest is {newest}): make a "
            f"backup, and run `{command_line('db upgrade')}` first."
        )


def _too_new(location: Location, revision: str) -> ConfigurationError:
    newest = newest_revision(MIGRATIONS_FOLDER)
    return ConfigurationError(
        f"{location.name} was written by a newer version of Patchbay (its tables are at revision {revision[:32]!r}, "
        f"this one knows up to {newest!r}): start that version, or {location.advise_newer()}."
    )


def _revision_on(connection: Connection) -> str | None:
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
