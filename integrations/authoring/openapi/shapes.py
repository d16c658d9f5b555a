"""The type and rules of a parameter or body member, from its schema as far as a manifest can express them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.authoring.openapi.document import Document
from integrations.manifests.patterns import compile_pattern
from plugin_store.engine.canonical import UncanonicalError, canonical_json
from plugin_store.settings.properties import compile_check
from schemas.manifests.words import JSON_TYPES, PROPERTY_FORMATS

SCALARS = ("string", "integer", "number", "boolean")
MIXED = "mixed"
"""The type of a value that is text or a number: the same in a URL, not in JSON."""
_MAX_DEPTH = 20
_MAX_PATTERN = 900
_MAX_CHOICES = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema with its references and `allOf` resolved. `type` is None if several types are allowed."""

    type: str | None
    words: Mapping[str, Any] = field(default_factory=dict)

    @property
    def properties(self) -> Mapping[str, Any]:
        found = self.words.get("properties")
        return found if isinstance(found, Mapping) else {}

    @property
    def required(self) -> list[str]:
        found = self.words.get("required")
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    @property
    def is_scalar(self) -> bool:
        return self.type in (*SCALARS, MIXED)


def read_shape(document: Document, schema: Any, depth: int = 0) -> Shape:
    """The shape of a schema. Raises Unfit for a reference that cannot be followed."""
    if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
        return Shape(None)
    words: dict[str, Any] = {}
    kinds: list[str | None] = []
    if "$ref" in schema:
        target = read_shape(document, document.resolve(schema), depth + 1)
        if document.is_old:
            return target
        words, kinds = dict(target.words), [target.type]
    for part in _list(schema, "allOf"):
        inner = read_shape(document, part, depth + 1)
        words = _merged(words, inner.words)
        kinds.append(inner.type)
    words = _merged(words, {word: schema[word] for word in schema if word not in ("$ref", "allOf")})
    for keyword in ("anyOf", "oneOf"):
        choices = [
            read_shape(document, part, depth + 1) for part in _list(schema, keyword) if not _is_null(part)
        ]
        if len(choices) == 1:
            words = _merged(words, choices[0].words)
        if choices:
            kinds.append(_common_type([choice.type for choice in choices]))
            if len(choices) > 1 and kinds[-1] is None:
                return Shape(None, words)
    own = _own_type(words)
    known = [kind for kind in (own, *kinds) if kind is not None]
    return Shape(known[0] if known else None, words)


def declared_value(shape: Shape) -> dict[str, Any]:
    """`type` and rules of a value as members of a manifest. Rules that it cannot express are left out."""
    kind = "string" if shape.type in (MIXED, None) else shape.type
    words = shape.words
    found: dict[str, Any] = {"type": kind}
    choices = _choices(words)
    if choices and not any(compile_check({"type": kind})(choice) for choice in choices):
        found["enum"] = choices
    if shape.type in JSON_TYPES:
        found |= _bounds(str(kind), words)
    if kind == "string":
        if words.get("format") in PROPERTY_FORMATS and shape.type == "string":
            found["format"] = words["format"]
        if (pattern := _whole_pattern(words.get("pattern"))) and shape.type == "string":
            found["pattern"] = pattern
    default = words.get("default")
    if default is not None and not compile_check(found)(default):
        found["default"] = default
    return found


def is_exact(value: Any) -> bool:
    """Whether every JSON reader reads the same value. This is not true for the bounds of 64-bit integers."""
    try:
        canonical_json(value)
    except UncanonicalError:
        return False
    return True


def _list(schema: Mapping[str, Any], keyword: str) -> Sequence[Any]:
    found = schema.get(keyword)
    return found if isinstance(found, list) else ()


def _is_null(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    return (
        schema.get("type") in ("null", ["null"])
        or schema.get("enum") == [None]
        or ("const", None) in schema.items()
    )


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**one, **other}
    if isinstance(one.get("properties"), Mapping) and isinstance(other.get("properties"), Mapping):
        merged["properties"] = {**one["properties"], **other["properties"]}
    if isinstance(one.get("required"), list) and isinstance(other.get("required"), list):
        merged["required"] = [*one["required"], *other["required"]]
    return merged


def _own_type(words: Mapping[str, Any]) -> str | None:
    declared = words.get("type")
    kinds = [kind for kind in (declared if isinstance(declared, list) else [declared]) if kind in JSON_TYPES]
    if kinds:
        return _common_type(kinds)
    if choices := _choices(words):
        return _common_type([_type_of(choice) for choice in choices])
    if "properties" in words or isinstance(words.get("additionalProperties"), Mapping):
        return "object"
    return "array" if "items" in words else None


def _common_type(kinds: Sequence[str | None]) -> str | None:
    different = set(kinds)
    if len(different) == 1:
        return kinds[0]
    if different == {"integer", "number"}:
        return "number"
    return MIXED if different <= {*SCALARS, MIXED} else None


def _type_of(value: Any) -> str | None:
    return next(
        (
            kind
            for kind in ("boolean", "integer", "number", "string")
            if not compile_check({"type": kind})(value)
        ),
        None,
    )


def _choices(words: Mapping[str, Any]) -> list[Any]:
    choices = words.get("enum")
    if "const" in words:
        choices = [words["const"]]
    found = [choice for choice in choices if choice is not None] if isinstance(choices, list) else []
    return found if len(found) <= _MAX_CHOICES else []


_BOUND_WORDS = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
    "integer": ("minimum", "maximum"),
    "number": ("minimum", "maximum"),
}


def _bounds(kind: str, words: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, word, exclusive, step in zip(
        ("min", "max"),
        _BOUND_WORDS.get(kind, ()),
        ("exclusiveMinimum", "exclusiveMaximum"),
        (1, -1),
        strict=False,
    ):
        bound = words.get(word)
        if kind in ("integer", "number"):
            bound = _inclusive(kind, bound, words.get(exclusive), step)
        if isinstance(bound, int | float) and not isinstance(bound, bool) and is_exact(bound):
            found[name] = bound
    return {} if found.get("min", 0) > found.get("max", float("inf")) and "min" in found else found


def _inclusive(kind: str, bound: Any, exclusive: Any, step: int) -> Any:
    """The inclusive bound; None for an exclusive bound of a non-integer number."""
    is_flag = exclusive is True  # OpenAPI 3.0
    if exclusive is None or exclusive is False:
        return bound
    open_bound = bound if is_flag else exclusive
    if kind == "integer" and isinstance(open_bound, int):
        return open_bound + step
    return None


def _whole_pattern(pattern: Any) -> str | None:
    """A pattern for the whole value, because JSON Schema matches anywhere; None if RE2 does not support it."""
    if not isinstance(pattern, str) or not pattern or len(pattern) > _MAX_PATTERN:
        return None
    is_whole = pattern.startswith("^") and re.search(r"(?<!\\)(?:\\\\)*\$\Z", pattern) and "|" not in pattern
    whole = pattern if is_whole else f"(?s:.*)(?:{pattern})(?s:.*)"
    try:
        compile_pattern(pattern)
        compile_pattern(whole)
        compile_check({"pattern": whole})
    except ValueError:
        return None
    return whole
