"""What a backup contains, as its first member `manifest.json` says. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from plugin_store.engine.sqlite.file import DATABASE_NAME

MANIFEST_NAME = "manifest.json"
FORMAT = "patchbay-backup"
FORMAT_VERSION = 1
CACHE_DATABASE = "cache/cache.db"
MAX_FILES = 2_000_000
# The names that a backup may have: nothing leads out of the folder.
NAME = re.compile(
    rf"{re.escape(DATABASE_NAME)}|{re.escape(CACHE_DATABASE)}|cache/[0-9a-f]{{2}}/[0-9a-f]{{2}}/[0-9a-f]{{28}}\.val"
)


class UnusableBackup(ValueError):
    """An archive that is no whole backup. The message says why."""


class Member(NamedTuple):
    """A file of the backup, with its SHA-256 in hex."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """The manifest. `schema` is the revision of the tables, `patchbay` the version that made the backup."""

    patchbay: str
    schema: str
    created_at: str
    artifacts: bool
    files: tuple[Member, ...]

    @property
    def size_bytes(self) -> int:
        return sum(member.size for member in self.files)

    def as_json(self) -> bytes:
        written = asdict(self) | {"files": [member._asdict() for member in self.files]}
        return json.dumps({"format": FORMAT, "format_version": FORMAT_VERSION, **written}, indent=1).encode()


def read_contents(text: bytes) -> Contents:
    """The manifest of an archive that anybody may have written. Raises UnusableBackup."""
    try:
        value = json.loads(text)
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise UnusableBackup("It is no backup of Patchbay.")
        if value.get("format_version") != FORMAT_VERSION:
            raise UnusableBackup("It was made by a newer version of Patchbay: restore it with that one.")
        return Contents(
            patchbay=_text(value, "patchbay"),
            schema=_text(value, "schema"),
            created_at=_text(value, "created_at"),
            artifacts=value.get("artifacts") is True,
            files=_members(value.get("files")),
        )
    except (ValueError, TypeError, RecursionError) as error:
        if isinstance(error, UnusableBackup):
            raise
        raise UnusableBackup(f"Its {MANIFEST_NAME} cannot be read.") from None


def _text(value: Mapping[str, Any], word: str) -> str:
    text = value.get(word)
    if not isinstance(text, str) or not re.fullmatch(r"[\w.:+-]{1,64}", text, re.ASCII):
        raise TypeError(word)
    return text


def _members(listed: Any) -> tuple[Member, ...]:
    if not isinstance(listed, list) or len(listed) > MAX_FILES:
        raise TypeError("files")
    members = tuple(_member(item) for item in listed)
    names = [member.name for member in members]
    if len(set(names)) != len(names) or names[:1] != [DATABASE_NAME]:
        raise TypeError("files")
    return members


def _member(item: Mapping[str, Any]) -> Member:
    name, size, sha256 = item["name"], item["size"], item["sha256"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise UnusableBackup("It contains a file that no backup has.")
    if type(size) is not int or size < 0 or not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise TypeError("files")
    return Member(name, size, sha256)


def newer_than(schema: str, known: Sequence[str]) -> bool:
    """Whether a newer version of Patchbay made tables of that revision."""
    return schema not in known
