"""`flask secrets …`: key management at the command line."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from web.api.context import services

secrets_commands = AppGroup("secrets", help="Keys that encrypt the stored secrets.")


@secrets_commands.command("new-key")
def add_key() -> None:
    """Make a new key, which encrypts from now on; the old keys still decrypt."""
    services().store.vault.add_key()
    click.echo(
        'The new key encrypts from now on. Run `make flask ARGS="secrets rotate"` to encrypt the stored ones with it.'
    )


@secrets_commands.command("rotate")
def rotate_secrets() -> None:
    """Encrypt every stored secret again with the newest key."""
    rotation = services().store.vault.rotate()
    click.echo(f"Encrypted again: {rotation.resealed}. Already current: {rotation.current}.")
    if rotation.unreadable:
        click.echo(f"Not readable with any key: {rotation.unreadable}. Enter these secrets again.")


@secrets_commands.command("drop-old-keys")
def drop_old_keys() -> None:
    """Keep only the newest key, once no secret needs another one."""
    services().store.vault.drop_old_keys()
    click.echo("Only the newest key is kept.")
