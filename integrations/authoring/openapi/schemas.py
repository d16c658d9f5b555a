"""Converts OpenAPI schemas to standalone JSON Schema (2020-12) of limited size: references become `$defs`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from integrations.answers.response_schema import compile_response_schema
from integrations.authoring.openapi.document import Document, NotConvertible
from integrations.authoring.openapi.names import unique_name, valid_name
from integrations.authoring.openapi.shapes import is_exact

MAX_SCHEMA_CHARACTERS = 40_000
_KEPT = (
    "type",
    "enum",
    "const",
    "required",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "minContains",
    "maxContains",
    "dependentRequired",
)
_ONE = (
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
)
_SEVERAL = ("allOf", "anyOf", "oneOf", "prefixItems")
_BY_NAME = ("properties", "patternProperties", "dependentSchemas")


def standalone_schema(document: Document, schema: Any) -> Any:
    """The schema with all its references. Raises Unfit if it is too large or cannot be checked."""
    reason = ""
    for keep_patterns in (True, False):
        found = _Inliner(document, keep_patterns).whole(schema)
        if found in ({}, True):
            return None
        try:
            compile_response_schema(found)
        except ValueError as error:
            reason = str(error)
            continue
        return found
    raise NotConvertible(reason)


class _Inliner:
    """Converts one schema; `$defs` collects its references, each once."""

    def __init__(self, document: Document, keep_patterns: bool) -> None:
        self._document = document
        self._keep_patterns = keep_patterns
        self._names: dict[str, str] = {}
        self._definitions: dict[str, Any] = {}
        self._characters = 0

    def whole(self, schema: Any) -> Any:
        found = self._schema(schema)
        waiting = True
        while waiting:
            waiting = [item for item in self._names.items() if item[1] not in self._definitions]
            for reference, name in waiting:
                self._definitions[name] = self._schema(self._document.at(reference))
        if self._definitions and isinstance(found, dict):
            found = {**found, "$defs": self._definitions}
        return found

    def _schema(self, schema: Any) -> Any:
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, Mapping):
            return {}
        found: dict[str, Any] = {}
        if isinstance(schema.get("$ref"), str):
            found["$ref"] = f"#/$defs/{self._name(schema['$ref'])}"
            if self._document.is_old:
                return found
        found |= {word: schema[word] for word in _KEPT if word in schema and is_exact(schema[word])}
        if not self._keep_patterns:
            found.pop("pattern", None)
        found |= {word: self._schema(schema[word]) for word in _ONE if word in schema}
        for word in _SEVERAL:
            if isinstance(schema.get(word), list):
                found[word] = [self._schema(part) for part in schema[word]]
        for word in _BY_NAME:
            if isinstance(schema.get(word), Mapping) and (self._keep_patterns or word != "patternProperties"):
                found[word] = {name: self._schema(part) for name, part in schema[word].items()}
        found = self._modern(schema, found) if self._document.is_old else found
        self._count(found)
        return _without_sent_only(schema, found)

    def _name(self, reference: str) -> str:
        if reference not in self._names:
            last = unquote(reference.rsplit("/", 1)[-1]).replace("~1", "/").replace("~0", "~")
            self._names[reference] = unique_name(valid_name(last, "schema"), set(self._names.values()))
        return self._names[reference]

    def _modern(self, schema: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        """Converts OpenAPI 3.0's own keywords: exclusive bounds as flags, and `nullable`."""
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if isinstance(found.get(exclusive), bool) and found.pop(exclusive) and bound in found:
                found[exclusive] = found.pop(bound)
        if schema.get("nullable") is not True:
            return found
        if not isinstance(found.get("type"), str):
            return {"anyOf": [found, {"type": "null"}]} if found else found
        found["type"] = [found["type"], "null"]
        if isinstance(found.get("enum"), list) and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
        return found

    def _count(self, found: Mapping[str, Any]) -> None:
        own = {word: found[word] for word in found if word in _KEPT or word == "$ref"}
        own |= dict.fromkeys(found.get("properties", ()), "")
        self._characters += len(json.dumps(own))
        if self._characters > MAX_SCHEMA_CHARACTERS:
            raise NotConvertible("it is too large to be checked with every answer")


def _without_sent_only(schema: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Members that are only sent (`writeOnly`) are not required in an answer."""
    required, properties = found.get("required"), schema.get("properties")
    if not isinstance(required, list) or not isinstance(properties, Mapping):
        return found
    sent_only = {
        name
        for name, part in properties.items()
        if isinstance(part, Mapping) and part.get("writeOnly") is True
    }
    if kept := [name for name in required if not isinstance(name, str) or name not in sent_only]:
        return {**found, "required": kept}
    return {word: found[word] for word in found if word != "required"}
