"""YAML is read with a position for each value, or refused with one inside the text."""

from __future__ import annotations

import math
from typing import Any

from integrations.authoring.source_map import SourceError
from integrations.authoring.yaml_source import dump_yaml, read_yaml
from settings import ROOT

SEEDS = [
    b"a: 1\nb: [x, {c: null}]\n",
    b"&a [*a]",
    b"a: &x {b: 1}\nc: *x\n<<: *x\n",
    b"? [complex]\n: 1\n",
    b"a: !!python/object:os.system 1\n",
    b"--- |\n text\n...\n---\n",
    b'\xef\xbb\xbfa: "\\ud800"\n',
    *(path.read_bytes() for path in sorted((ROOT / "examples" / "provision").rglob("*.yaml"))),
]


def check(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        source = read_yaml(text)
    except SourceError as error:
        _check_position(error.position, text)
        return
    for path in _paths(source.value, ""):
        _check_position(source.position(path), text)
    assert read_yaml(dump_yaml(source.value)).value == source.value or _has_nan(source.value)


def _check_position(position: tuple[int, int], text: str) -> None:
    line, column = position
    # YAML ends lines at NEL and at the separators of Unicode too.
    lines = text.splitlines() or [""]
    assert 1 <= line <= len(lines) + 1
    assert column >= 1
    if line <= len(lines):
        assert column <= len(lines[line - 1]) + 1 or "\ufeff" in text


def _paths(value: Any, path: str, depth: int = 0) -> list[str]:
    if depth > 5:
        return [path]
    if isinstance(value, dict):
        inner = [found for key, item in value.items() for found in _paths(item, f"{path}.{key}", depth + 1)]
    elif isinstance(value, list):
        inner = [found for n, item in enumerate(value) for found in _paths(item, f"{path}[{n}]", depth + 1)]
    else:
        inner = []
    return [path, *inner][:200]


def _has_nan(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_nan, value.values()))
    if isinstance(value, list):
        return any(map(_has_nan, value))
    return isinstance(value, float) and math.isnan(value)
