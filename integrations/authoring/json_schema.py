"""The JSON Schema (2020-12) of a registration body, made from the marshmallow schemas that registration uses.

It refuses what registration refuses because of type, structure or the `rules` between members of a section. References
between sections (does a block's endpoint exist, can a template be filled) are checked by `flask manifest lint`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import RAISE, Schema, fields, missing, validate

from schemas.api.plugins import DeclarationSchema
from schemas.fields import Version
from schemas.manifests.answers import ExtractItemField, ExtractItemSchema
from schemas.manifests.credentials import AuthField, CredentialSchema, SessionEndField, SessionEndSchema
from schemas.manifests.declared import DESCRIPTIVE, MAX_WORDS, Declared, Scalar
from schemas.manifests.display import (
    ICON,
    ICON_PREFIX,
    KEEP,
    MAX_ICON_CHARACTERS,
    DisplayField,
    DisplaySchema,
    EndField,
    IconField,
    KeepField,
)
from schemas.manifests.logins import LoginField, LoginStepSchema, OutputField, OutputSourceSchema
from schemas.manifests.manifest import ManifestSchema
from schemas.manifests.manifest_rules import DECLARATION_RULES
from schemas.manifests.words import MAX_HISTORY_SECONDS
from schemas.rules.rule_kinds import pattern_of
from schemas.rules.rules import Ruled

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# https://semver.org, the suggested expression without its named groups.
_SEMVER = (
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)"
    r"(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?"
    r"(\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?$"
)
_EXTRACT_TEXT = {"type": "string", "minLength": 1, "maxLength": 1000}
_MAX_CREDENTIALS = 10
_MAX_LOGIN_STEPS = 5

Json = dict[str, Any]
_EXPRESSION: Json = {"type": "string", "minLength": 1, "maxLength": 2000}
_FIELD_NAME: Json = {"type": "string", "minLength": 1, "maxLength": 200}
_KEEP_SECONDS: Json = {"type": "number", "minimum": 1, "maximum": MAX_HISTORY_SECONDS}
_UNCHECKED_DISPLAY: Json = {"not": {"type": "object", "required": ["kind"]}}
_ICON: Json = {"type": "string", "pattern": pattern_of(ICON), "maxLength": MAX_ICON_CHARACTERS}
_BEGINNING_LIKE_AN_ICON: Json = {"type": "string", "pattern": pattern_of(ICON_PREFIX)}


def registration_schema() -> Json:
    """The schema of `{id, name, version, type, manifest}`; each section of a manifest is under `$defs`."""
    walk = _Walk()
    body = walk.object(DeclarationSchema(), title="A plugin, as it is declared to Patchbay")
    body["properties"]["manifest"] = walk.nested(ManifestSchema())
    body["allOf"] = [rule.shape() for rule in DECLARATION_RULES]
    return {"$schema": DIALECT, **body, "$defs": dict(sorted(walk.definitions.items()))}


class _Walk:
    """Collects the schema of every section that it visits."""

    def __init__(self) -> None:
        self.definitions: dict[str, Json] = {}

    def nested(self, schema: Schema) -> Json:
        """A reference to a section, which is described once."""
        name = type(schema).__name__.removesuffix("Schema")
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self.object(schema)
        return {"$ref": f"#/$defs/{name}"}

    def object(self, schema: Schema, title: str | None = None) -> Json:
        words = {field.data_key or name: field for name, field in schema.fields.items()}
        found: Json = {"type": "object"}
        if title:
            found["title"] = title
        if description := inspect.getdoc(type(schema)):
            found["description"] = description
        found["properties"] = {word: self.field(field) for word, field in words.items()}
        if required := [word for word, field in words.items() if field.required]:
            found["required"] = required
        if isinstance(schema, Declared):
            found["properties"] |= dict.fromkeys(sorted(DESCRIPTIVE - words.keys()), True)
            if not schema.open_vocabulary:
                found |= {"patternProperties": {"^x-": True}, "additionalProperties": False}
            found["maxProperties"] = MAX_WORDS
        elif schema.unknown == RAISE:
            found["additionalProperties"] = False
        if isinstance(schema, Ruled) and schema.rules:
            found["allOf"] = [rule.shape() for rule in schema.rules]
        return found

    def field(self, field: fields.Field) -> Json:
        """The schema of one member."""
        found = self._kind(field)
        for rule in field.validators:
            found |= _rule_words(rule, found.get("type"))
        if field.allow_none and "type" in found:
            found["type"] = [found["type"], "null"]
        if description := field.metadata.get("description"):
            found["description"] = description
        if field.load_default is not missing:
            default = field.load_default
            found["default"] = default() if callable(default) else default
        return found

    def _kind(self, field: fields.Field) -> Json:
        for kind, describe in _KINDS:
            if isinstance(field, kind):
                return describe(self, field)
        raise TypeError(f"No JSON Schema is known for {type(field).__name__}.")

    def _list(self, field: fields.List) -> Json:
        return {"type": "array", "items": self.field(field.inner)}

    def _dict(self, field: fields.Dict) -> Json:
        found: Json = {"type": "object"}
        if field.key_field is not None and (rules := self.field(field.key_field)) != {"type": "string"}:
            found["propertyNames"] = {word: rules[word] for word in rules if word != "type"}
        if field.value_field is not None:
            found["additionalProperties"] = self.field(field.value_field)
        return found

    def _one_or_many(self, schema: Schema, limits: Mapping[str, int]) -> Json:
        one = self.nested(schema)
        return {"anyOf": [one, {"type": "array", "items": one, **limits}]}


def _raw(_walk: _Walk, field: fields.Field) -> Json:
    return {} if field.allow_none else {"not": {"type": "null"}}


# A field's first matching class decides, so subclasses come first.
_KINDS: tuple[tuple[type[fields.Field], Callable[[_Walk, Any], Json]], ...] = (
    (AuthField, lambda walk, _: walk._one_or_many(CredentialSchema(), {"maxItems": _MAX_CREDENTIALS})),
    (
        LoginField,
        lambda walk, _: walk._one_or_many(LoginStepSchema(), {"minItems": 1, "maxItems": _MAX_LOGIN_STEPS}),
    ),
    (
        OutputField,
        lambda walk, _: {"anyOf": [_EXPRESSION, walk.nested(OutputSourceSchema())]},
    ),
    (
        SessionEndField,
        lambda walk, _: {"anyOf": [_EXPRESSION, walk.nested(SessionEndSchema())]},
    ),
    (
        ExtractItemField,
        lambda walk, _: {"anyOf": [_EXTRACT_TEXT, walk.nested(ExtractItemSchema())]},
    ),
    (DisplayField, lambda walk, _: {"anyOf": [walk.nested(DisplaySchema()), _UNCHECKED_DISPLAY]}),
    (IconField, lambda _walk, _: {"anyOf": [_ICON, {"not": _BEGINNING_LIKE_AN_ICON}]}),
    (EndField, lambda _walk, _: {"anyOf": [{"type": "number"}, _FIELD_NAME]}),
    (KeepField, lambda _walk, _: {"anyOf": [_KEEP_SECONDS, {"type": "string", "pattern": pattern_of(KEEP)}]}),
    (Scalar, lambda _walk, _: {"type": ["string", "number", "boolean"]}),
    (Version, lambda _walk, _: {"type": "string", "pattern": _SEMVER, "maxLength": 256}),
    (fields.Nested, lambda walk, field: walk.nested(field.schema)),
    (fields.Dict, lambda walk, field: walk._dict(field)),
    (fields.List, lambda walk, field: walk._list(field)),
    (fields.Boolean, lambda _walk, _: {"type": "boolean"}),
    (fields.Integer, lambda _walk, _: {"type": "integer"}),
    (fields.Float, lambda _walk, _: {"type": "number"}),
    (fields.String, lambda _walk, _: {"type": "string"}),
    (fields.Raw, _raw),
)


def _rule_words(rule: Any, kind: Any) -> Json:
    if isinstance(rule, validate.Length):
        unit = "Items" if kind == "array" else "Length"
        return _given({f"min{unit}": rule.min or None, f"max{unit}": rule.max})
    if isinstance(rule, validate.Range):
        return _given({"minimum": rule.min, "maximum": rule.max})
    if isinstance(rule, validate.OneOf):
        return {"enum": list(rule.choices)}
    if isinstance(rule, validate.Regexp):
        return {"pattern": pattern_of(rule)}
    return {}


def _given(words: Mapping[str, Any]) -> Json:
    return {word: value for word, value in words.items() if value is not None}
