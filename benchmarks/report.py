"""The results of a benchmark: figures, and targets that are met or missed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

SHOWN, KEPT = 10, 100


@dataclass(frozen=True, slots=True)
class Target:
    """A figure with a maximum or a minimum."""

    name: str
    measured: float
    limit: float
    unit: str = "×"
    at_least: bool = False

    @property
    def is_met(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit

    def line(self) -> str:
        word = "at least" if self.at_least else "at most"
        verdict = "" if self.is_met else "   MISSED"
        return f"{self.name}: {self.measured:.2f} {self.unit}, {word} {round(self.limit, 3):g}{verdict}"


@dataclass(frozen=True, slots=True)
class Section:
    """One benchmark: what was compared, its figures line by line, and its targets."""

    title: str
    figures: list[str]
    targets: list[Target] = field(default_factory=list)

    def text(self) -> str:
        lines = [*self.figures, "", *(target.line() for target in self.targets)]
        return "\n".join(f"  {line}".rstrip() for line in lines)

    def as_json(self) -> dict[str, Any]:
        targets = [
            {**asdict(target), "measured": round(target.measured, 3), "is_met": target.is_met}
            for target in self.targets
        ]
        return {"title": self.title, "figures": self.figures, "targets": targets}


def show_and_write(section: Section, wrong: dict[str, list[str]], report: Path) -> None:
    """Prints a long run and the first things that went wrong, by kind, and writes more of them to a file."""
    click.echo(f"{section.title}\n\n{section.text()}\n")
    for name, found in wrong.items():
        for line in found[:SHOWN]:
            click.echo(f"{name}: {line}")
    report.parent.mkdir(exist_ok=True)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    content = {"at": at, **section.as_json(), **{name: found[:KEPT] for name, found in wrong.items()}}
    report.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
