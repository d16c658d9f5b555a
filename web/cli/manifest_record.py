"""`flask manifest record`: renders blocks and writes what the providers answered as samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from errors import PatchbayError
from integrations.authoring.dev.block_changes import Declaration, DeclaredBlock, blocks_of, is_declaration
from integrations.authoring.dev.given_inputs import inputs_of, missing_inputs, parse_listed
from integrations.authoring.dev.printing import (
    action_line,
    error_line,
    finding_line,
    missing_line,
    problem_lines,
)
from integrations.authoring.files import read_file
from integrations.authoring.lint_lines import lint_file
from integrations.sample_answers.folder import FOLDER_SUFFIX, INPUTS_FILE
from integrations.sample_answers.recorder import Recorder
from plugin_store.workspaces import resolve_scope
from web.api.context import services
from web.api.problems import problem_of
from web.cli.manifest_dev import INPUT_OPTION, print_line


@click.command("record")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False), metavar="FILE…"
)
@INPUT_OPTION
@click.option("--block", "block_ids", multiple=True, metavar="ID", help="Only this block. May be repeated.")
@click.option(
    "--workspace", "workspace_id", type=int, help="The workspace with the settings; default: the first."
)
@with_appcontext
def record_samples(
    files: Sequence[str], inputs: Mapping[str, str], block_ids: Sequence[str], workspace_id: int | None
) -> None:
    """Render the blocks of manifests and keep what the providers answer.

    FILE contains a registration body ({id, name, version, type, manifest}), as JSON or YAML. It is registered in this
    machine's data folder, whose settings and secrets are used. Each block is rendered, past the cache, and each
    answer of the provider is written to a file in the folder `NAME.samples` beside FILE: status, some headers, body.

    A file `inputs.json` in that folder lists inputs by block, each of which is rendered:
    {"city": [{"city": "Oslo"}, {"city": "Bergen"}]}. --input is for blocks that it does not list.

    Secrets of the calls are replaced by REDACTED, and no headers of requests are written. Answers may still be
    private: read the samples before you publish them. Actions are not run; write a sample for them by hand.

    A server with PATCHBAY_SAMPLES=folder answers from the samples below the folder, without any network.

    Exits with 1 if a block could not be rendered; nothing is written for it.

    \b
        patchbay manifest record weather.yaml --input city=Oslo
    """
    if services().settings.samples is not None:
        raise click.UsageError("PATCHBAY_SAMPLES is set, so no provider is called: unset it to record.")
    results = [_record_file(name, inputs, block_ids, workspace_id) for name in files]
    if not all(results):
        raise SystemExit(1)


def _record_file(
    name: str, inputs: Mapping[str, str], block_ids: Sequence[str], workspace_id: int | None
) -> bool:
    declaration = _read_declaration(name)
    if declaration is None:
        return False
    try:
        services().store.registry.register(declaration)
        blocks = _chosen(blocks_of(declaration), block_ids)
    except PatchbayError as error:
        _tell_problem(name, error)
        return False
    folder = Path(name).with_suffix(FOLDER_SUFFIX)
    listed = _read_listed_inputs(folder / INPUTS_FILE)
    recording = _Recording(declaration["id"], workspace_id, folder)
    results = [
        _record_block(recording, block, each)
        for block in blocks
        for each in listed.get(block.id) or [inputs_of(block.inputs, inputs)]
    ]
    return all(results)


def _read_listed_inputs(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The inputs that the file lists, by block; empty without the file."""
    if not path.is_file():
        return {}
    try:
        return parse_listed(read_file(str(path)).value)
    except (ValueError, OSError) as error:
        raise click.ClickException(f"{path}: {error}") from None


def _read_declaration(name: str) -> Declaration | None:
    linted = lint_file(name)
    for level, line in linted.lines:
        if level == "error":
            print_line(finding_line(level, line))
    if linted.has_errors or linted.source is None:
        return None
    if not is_declaration(linted.source.value):
        print_line(
            error_line(
                f"{name} is a manifest alone: write it as `manifest` beside `id`, `name`, `version`, `type`."
            )
        )
        return None
    return linted.source.value


def _chosen(blocks: Mapping[str, DeclaredBlock], ids: Sequence[str]) -> list[DeclaredBlock]:
    unknown = sorted(set(ids) - blocks.keys())
    if unknown:
        raise click.BadParameter(f"There is no block `{unknown[0]}`.", param_hint="--block")
    return [block for block in blocks.values() if not ids or block.id in ids]


@dataclass(frozen=True, slots=True)
class _Recording:
    """What is rendered with which settings, and where its samples go."""

    plugin_id: str
    workspace_id: int | None
    folder: Path


def _record_block(recording: _Recording, block: DeclaredBlock, inputs: Mapping[str, Any]) -> bool:
    if block.is_action:
        print_line(action_line(block.id))
        return True
    if missing := missing_inputs(block.inputs, inputs):
        print_line(missing_line(block.id, missing))
        return True
    recorder = Recorder()
    error = _render(recording, block.id, inputs, recorder)
    if error is not None:
        _tell_problem(block.id, error)
        return False
    try:
        written = recorder.write(recording.folder)
    except OSError as failed:
        raise click.ClickException(f"{recording.folder}: {failed.strerror}") from None
    for file in written:
        click.echo(f"  {block.id}  {recording.folder / file}")
    return True


def _render(
    recording: _Recording, block_id: str, inputs: Mapping[str, Any], recorder: Recorder
) -> PatchbayError | None:
    """The failure of a render, None if it succeeded. The recorder has what came meanwhile."""
    held = services()
    egress = held.calling.egress
    egress.listener = recorder.note
    try:
        scope = resolve_scope(held.database, recording.workspace_id)
        rendered = held.rendering.renderer.render_block(
            scope, recording.plugin_id, block_id, inputs, use_cache=False
        )
        # The last good answer in place of a failure is not what the provider answered.
        return rendered.error if rendered.is_stale else None
    except PatchbayError as error:
        return error
    finally:
        egress.listener = None


def _tell_problem(subject: str, error: PatchbayError) -> None:
    for line in problem_lines(subject, error.status, problem_of(error)):
        print_line(line)
