"""The command `patchbay` that the wheel installs: the server, and every command of `flask`."""

from __future__ import annotations

from collections.abc import Callable

import click
from flask import Flask
from flask.cli import FlaskGroup

from installation import VERSION

OWN_OPTIONS = frozenset({"--help", "--version"})


class Program(FlaskGroup):
    """Serves, unless another command is typed. Commands are looked up in the application, as `flask` does."""

    def __init__(self, create_app: Callable[..., Flask], serve: click.Command) -> None:
        super().__init__(
            name="patchbay",
            help="Patchbay, the backend that a frontend's plugins plug into. Without a command it serves.",
            create_app=create_app,
            add_default_commands=False,
            add_version_option=False,
            load_dotenv=False,
            set_debug_flag=False,
        )
        # The application is this one, and its settings have a file of their own.
        version = click.version_option(VERSION, prog_name="patchbay")(lambda: None)
        self.params = version.__click_params__  # type: ignore[attr-defined]
        self._serve = serve

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in OWN_OPTIONS):
            args = ["serve", *args]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return self._serve if name == "serve" else super().get_command(ctx, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({"serve", *super().list_commands(ctx)})
