"""`flask secrets …`: key management at the command line."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from installation import command_line
from plugin_store.engine.files import create_private_file
from plugin_store.vault.wrapped_keys import MAX_TEXT_BYTES, UnusableKeyFile, unwrap_keys, wrap_keys
from regular_files import UnusableFile, read_regular_file
from web.api.context import services
from web.cli.audit_commands import note_command, recorded_command

secrets_commands = AppGroup("secrets", help="Keys that encrypt the stored secrets.")


@secrets_commands.command("new-key")
def add_key() -> None:
    """Make a new key, which encrypts from now on; the old keys still decrypt."""
    services().store.vault.add_key()
    note_command("key.added")
    click.echo(
        f"The new key encrypts from now on. Run `{command_line('secrets rotate')}` to encrypt the stored ones with it."
    )


@secrets_commands.command("rotate")
def rotate_secrets() -> None:
    """Encrypt every stored secret again with the newest key."""
    with recorded_command("secrets.rotated"):
        rotation = services().store.vault.rotate()
    click.echo(f"Encrypted again: {rotation.resealed}. Already current: {rotation.current}.")
    if rotation.unreadable:
        click.echo(f"Not readable with any key: {rotation.unreadable}. Enter these secrets again.")


@secrets_commands.command("drop-old-keys")
def drop_old_keys() -> None:
    """Keep only the newest key, once no secret needs another one."""
    services().store.vault.drop_old_keys()
    note_command("key.dropped")
    click.echo("Only the newest key is kept.")


@secrets_commands.command("accept-key")
def accept_key() -> None:
    """Seal secrets with this server's key, where the one of a shared store is lost."""
    if not services().database.spans_hosts:
        raise click.ClickException("This store is on this machine only, so its key is the one that is here.")
    services().store.vault.accept_key()
    note_command("key.accepted")
    click.echo("Secrets are sealed with the key of this server from now on: set it on every host.")


FILE = click.Path(dir_okay=False, path_type=Path)
passphrase_option = click.option(
    "--passphrase-file", type=FILE, help="Read the passphrase from a file instead of asking for it."
)


@secrets_commands.command("export-key")
@click.argument("file", type=FILE)
@passphrase_option
def export_key(file: Path, passphrase_file: Path | None) -> None:
    """Write the keys to FILE, encrypted with a passphrase, to keep apart from the backups."""
    keys = services().store.vault.export_keys()
    passphrase = _read_passphrase(passphrase_file) or click.prompt(
        "Passphrase", hide_input=True, confirmation_prompt=True
    )
    try:
        create_private_file(file, wrap_keys(keys, passphrase).encode())
    except FileExistsError:
        raise click.ClickException(f"{file} exists already, and is not replaced.") from None
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from None
    note_command("key.exported")
    click.echo(
        f"{file} contains {len(keys)} keys. Without the passphrase nobody can read it, and you neither."
    )
    command = command_line("secrets import-key FILE")
    click.echo(f"Keep it apart from the backups, and test it: `{command}` says whether it can be read.")


@secrets_commands.command("import-key")
@click.argument("file", type=FILE)
@passphrase_option
def import_key(file: Path, passphrase_file: Path | None) -> None:
    """Add the keys in FILE to the key file, behind those that are there; none is replaced."""
    try:
        text = read_regular_file(file, MAX_TEXT_BYTES).decode("utf-8")
        passphrase = _read_passphrase(passphrase_file) or click.prompt("Passphrase", hide_input=True)
        keys = unwrap_keys(text, passphrase)
    except UnusableFile as error:
        raise click.ClickException(f"{file} {error}.") from None
    except UnicodeDecodeError:
        raise click.ClickException("The file is no exported key.") from None
    except UnusableKeyFile as error:
        raise click.ClickException(str(error)) from None
    vault = services().store.vault
    added = vault.import_keys(keys)
    note_command("key.imported", added=added)
    unreadable = vault.list_unreadable()
    click.echo(f"{added} of {len(keys)} keys added; the others were there already.")
    if unreadable:
        click.echo(f"{len(unreadable)} secrets can still not be read:")
        for plugin_id, key in unreadable:
            click.echo(f"  {plugin_id}: {key}")
    else:
        click.echo("All secrets can be read.")


def _read_passphrase(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        passphrase = read_regular_file(path).decode("utf-8").strip("\r\n")
    except (UnusableFile, UnicodeDecodeError) as error:
        why = str(error) if isinstance(error, UnusableFile) else "is not UTF-8"
        raise click.ClickException(f"{path} {why}.") from None
    if not passphrase:
        raise click.ClickException(f"{path} is empty.")
    return passphrase
