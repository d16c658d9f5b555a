"""Files named on the command line, read and written as JSON or YAML."""

from __future__ import annotations

import json
import sys
from pathlib import PurePath
from typing import Any

import click

from integrations.authoring.json_source import read_json
from integrations.authoring.source_map import Source, SourceError
from integrations.authoring.yaml_source import dump_yaml, read_yaml

MAX_FILE_BYTES = 64 * 1024 * 1024
FORMATS = ("json", "yaml")


def read_file(name: str) -> Source:
    """The content of the file; `-` is standard input. Raises SourceError, and OSError for unreadable files."""
    if name == "-":
        data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    else:
        with click.open_file(name, "rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise SourceError("Larger than 64 MB.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError("Not UTF-8.") from None
    return read_text(text, name)


def read_text(text: str, name: str = "") -> Source:
    """The content of a text, as JSON or YAML by its name or else by its first character. Raises SourceError."""
    return read_json(text) if _is_json(name, text) else read_yaml(text)


def _is_json(name: str, text: str) -> bool:
    suffix = PurePath(name).suffix.lower()
    if suffix in (".yaml", ".yml"):
        return False
    return suffix == ".json" or text.lstrip()[:1] in ("{", "[")


def format_of(output: str | None) -> str:
    """The format that a file's name indicates; JSON by default."""
    return "yaml" if output and PurePath(output).suffix.lower() in (".yaml", ".yml") else "json"


def render(value: Any, output_format: str) -> str:
    """The value as a text that ends with a line break."""
    if output_format == "yaml":
        return dump_yaml(value)
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
