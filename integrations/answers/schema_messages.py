"""The message for a mismatch: the schema's own keywords and numbers, never the provider's value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

_MAX_CHARACTERS = 200


def describe_mismatch(kind: Any) -> str:
    """One line for a `jsonschema_rs.ValidationErrorKind`."""
    describe = _DESCRIPTIONS.get(kind.name)
    message = describe(kind.as_dict()) if describe else "does not match"
    return message if len(message) <= _MAX_CHARACTERS else message[: _MAX_CHARACTERS - 1] + "…"


def _listed(values: Any) -> str:
    return ", ".join(str(value) for value in list(values)[:10])


_DESCRIPTIONS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "type": lambda kind: f"is not of type {' or '.join(map(str, kind['types']))}",
    "required": lambda kind: f"`{kind['property']}` is missing",
    "enum": lambda kind: f"is none of {_listed(kind['options'])}",
    "const": lambda kind: f"is not {kind['expected_value']}",
    "minimum": lambda kind: f"is less than {kind['limit']}",
    "maximum": lambda kind: f"is more than {kind['limit']}",
    "exclusiveMinimum": lambda kind: f"is not more than {kind['limit']}",
    "exclusiveMaximum": lambda kind: f"is not less than {kind['limit']}",
    "multipleOf": lambda kind: f"is not a multiple of {kind['multiple_of']}",
    "minLength": lambda kind: f"is shorter than {kind['limit']} characters",
    "maxLength": lambda kind: f"is longer than {kind['limit']} characters",
    "minItems": lambda kind: f"has fewer than {kind['limit']} items",
    "maxItems": lambda kind: f"has more than {kind['limit']} items",
    "minProperties": lambda kind: f"has fewer than {kind['limit']} properties",
    "maxProperties": lambda kind: f"has more than {kind['limit']} properties",
    "pattern": lambda kind: f"does not match the pattern {kind['pattern']}",
    "format": lambda kind: f"is not a valid {kind['format']}",
    "anyOf": lambda _kind: "matches none of the schemas in anyOf",
    "oneOf": lambda _kind: "does not match exactly one of the schemas in oneOf",
    "not": lambda _kind: "matches a schema that it must not match",
    "contains": lambda _kind: "has no item of the kind that it must contain",
    "uniqueItems": lambda _kind: "has the same item twice",
    "additionalProperties": lambda _kind: "has a property that is not allowed",
    "unevaluatedProperties": lambda _kind: "has a property that is not allowed",
    "additionalItems": lambda _kind: "has an item too many",
    "unevaluatedItems": lambda _kind: "has an item that is not allowed",
    "propertyNames": lambda _kind: "has a property whose name is not allowed",
    "falseSchema": lambda _kind: "is not allowed here",
}
