"""`flask doctor`: what is wrong with this installation, and what to do about it."""

from __future__ import annotations

import click
import orjson

from settings import load_settings
from web.doctor.examination import examine_folder
from web.doctor.findings import LEVELS, Finding, Level, worst

COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def examine(as_json: bool) -> None:
    """Say what is wrong with this installation, and what to do about it.

    Looks at the data folder, the database, the disk, the clock, the key, the cache, egress, the enabled integrations,
    reviews, budgets and the schedule. A running server may go on. Nothing is changed, and no provider is called.

    Exits with 0 if all is well, with 1 after a warning, with 2 after an error.
    """
    findings = examine_folder(load_settings())
    level = worst(findings)
    click.echo(_as_json(level, findings) if as_json else "\n".join(_lines(findings)))
    raise SystemExit(LEVELS.index(level))


def _as_json(level: Level, findings: list[Finding]) -> str:
    return orjson.dumps({"level": level, "findings": findings}, option=orjson.OPT_INDENT_2).decode()


def _lines(findings: list[Finding]) -> list[str]:
    return [line for finding in findings for line in _lines_of(finding)]


def _lines_of(finding: Finding) -> list[str]:
    level = click.style(f"{finding.level:<8}", fg=COLOURS[finding.level])
    lines = [f"{level} {finding.check:<12} {finding.message}"]
    return lines if finding.remedy is None else [*lines, f"{'':<22}{finding.remedy}"]
