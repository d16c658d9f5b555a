"""The last backup of a data folder, for users: remembered beside the data."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from plugin_store.engine.files import replace_private_file

FILE_NAME = ".backup.json"


@dataclass(frozen=True, slots=True)
class LastBackup:
    """When the last backup was made, and where; `error` is why a later one failed, at `failed_at`."""

    at: float | None = None
    path: str | None = None
    size_bytes: int | None = None
    failed_at: float | None = None
    error: str | None = None


def read_last(instance: Path) -> LastBackup:
    """An empty one if none was made or the file cannot be read."""
    try:
        value = json.loads((instance / FILE_NAME).read_text("utf-8"))
        return LastBackup(**value)
    except (OSError, ValueError, TypeError):
        return LastBackup()


def note_backup(instance: Path, path: Path, now: float) -> None:
    """Remembers a backup that was made. Raises OSError."""
    _write(instance, LastBackup(at=now, path=str(path), size_bytes=path.stat().st_size))


def note_failure(instance: Path, error: str, now: float) -> None:
    """Remembers that the last attempt failed. Raises OSError."""
    _write(instance, replace(read_last(instance), failed_at=now, error=error))


def _write(instance: Path, last: LastBackup) -> None:
    replace_private_file(instance / FILE_NAME, json.dumps(asdict(last)).encode())
