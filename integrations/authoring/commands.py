"""`flask manifest …`: commands for manifest authors. They need no server and no data folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from integrations.authoring.files import FORMATS, format_of, read_file, render
from integrations.authoring.json_schema import registration_schema
from integrations.authoring.lint_lines import lint_file
from integrations.authoring.lint_rules import OWN_RULES, RULES
from integrations.authoring.openapi.document import NotConvertible
from integrations.authoring.openapi_import import Choice, ImportOptions, import_openapi
from integrations.authoring.source_map import SourceError
from schemas.api.plugins import DeclarationSchema

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True)


@click.group(
    "manifest",
    help="Tools for manifests: lint, import, the JSON Schema for editors, and a loop that renders them.",
)
def manifest_commands() -> None:
    pass


@manifest_commands.command("lint")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE…")
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option(
    "--ignore",
    "ignored",
    multiple=True,
    type=click.Choice(sorted(RULES | OWN_RULES)),
    metavar="RULE",
    help="Ignore a rule, by the name in brackets at the end of a warning. May be repeated.",
)
def lint_files(files: Sequence[str], strict: bool, ignored: Sequence[str]) -> None:
    """Check manifests as registration does, and warn about parts that are probably not meant.

    FILE contains a registration body ({id, name, version, type, manifest}) or a manifest alone, as JSON or
    YAML 1.2; - is standard input. Each finding is one line:

    \b
        weather.yaml:12:5: error: manifest.endpoints[2].path: Start with a slash; …

    Prints nothing if all is well. Exits with 1 on an error, or on a warning with --strict.
    """
    failed = False
    for name in files:
        for level, line in lint_file(name, ignored).lines:
            click.echo(line)
            failed = failed or strict or level == "error"
    if failed:
        raise SystemExit(1)


@manifest_commands.command("schema")
def print_schema() -> None:
    """Print the JSON Schema (2020-12) of a registration body.

    Editors use it to complete and check manifests. The schema of a manifest alone is `#/$defs/Manifest`.
    """
    click.echo(render(registration_schema(), "json"), nl=False)


def _check_id(_context: click.Context, _option: click.Parameter, value: str) -> str:
    return _checked("id", value)


def _check_version(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    return None if value is None else _checked("version", value)


def _checked(word: str, value: str) -> str:
    messages = DeclarationSchema(only=(word,)).validate({word: value}).get(word)
    if messages:
        raise click.BadParameter(messages[0])
    return value


@manifest_commands.command("import-openapi")
@click.argument("file", type=FILE)
@click.option("--id", "plugin_id", required=True, callback=_check_id, help="The plugin's id.")
@click.option("--name", help="The plugin's name; default: the document's title.")
@click.option(
    "--version", callback=_check_version, help="The plugin's version; default: the document's, or 1.0.0."
)
@click.option("--tag", "tags", multiple=True, help="Import the operations with this tag. May be repeated.")
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="GLOB",
    help="Import the matching paths, like '/pets*'. May be repeated.",
)
@click.option(
    "--operation",
    "operation_ids",
    multiple=True,
    metavar="ID",
    help="Import the operation with this operationId. May be repeated.",
)
@click.option(
    "--server",
    metavar="N|URL",
    help="The document's N-th server, from 1, or an absolute URL; its {names} become settings.",
)
@click.option("--no-response-schema", is_flag=True, help="Do not check answers by the document's schemas.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True),
    help="Write to a file instead of standard output.",
)
@click.option(
    "--type",
    "output_format",
    type=click.Choice(FORMATS),
    help="json or yaml; default: by the name of --output, or json.",
)
def import_document(
    file: str,
    plugin_id: str,
    name: str | None,
    version: str | None,
    tags: Sequence[str],
    paths: Sequence[str],
    operation_ids: Sequence[str],
    server: str | None,
    no_response_schema: bool,
    output: str | None,
    output_format: str | None,
) -> None:
    """Convert an OpenAPI 3.0 or 3.1 document to a plugin to edit and register.

    FILE is JSON or YAML; - is standard input. --tag, --path and --operation can be combined; without them every
    operation is imported. Credentials become secure settings, and each GET operation becomes a block.

    What a manifest cannot express is left out and reported on standard error, one line each with the reason: a
    wrong request is worse than none. References to other files are not followed.

    \b
        patchbay manifest import-openapi petstore.yaml --id petstore --tag pets --output petstore.json
    """
    options = ImportOptions(
        plugin_id,
        name,
        version,
        server,
        Choice(tags, paths, operation_ids),
        with_schemas=not no_response_schema,
    )
    imported = _import(file, options)
    for note in imported.notes:
        click.echo(note, err=True)
    text = render(imported.declaration, output_format or format_of(output))
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)


def _import(file: str, options: ImportOptions) -> Any:
    try:
        return import_openapi(read_file(file).value, options)
    except SourceError as error:
        raise click.ClickException(f"{file}:{error.position.line}:{error.position.column}: {error}") from None
    except (NotConvertible, OSError) as error:
        raise click.ClickException(str(error)) from None


def _write(output: str, text: str) -> None:
    try:
        Path(output).write_text(text, "utf-8")
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None
