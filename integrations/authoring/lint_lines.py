"""The findings in a file, each as a line with its position."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from integrations.authoring.files import read_file
from integrations.authoring.findings import Finding
from integrations.authoring.lint import lint, position_of
from integrations.authoring.source_map import Source, SourceError


@dataclass(frozen=True, slots=True)
class LintedFile:
    """A file's content, None if it cannot be read, and its findings as `(level, line)` in their order."""

    source: Source | None
    lines: list[tuple[str, str]]

    @property
    def has_errors(self) -> bool:
        return any(level == "error" for level, _ in self.lines)


def lint_file(name: str, ignored: Collection[str] = ()) -> LintedFile:
    """The file with its findings, without those of the ignored rules. A file that cannot be read is an error, too."""
    try:
        source = read_file(name)
    except SourceError as error:
        return _unread(f"{name}:{error.position.line}:{error.position.column}: error: {error}")
    except OSError as error:
        return _unread(f"{name}:1:1: error: {error.strerror}")
    found = sorted(lint(source.value), key=lambda item: position_of(source, item))
    lines = [(item.level, _line(name, source, item)) for item in found if item.code not in ignored]
    return LintedFile(source, lines)


def _unread(line: str) -> LintedFile:
    return LintedFile(None, [("error", line)])


def _line(name: str, source: Source, found: Finding) -> str:
    line, column = position_of(source, found)
    rule = f" [{found.code}]" if found.code else ""
    return f"{name}:{line}:{column}: {found.level}: {found.path}: {found.message}{rule}"
