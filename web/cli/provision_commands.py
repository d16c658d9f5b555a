"""`flask apply` and `flask export`: a server's set-up from files, and as files."""

from __future__ import annotations

import os
from pathlib import Path

import click
from flask.cli import with_appcontext

from errors import PatchbayError
from integrations.authoring.files import format_of, render
from integrations.provisioning.export import Selection, export_setup
from integrations.provisioning.plan import Plan
from integrations.provisioning.provisioner import Provisioner
from integrations.provisioning.references import References
from settings import DOTENV_PATH, ConfigurationError, read_dotenv
from web.api.context import Services, services
from web.cli.audit_commands import note_command, recorded_command

DIFFERS = 1


def provisioner_of(app_services: Services) -> Provisioner:
    """What applies files to this server's store."""
    settings = app_services.settings
    references = References(
        {**read_dotenv(DOTENV_PATH), **os.environ}, may_run_commands=settings.provision_commands
    )
    return Provisioner(
        app_services.database,
        app_services.store,
        app_services.prefetch.planner,
        references,
        app_services.clock,
    )


@click.command("apply")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print what would change, and change nothing.")
@click.option("--release", is_flag=True, help="Let files own nothing any more; everything stays as it is.")
@with_appcontext
def apply_files(folder: Path | None, dry_run: bool, release: bool) -> None:
    """Apply the files in FOLDER, by default that of PATCHBAY_PROVISION.

    Prints what changes, one line each: + is added, ~ changed, - removed, = is not set by files any more. Of a secret
    it only says that it changes. A running server takes part at once.

    Exits with 0 if everything was applied or nothing differs, and with 2 if a file is wrong: then nothing was
    applied. With --dry-run it exits with 1 if something would change.
    """
    provisioner = provisioner_of(services())
    if release:
        with recorded_command("provisioning.released"):
            click.echo(f"Files own nothing any more; they owned {provisioner.release()}.")
        return
    chosen = folder or services().settings.provision
    if chosen is None:
        raise click.UsageError("Name a folder, or set PATCHBAY_PROVISION.")
    try:
        with recorded_command("provisioning.applied", folder=str(chosen)):
            plan = provisioner.plan(chosen) if dry_run else provisioner.apply(chosen)
    except PatchbayError as error:
        raise ConfigurationError(error.detail) from None
    for line in plan_lines(plan):
        click.echo(line)
    if dry_run and not plan.is_empty:
        raise SystemExit(DIFFERS)


def plan_lines(plan: Plan) -> list[str]:
    """The plan as a diff."""
    if plan.changes:
        return [str(change) for change in plan.changes]
    return ["What the files own changes, no value does."] if plan.owners_change else ["Nothing to change."]


@click.command("export")
@click.option(
    "--workspace", "workspace_id", type=click.IntRange(min=1), help="Only this workspace, by its id."
)
@click.option("--plugin", "plugin_id", help="Only this plugin, with what is set for it.")
@click.option("--output", type=click.Path(dir_okay=False), help="Write to a file instead of standard output.")
@with_appcontext
def export_files(workspace_id: int | None, plugin_id: str | None, output: str | None) -> None:
    """Write the set-up as one provisioning file, as YAML, or as JSON if --output ends with .json.

    Secrets are named and never written: {env: PATCHBAY_SECRET_<PLUGIN>_<NAME>}.
    """
    try:
        exported = export_setup(services().database, Selection(workspace_id, plugin_id))
        note_command("export", workspace=workspace_id, plugin=plugin_id)
    except PatchbayError as error:
        raise click.ClickException(error.detail) from None
    text = render(exported, format_of(output) if output else "yaml")
    if output is None:
        click.echo(text, nl=False)
        return
    try:
        Path(output).write_text(text, "utf-8")
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None
