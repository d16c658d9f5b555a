"""Limits the cost of compiling a whole manifest. Each pattern, schema and expression also has its own limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.json.json_limits import SizeLimits, ValueTooBigError, measure_value
from integrations.manifests.compiling.problems import Problems

COMPILED_SECTIONS = ("integration", "properties", "endpoints", "blocks")
MAX_SIZE = SizeLimits(nodes=100_000, characters=4_000_000, depth=100)
MAX_PATTERNS = 300
MAX_EXPRESSION_CHARACTERS = 200_000
_EXPRESSIONS = frozenset({"select", "outputs"})


def check_costs(manifest: Mapping[str, Any], problems: Problems) -> None:
    """Adds a problem for each exceeded limit. Cheap, whatever the manifest."""
    compiled = {name: manifest[name] for name in COMPILED_SECTIONS if name in manifest}
    try:
        measure_value(compiled, MAX_SIZE)
    except ValueTooBigError:
        problems.add("", "Too large or nested too deeply.")
        return
    patterns = expression_characters = 0
    for word, value in _words(compiled):
        patterns += _count_patterns(word, value)
        if word in _EXPRESSIONS or word.endswith("_path"):
            expression_characters += _count_characters(value)
    if patterns > MAX_PATTERNS:
        problems.add("", f"More than {MAX_PATTERNS} patterns.")
    if expression_characters > MAX_EXPRESSION_CHARACTERS:
        problems.add("", f"More than {MAX_EXPRESSION_CHARACTERS} characters of JMESPath.")


def _words(value: Any) -> Iterator[tuple[str, Any]]:
    """Every member at any depth, by name."""
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, Mapping):
            yield from current.items()
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)


def _count_patterns(word: str, value: Any) -> int:
    if word == "pattern":
        return int(isinstance(value, str))
    if word in ("patternProperties", "url_patterns"):
        return len(value) if isinstance(value, Mapping | list) else 0
    return 0


def _count_characters(value: Any) -> int:
    texts = value.values() if isinstance(value, Mapping) else [value]
    return sum(len(text) for text in texts if isinstance(text, str))
