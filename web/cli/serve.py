"""`python app.py`: serves Patchbay until it is stopped."""

from __future__ import annotations

import logging
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import cast

import click
from flask import Flask

from errors import PatchbayError, StorageFailed
from installation import IS_PACKAGE, command_line, default_instance
from integrations.backup.making import USE_PG_DUMP
from integrations.backup.schedule import BackupPlan, BackupSchedule
from plugin_store.vault.store_key import ANOTHER_KEY
from settings import DOTENV_PATH, ConfigurationError, Settings, load_settings, unknown_variables
from web.api.context import Services
from web.cli.provision_commands import provisioner_of
from web.pages.built_files import is_built
from web.server.links import ready_lines
from web.server.logs import init_logging
from web.server.serve import bind, limit_malloc_arenas, serve
from web.server.server import make_server
from web.server.tracing import start_tracing

log = logging.getLogger("patchbay")

MORE_COMMANDS = "`patchbay --help`" if IS_PACKAGE else "`make flask`, or `flask --app app --help`"
HELP = f"""Serve Patchbay until Ctrl-C or SIGTERM.

Settings come from PATCHBAY_… environment variables or from {DOTENV_PATH}; docs/configuration.md lists them, and
`{command_line("settings")}` shows their values. Once it serves, Patchbay prints the link that signs a browser in; where
the output is no terminal, the file that holds the token. Programs send the same token as `Authorization: Bearer …`.

More commands: {MORE_COMMANDS}.
"""


def serve_command(
    create_app: Callable[[Settings], Flask], close_app: Callable[[Flask], None]
) -> click.Command:
    """The command that serves the app made by `create_app`, and closes it with `close_app` at the end."""

    @click.command(help=HELP, short_help="Serve Patchbay; without a command, this is what is run.")
    @click.argument("action", type=click.Choice(["serve"]), default="serve")
    @click.option("--host", help="Address to listen on (PATCHBAY_HOST, 127.0.0.1).")
    @click.option("--port", help="Port to listen on (PATCHBAY_PORT, 8765); 0 takes a free one.")
    @click.option("--instance", help=f"Folder for all data (PATCHBAY_INSTANCE, {default_instance()}).")
    def main(action: str, **options: str | None) -> None:
        run_server(load_settings(_override(os.environ, options), DOTENV_PATH), create_app, close_app)

    return main


def run_server(
    settings: Settings, create_app: Callable[[Settings], Flask], close_app: Callable[[Flask], None]
) -> None:
    """Serves until SIGINT or SIGTERM. Raises ConfigurationError if the configuration does not work."""
    limit_malloc_arenas()
    listener = bind(settings)
    settings = replace(settings, port=listener.getsockname()[1])
    app = create_app(settings)
    held = app.extensions["patchbay_gate"].held
    init_logging(settings.log_level, settings.log_format, lambda: held.value)
    stop_tracing = start_tracing(os.environ)
    try:
        serve_app(app, listener, settings)
    finally:
        close_app(app)
        stop_tracing()


def serve_app(app: Flask, listener: socket.socket, settings: Settings) -> None:
    """Serves the app until SIGINT or SIGTERM. Raises ConfigurationError for files that cannot be applied."""
    named = provision(app.extensions["patchbay"]) if settings.provision else frozenset()
    for name in unknown_variables(os.environ, DOTENV_PATH):
        if name in named:
            continue
        log.warning("%s is not a setting; docs/configuration.md lists them", name)
    if settings.samples is not None:
        log.warning("Samples in %s answer in place of providers: no provider is called.", settings.samples)
    if (schedule := backup_schedule(settings)) is not None:
        app.extensions["patchbay_closing"].callback(schedule.close)
        schedule.start()
    if settings.prefetch:
        app.extensions["patchbay"].prefetch.prefetcher.start()

    def tell_all() -> None:
        print_ready_lines(settings, app.extensions["patchbay_gate"].held.value)
        warn_of_another_key(app.extensions["patchbay"])
        warn_of_unreadable_secrets(app.extensions["patchbay"])

    serve(make_server(app, listener, settings), tell_all)


def backup_schedule(settings: Settings) -> BackupSchedule | None:
    """What makes backups on schedule, if the settings name a folder for them. Raises ConfigurationError."""
    if settings.backup is None:
        return None
    if settings.database_url is not None:
        raise ConfigurationError(f"PATCHBAY_BACKUP cannot be used. {USE_PG_DUMP}")
    plan = BackupPlan(settings.backup, settings.backup_every_hours * 3600.0, settings.backup_keep)
    return BackupSchedule(settings.instance, plan, time.time)


def provision(services: Services) -> frozenset[str]:
    """Applies the files of PATCHBAY_PROVISION, and returns the variables that they name. Raises ConfigurationError."""
    try:
        plan = provisioner_of(services).apply(cast(Path, services.settings.provision))
    except PatchbayError as error:
        raise ConfigurationError(error.detail) from None
    for change in plan.changes:
        # Without values, as in every line of the log.
        log.info("Provisioned: %s %s", change.verb, change.place)
    return plan.variables


def print_ready_lines(settings: Settings, token: str) -> None:
    """Prints to standard output that the server is ready, and how to sign in."""
    for line in ready_lines(settings, token, to_terminal=sys.stdout.isatty()):
        click.echo(line)
    if not is_built():
        click.echo(
            "Its pages and the JavaScript client are not built: run `make frontend`. The API works without."
        )


def warn_of_another_key(services: Services) -> None:
    """Warns if another key than that of this server seals the secrets of the store."""
    with suppress(StorageFailed):
        if not services.store.vault.has_store_key():
            log.warning("%s", ANOTHER_KEY)


def warn_of_unreadable_secrets(services: Services) -> None:
    """Warns of secrets that the current keys do not decrypt. The server answers requests anyway."""
    try:
        unreadable = services.store.vault.list_unreadable()
    except StorageFailed:
        return
    for plugin_id, key in unreadable:
        log.warning(
            "The secret %s of %s cannot be decrypted with the present keys. Enter it again.", key, plugin_id
        )


def _override(environ: Mapping[str, str], options: Mapping[str, str | None]) -> dict[str, str]:
    """The environment, overridden by command line options."""
    given = {f"PATCHBAY_{name.upper()}": value for name, value in options.items() if value is not None}
    replaced = {*given, *(f"{variable}_FILE" for variable in given)}
    return {name: value for name, value in environ.items() if name not in replaced} | given
