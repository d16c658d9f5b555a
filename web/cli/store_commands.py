"""`flask store …`: the store as a whole."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click
from flask.cli import AppGroup

from addresses import parse_database_url
from errors import StorageFailed
from integrations.copying.copying import Copied, Place, copy_store
from integrations.copying.keys import require_same_keys
from plugin_store.audit_log import AuditLog
from plugin_store.engine.change_record import ChangeRecord, Entry
from plugin_store.engine.opening import locate, open_location
from plugin_store.engine.sqlite.file import DATABASE_NAME
from plugin_store.vault.keyring import Keyring, load_keyring
from plugin_store.vault.vault import Vault
from settings import DOTENV_PATH, ConfigurationError, Settings, load_settings
from web.cli.audit_commands import command_author
from web.cli.backup_commands import lines_of_unreadable
from web.cli.progress_line import ProgressLine

SQLITE_SCHEME = "sqlite:///"
RIGHT_TARGET = "--to must be a URL like postgresql://user@host/database, or a data folder: its path, or sqlite:///path/of/folder."

store_commands = AppGroup("store", help="The store as a whole: all that is declared, set and kept.")


@store_commands.command("copy")
@click.option("--to", "target", required=True, help="Where to: the URL of a database, or a data folder.")
def copy_to(target: str) -> None:
    """Copy the store to another place, from SQLite to PostgreSQL or back.

    The source is the store of the settings: the database of PATCHBAY_DATABASE_URL, else the one in the data folder
    (PATCHBAY_INSTANCE). It is read as it is at one moment, and not changed but for an entry in its audit log. Servers
    may go on using it, but what they change meanwhile is not copied: stop them first if nothing may be lost.

    The target must be empty. It is a PostgreSQL database in UTF8, or a data folder for SQLite:

    \b
      store copy --to postgresql://patchbay@db.example.com/patchbay
      store copy --to /var/lib/patchbay
      store copy --to sqlite:////var/lib/patchbay/patchbay.db

    The password is better in ~/.pgpass or PGPASSWORD than in the URL, which other users of this machine can see.

    Everything is copied in one transaction, with the cached answers, and the rows of each table are counted on both
    sides. A copy that fails or is interrupted leaves the target empty, so it can be run again. Secrets stay encrypted
    with the same key, which is not copied: servers on the target need it, as PATCHBAY_SECRET_KEY or as a key file.

    Afterwards set PATCHBAY_DATABASE_URL, or unset it and set PATCHBAY_INSTANCE, and start the servers.
    """
    settings, line, now = load_settings(dotenv_path=DOTENV_PATH), ProgressLine(), time.time()
    source = Place(locate(settings.instance, settings.database_url), settings.instance)
    place = place_of(target, settings)
    keyring = load_keyring(settings.secret_keys, settings.secret_key_file, may_create=False)
    if not place.location.spans_hosts and not settings.secret_keys:
        require_same_keys(place.instance / settings.secret_key_file.name, keyring)
    try:
        copied = copy_store(
            source,
            place,
            keyring,
            _record(source, place),
            now,
            lambda done, total: line.draw("copy", done, total),
        )
    except StorageFailed as error:
        raise click.ClickException(error.detail) from None
    finally:
        line.end()
    _note_at(source, _record(source, place))
    for text in [*lines_of(copied, place), *_lines_of_secrets(place, keyring)]:
        click.echo(text)


def place_of(text: str, settings: Settings) -> Place:
    """The place that `--to` names. Raises ConfigurationError."""
    if "://" in text and not text.startswith(SQLITE_SCHEME):
        try:
            return Place(locate(settings.instance, parse_database_url(text)), settings.instance)
        except ValueError:
            raise ConfigurationError(RIGHT_TARGET) from None
    path = Path(text.removeprefix(SQLITE_SCHEME)).expanduser().absolute()
    folder = path.parent if path.name == DATABASE_NAME else path
    if not text or (folder.exists() and not folder.is_dir()):
        raise ConfigurationError(RIGHT_TARGET)
    return Place(locate(folder, None), folder)


def lines_of(copied: Copied, place: Place) -> list[str]:
    """What was copied, and what comes next."""
    rows = sum(copied.rows.values())
    lines = [
        f"Copied {rows} rows of {len(copied.rows)} tables and {copied.bodies} cached answers to {place.name}."
    ]
    if copied.missing_bodies:
        lines.append(f"{copied.missing_bodies} cached answers have no body any more: they are fetched again.")
    wanted = (
        "PATCHBAY_DATABASE_URL to it" if place.location.spans_hosts else f"PATCHBAY_INSTANCE={place.instance}"
    )
    lines.append(
        f"Set {wanted} and start the servers anew. What the old store is told from now on is not there."
    )
    return lines


def _record(source: Place, target: Place) -> ChangeRecord:
    details = {"source": source.name, "target": target.name}
    return ChangeRecord(command_author(), Entry("store.copied", details=details), time.time)


def _note_at(place: Place, record: ChangeRecord) -> None:
    database = open_location(place.location)
    try:
        AuditLog(database, time.time, 0.0).write(record)
    except StorageFailed as error:
        click.echo(f"The audit log has no entry for this: {error.detail}", err=True)
    finally:
        database.close()


def _lines_of_secrets(place: Place, keyring: Keyring) -> Sequence[str]:
    database = open_location(place.location)
    try:
        return lines_of_unreadable(Vault(database, keyring, time.time).list_unreadable())
    finally:
        database.close()
