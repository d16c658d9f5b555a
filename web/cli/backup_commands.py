"""`flask backup` and `flask restore`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
from flask import Flask
from flask.cli import with_appcontext

from errors import StorageFailed
from installation import command_line
from integrations.backup.last_backup import note_backup
from integrations.backup.making import USE_PG_DUMP, make_backup
from integrations.backup.restoring import restore_backup
from plugin_store.engine.opening import init_database
from plugin_store.vault.keyring import load_keyring
from plugin_store.vault.vault import Vault
from settings import DOTENV_PATH, ConfigurationError, Settings, load_settings
from web.api.context import services
from web.cli.audit_commands import note_command
from web.cli.progress_line import ProgressLine
from web.gate.tokens import token_path

ARCHIVE = click.Path(dir_okay=False, path_type=Path)


@click.command("backup")
@click.argument("file", type=ARCHIVE)
@click.option(
    "--artifacts", is_flag=True, help="Include the cached answers, which can also be fetched again."
)
@with_appcontext
def backup_data(file: Path, artifacts: bool) -> None:
    """Write everything that the data folder holds to FILE, while Patchbay runs.

    FILE is a tar archive, compressed if its name ends with .gz or .tgz. It is verified before it gets its name, and
    an existing one is not replaced. It contains secrets in encrypted form only, and never the key or the token:
    `secrets export-key` saves the key.
    """
    settings, line, now = services().settings, ProgressLine(), services().clock()
    require_file(settings)
    try:
        contents = make_backup(
            settings.instance, file.absolute(), now, with_artifacts=artifacts, progress=line.draw
        )
        note_backup(settings.instance, file.absolute(), now)
        note_command("backup.made", file=file.name)
    except FileExistsError:
        raise click.ClickException(f"{file} exists already, and is not replaced.") from None
    except (StorageFailed, OSError) as error:
        raise click.ClickException(error.detail if isinstance(error, StorageFailed) else str(error)) from None
    finally:
        line.end()
    click.echo(
        f"{file} is a verified backup of {len(contents.files)} files, {contents.size_bytes} bytes unpacked."
    )
    click.echo(
        f"It does not contain the key ({_place_of_key(settings)}): without it nobody can read the secrets."
    )


@click.command("restore")
@click.argument("file", type=ARCHIVE)
def restore_data(file: Path) -> None:
    """Restore the backup FILE into the data folder (PATCHBAY_INSTANCE), which must be empty.

    A key file and a token file may be there before. Older tables are migrated. If anything is wrong with the archive,
    nothing is restored. Afterwards it lists the secrets that the present keys do not decrypt.
    """
    settings, line = load_settings(dotenv_path=DOTENV_PATH), ProgressLine()
    require_file(settings)
    kept = {token_path(settings).name, settings.secret_key_file.name}
    try:
        contents = restore_backup(file.absolute(), settings.instance, kept, migrate, _bytes_of(line))
    except StorageFailed as error:
        raise ConfigurationError(error.detail) from None
    finally:
        line.end()
    click.echo(
        f"Restored to {settings.instance}: the backup of {contents.created_at} by Patchbay {contents.patchbay}."
    )
    for text in lines_of_secrets(settings):
        click.echo(text)


def require_file(settings: Settings) -> None:
    """Raises ConfigurationError where the store is not in the data folder."""
    if settings.database_url is not None:
        raise ConfigurationError(USE_PG_DUMP)


def migrate(folder: Path) -> None:
    """Brings the database in the folder to the newest tables. Raises StorageFailed and ConfigurationError."""
    init_database(Flask("restore"), folder).close()


def lines_of_secrets(settings: Settings) -> list[str]:
    """Which stored secrets the present keys do not decrypt, and what to do."""
    keyring = load_keyring(settings.secret_keys, settings.secret_key_file, may_create=False)
    database = init_database(Flask("restore"), settings.instance)
    try:
        return lines_of_unreadable(Vault(database, keyring, time.time).list_unreadable())
    finally:
        database.close()


def lines_of_unreadable(unreadable: Sequence[tuple[str, str]]) -> list[str]:
    """What to say of those secrets, each a plugin and a key."""
    if not unreadable:
        return ["All secrets can be read."]
    listed = [f"  {plugin_id}: {key}" for plugin_id, key in unreadable]
    help_text = (
        f"Import the key with `{command_line('secrets import-key FILE')}`, or enter these secrets again."
    )
    return [f"{len(unreadable)} secrets cannot be read with the key at hand:", *listed, help_text]


def _bytes_of(line: ProgressLine) -> Callable[[int, int], None]:
    return lambda done, total: line.draw("restore", done, total)


def _place_of_key(settings: Settings) -> str:
    return "in PATCHBAY_SECRET_KEY" if settings.secret_keys else str(settings.secret_key_file)
