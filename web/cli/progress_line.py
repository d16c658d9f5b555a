"""How far a long command is."""

from __future__ import annotations

import sys

import click


class ProgressLine:
    """One line on standard error that is drawn anew, if that is a terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._drawn = ""

    def draw(self, step: str, done: int, total: int) -> None:
        line = f"{step}: {100 * done // max(total, 1)} %"
        if self._is_shown and line != self._drawn:
            self._drawn = line
            click.echo(f"\r{line}\x1b[K", err=True, nl=False)

    def end(self) -> None:
        if self._drawn:
            click.echo("\r\x1b[K", err=True, nl=False)
