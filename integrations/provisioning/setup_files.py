"""The files of a provisioning folder, as values with positions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from integrations.authoring.files import read_text
from integrations.authoring.source_map import Source, SourceError
from integrations.provisioning.faults import Fault, ProvisioningFailed, folder_fault
from plugin_store.registry import flat_errors
from regular_files import UnusableFile, read_regular_file
from schemas.provisioning import SetupFileSchema

SUFFIXES = frozenset({".yaml", ".yml", ".json"})
MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_FILES = 1000

SCHEMA = SetupFileSchema()


@dataclass(frozen=True, slots=True)
class SetupFile:
    """One file. `name` is relative to the folder, `content` is checked, `source` knows the positions."""

    name: str
    path: Path
    source: Source
    content: dict[str, Any]

    def fault(self, path: str, message: str) -> Fault:
        return Fault(self.name, self.source.position(path), path, message)


def read_folder(folder: Path) -> list[SetupFile]:
    """The folder's files by name. Those in subfolders and hidden ones are not read.

    Raises ProvisioningFailed with all faults. A folder without files is one, so that a folder that is not mounted does
    not count as empty.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if _is_setup(path))
    except OSError:
        raise folder_fault(folder, "This folder cannot be read.") from None
    if not paths:
        raise folder_fault(folder, "There is no .yaml, .yml or .json file in this folder.")
    if len(paths) > MAX_FILES:
        raise folder_fault(folder, f"There are more than {MAX_FILES} files in this folder.")
    files, faults = [], []
    for path in paths:
        try:
            files.append(_read_setup(path))
        except ProvisioningFailed as error:
            faults += error.faults
    if faults:
        raise ProvisioningFailed(faults)
    return files


def read_source(path: Path, name: str) -> Source:
    """The file's value with positions. Raises ProvisioningFailed."""
    try:
        text = read_regular_file(path, MAX_FILE_BYTES).decode("utf-8-sig")
        return read_text(text, name)
    except UnusableFile as error:
        raise folder_fault(name, f"This file {error}.") from None
    except UnicodeDecodeError:
        raise folder_fault(name, "Not UTF-8.") from None
    except SourceError as error:
        raise ProvisioningFailed([Fault(name, error.position, "", str(error))]) from None


def _is_setup(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and not path.is_dir()


def _read_setup(path: Path) -> SetupFile:
    source = read_source(path, path.name)
    value = {} if source.value is None else source.value
    file = SetupFile(path.name, path, source, value)
    if not isinstance(value, dict):
        raise ProvisioningFailed([file.fault("", "A file contains `plugins` and `workspaces`.")])
    try:
        content: Any = SCHEMA.load(value)
    except ValidationError as error:
        found = flat_errors(error.normalized_messages())
        raise ProvisioningFailed(
            [file.fault(field, message) for field, messages in found.items() for message in messages]
        ) from None
    return SetupFile(path.name, path, source, content)
