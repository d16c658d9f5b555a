"""`flask` commands about this server: its token and its settings."""

from __future__ import annotations

import sys
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup, FlaskGroup, with_appcontext

from settings import SETTINGS, Settings
from web.api.context import services
from web.cli.audit_commands import recorded_command
from web.gate.tokens import load_token, rotate_token
from web.server.links import signin_url

token_commands = AppGroup("token", help="The access token of programs and browsers.")


@token_commands.command("show")
def show_token() -> None:
    """Print the token and the link that signs a browser in."""
    settings = services().settings
    token = load_token(settings)
    click.echo(f"{token}\n{signin_url(settings, token)}")


@token_commands.command("rotate")
def rotate() -> None:
    """Make a new token; the old one stops working at once, in browsers too. Named tokens stay (see `tokens`)."""
    settings = services().settings
    if settings.token:
        raise click.ClickException("PATCHBAY_TOKEN sets the token: change it there.")
    click.echo(rotate_token(settings))
    gate = current_app.extensions["patchbay_gate"]
    with recorded_command("owner_token.rotated"):
        gate.sessions.end_all()
        # A running server reads the token again when the store has changed.
        services().database.touch()
    if count := len(gate.tokens.list()):
        click.echo(f"Named tokens are still valid: {count}. See `flask tokens list`.", err=True)


@click.command("settings")
@with_appcontext
def show_settings() -> None:
    """Print every setting with its value and what it does; secrets are masked."""
    settings = services().settings
    for setting in SETTINGS:
        value = (
            "(set)"
            if setting.secret and getattr(settings, setting.name)
            else _as_text(settings, setting.name)
        )
        click.echo(f"{setting.variable}={value}")
        click.echo(f"    {setting.help}")


def _as_text(settings: Settings, name: str) -> str:
    value: Any = getattr(settings, name)
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else str(value)


def is_on_the_way_to(command: click.Command, *subcommand: str) -> bool:
    """Whether this process is `flask` about to run the command, or its subcommand if that is given."""
    words = _typed_words()
    return words is not None and words[: 1 + len(subcommand)] == [command.name, *subcommand]


def is_asked_for_help() -> bool:
    """Whether this process is `flask` that only lists its commands."""
    return _typed_words() == []


def _typed_words() -> list[str] | None:
    """The words after `flask` and its own options; None in another process, or if they cannot be read."""
    context = click.get_current_context(silent=True)
    if context is None or not isinstance(context.command, FlaskGroup):
        return None
    try:
        # click does not reveal the command's name while it looks it up, but the typed words do.
        _, words, _ = context.command.make_parser(context).parse_args(sys.argv[1:])
    except click.UsageError:
        return None
    return words


def bare_app(*commands: click.Command) -> Flask:
    """An application with only these commands: no settings, no data folder."""
    app = Flask("patchbay")
    for command in commands:
        app.cli.add_command(command)
    return app


OWN_COMMANDS: tuple[click.Command, ...] = (token_commands, show_settings)
