"""`flask manifest dev`: registers and renders manifests while they are written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence

import click

from integrations.authoring.dev.file_watch import changes
from integrations.authoring.dev.given_inputs import parse_pair
from integrations.authoring.dev.printing import Line
from integrations.authoring.dev.session import Options, Session
from settings import load_settings
from web.cli.server_client import client_for


def parse_inputs(
    _context: click.Context, _option: click.Parameter, pairs: Sequence[str]
) -> Mapping[str, str]:
    """The pairs `name=value` of an option. Raises BadParameter."""
    try:
        return dict(parse_pair(pair) for pair in pairs)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


INPUT_OPTION = click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="NAME=VALUE",
    callback=parse_inputs,
    help="An input, for every block that has it; others use their defaults. May be repeated.",
)


@click.command("dev")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False), metavar="FILE…")
@INPUT_OPTION
@click.option("--all", "renders_all", is_flag=True, help="Render every block at each change.")
@click.option("--no-cache", is_flag=True, help="Let the provider answer each render.")
@click.option("--url", help="The server; default: this machine's own, as its settings say.")
@click.option(
    "--token-file",
    metavar="PATH",
    help="A file with the server's token; default: PATCHBAY_TOKEN, or its own.",
)
@click.option("--once", is_flag=True, help="Do not watch: one pass, with an exit code.")
@click.option("--strict", is_flag=True, help="With --once: exit with 1 on a warning, too.")
def watch_manifests(
    files: Sequence[str],
    inputs: Mapping[str, str],
    renders_all: bool,
    no_cache: bool,
    url: str | None,
    token_file: str | None,
    once: bool,
    strict: bool,
) -> None:
    """Check, register and render manifests whenever they change.

    FILE contains a registration body ({id, name, version, type, manifest}), as JSON or YAML. Each change is checked
    as by lint, registered with the running server, and the blocks that it changes are rendered:

    \b
        weather.yaml  open-meteo 1.2.0 updated
          current  MISS  132 ms  city="Oslo"
            {"temperature":21.4,"wind":3}
            ~ temperature: 21.3 → 21.4

    Lines with +, - and ~ say what is new, gone and changed since the last render. A file with errors is reported,
    and watched further. Actions are not run. Ctrl-C ends it.

    With --once, exits with 1 if a block could not be rendered, with 2 if a file was refused or the server cannot be
    reached.

    \b
        patchbay manifest dev weather.yaml --input city=Oslo
    """
    client = client_for(load_settings(), url, token_file)
    options = Options(inputs, renders_all, use_cache=not no_cache, is_strict=strict)
    session = Session(client, options, print_line)
    if once:
        raise SystemExit(max(session.run(name) for name in files))
    watch(session, files, threading.Event().wait)


def watch(session: Session, files: Sequence[str], wait: Callable[[float], object]) -> None:
    """Runs the session for each change until Ctrl-C."""
    try:
        for changed in changes(files, wait):
            for name in changed:
                session.run(name)
    except KeyboardInterrupt:
        click.echo()


def print_line(line: Line) -> None:
    """Prints the pieces of a line; click leaves the colours out where the output is no terminal."""
    click.echo("".join(_styled(text, colour) for text, colour in line))


def _styled(text: str, colour: str | None) -> str:
    return click.style(text, bold=True) if colour == "bold" else click.style(text, fg=colour)
