"""Runs the benchmarks, prints the results and writes build/bench.json; fails if a target is missed.

Each compares alternatives alternately in one run, since the machine's speed drifts. Name some to run only those;
`--docs` writes docs/performance.md as well.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks import (
    build_request,
    cached_render,
    cold_render,
    console_pages,
    event_streams,
    prefetch_schedule,
    register_batch,
    scale,
)
from benchmarks.report import Section
from settings import ROOT

REPORT = Path("build") / "bench.json"
PAGE = ROOT / "docs" / "performance.md"
BENCHMARKS: dict[str, Callable[[], Iterable[Section]]] = {
    "build-request": build_request.run,
    "cached-render": cached_render.run,
    "cold-render": cold_render.run,
    "console-pages": console_pages.run,
    "event-streams": event_streams.run,
    "register-batch": register_batch.run,
    "prefetch": prefetch_schedule.run,
    "scale": scale.run,
}


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHMARKS)))
@click.option("--docs", is_flag=True, help="Write docs/performance.md from this run.")
def main(names: tuple[str, ...], docs: bool) -> None:
    sections = []
    for name in names or BENCHMARKS:
        for section in BENCHMARKS[name]():
            click.echo(f"{section.title}\n\n{section.text()}\n")
            sections.append(section)
    _write_report(sections)
    if docs:
        _write_page(sections)
    missed = [target for section in sections for target in section.targets if not target.is_met]
    raise SystemExit(1 if missed else 0)


def hardware() -> str:
    """The processor, how many of its cores there are, and the Python that ran."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = models[0] if models else platform.processor() or platform.machine()
    return f"{len(models) or 1} cores of {name}, {platform.system()}, Python {platform.python_version()}"


def _write_report(sections: list[Section]) -> None:
    REPORT.parent.mkdir(exist_ok=True)
    report = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "hardware": hardware(),
        "sections": [section.as_json() for section in sections],
    }
    REPORT.write_text(json.dumps(report, indent=2) + "\n", "utf-8")


def _write_page(sections: list[Section]) -> None:
    text, _, _ = PAGE.read_text("utf-8").partition("## The last full run\n")
    parts = [f"{datetime.now(UTC):%Y-%m-%d}, {hardware()}.\n"]
    parts += [f"### {section.title}\n\n```\n{section.text()}\n```\n" for section in sections]
    PAGE.write_text(text + "## The last full run\n\n" + "\n".join(parts), "utf-8")


if __name__ == "__main__":
    main()
