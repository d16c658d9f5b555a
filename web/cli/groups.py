"""The commands of `flask`, and which of them need the whole application."""

from __future__ import annotations

import click
from flask import Flask
from flask_smorest.spec import openapi_cli

from plugin_store.engine.opening import init_migrations
from web.cli.audit_commands import show_audit
from web.cli.backup_commands import backup_data, restore_data
from web.cli.commands import OWN_COMMANDS, bare_app, is_asked_for_help, is_on_the_way_to
from web.cli.doctor import examine
from web.cli.lazy_group import LazyGroup
from web.cli.provision_commands import apply_files, export_files
from web.cli.secret_commands import secrets_commands
from web.cli.store_commands import store_commands
from web.cli.token_commands import tokens_commands

# Its tools are loaded for manifest authors only, not by every server.
manifest_commands = LazyGroup(
    "manifest", f"{__package__}.manifest_commands:manifest_commands",
    help="Tools for manifests: lint, import, the JSON Schema for editors, and a loop that renders them.",
)  # fmt: skip
COMMANDS: tuple[click.Command, ...] = (
    *OWN_COMMANDS,
    tokens_commands,
    show_audit,
    apply_files,
    export_files,
    backup_data,
    restore_data,
    secrets_commands,
    store_commands,
    manifest_commands,
    examine,
)
# What flask-migrate and flask-smorest add to the whole application.
migration_commands = LazyGroup("db", "flask_migrate.cli:db", help="Perform database migrations.")
ADDED_COMMANDS = (migration_commands, openapi_cli)


def app_for_commands_alone() -> Flask | None:
    """An application without a data folder, if the typed command needs none or must not change it."""
    if is_on_the_way_to(manifest_commands) and not is_on_the_way_to(manifest_commands, "record"):
        return bare_app(manifest_commands)
    # They must not change the data folder, or need an empty one.
    for command in (examine, restore_data, store_commands):
        if is_on_the_way_to(command):
            return bare_app(command)
    if is_asked_for_help():
        return bare_app(*COMMANDS, *ADDED_COMMANDS)
    return None


def add_commands(app: Flask) -> None:
    """Adds our commands to the application, and prepares it for `flask db …` if that was typed."""
    for command in COMMANDS:
        app.cli.add_command(command)
    if is_on_the_way_to(migration_commands):
        init_migrations(app)
