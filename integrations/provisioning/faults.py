"""What is wrong with provisioning files, each fault with its file, line and field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from integrations.authoring.source_map import START, Position
from settings import ConfigurationError

MAX_SHOWN_FAULTS = 50


def printable(text: str) -> str:
    """The text in one line, without characters that a terminal obeys."""
    return "".join(character if character.isprintable() else "�" for character in text)


class Fault(NamedTuple):
    """One fault. `path` is the field's in the file: `workspaces[0].plugins.github.config.owner`."""

    file: str
    position: Position
    path: str
    message: str

    def __str__(self) -> str:
        field = f"{self.path}: " if self.path else ""
        return printable(f"{self.file}:{self.position.line}:{self.position.column}: {field}{self.message}")


class ProvisioningFailed(ConfigurationError):
    """The files cannot be applied, and nothing was: one line for each fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        lines = [str(fault) for fault in sorted(faults)[:MAX_SHOWN_FAULTS]]
        if len(faults) > MAX_SHOWN_FAULTS:
            lines.append(f"… and {len(faults) - MAX_SHOWN_FAULTS} more.")
        super().__init__("\n".join(lines))
        self.faults = list(faults)


def folder_fault(folder: object, message: str) -> ProvisioningFailed:
    """The failure of a whole folder."""
    return ProvisioningFailed([Fault(str(folder), START, "", message)])
