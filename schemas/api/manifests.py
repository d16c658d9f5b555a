"""Schemas for those who write manifests."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.fields import Name, PluginId, Version

MAX_TEXT_CHARACTERS = 4_000_000


class ManifestTextSchema(Schema):
    """A registration body or a manifest as its author writes it."""

    text = fields.String(
        required=True,
        validate=validate.Length(max=MAX_TEXT_CHARACTERS),
        metadata={"description": "JSON, or YAML 1.2."},
    )


class FindingSchema(Schema):
    """An error, or a warning about a valid part that is probably not meant."""

    level = fields.String(required=True, validate=validate.OneOf(["error", "warning"]))
    path = fields.String(required=True, metadata={"description": "Such as `manifest.endpoints[2].path`."})
    message = fields.String(required=True)
    code = fields.String(required=True, allow_none=True, metadata={"description": "The rule of a warning."})
    line = fields.Integer(required=True, metadata={"description": "In the text, from 1."})
    column = fields.Integer(required=True, metadata={"description": "In characters, from 1."})


class LintedSchema(Schema):
    """What was found in a text."""

    findings = fields.List(fields.Nested(FindingSchema), required=True)
    kind = fields.String(
        required=True,
        validate=validate.OneOf(["registration", "manifest"]),
        metadata={"description": "Whether the text is a registration body, or a manifest alone."},
    )
    value = fields.Raw(
        required=True,
        metadata={"description": "The text as JSON; null if it cannot be read or has an error."},
    )


class OpenApiTextSchema(ManifestTextSchema):
    """An OpenAPI document to convert, and the plugin that it becomes."""

    id = PluginId(required=True)
    name = Name(metadata={"description": "Default: the document's title."})
    version = Version(metadata={"description": "Default: the document's, or 1.0.0."})
    server = fields.String(
        validate=validate.Length(max=2000),
        metadata={"description": "The document's N-th server, from 1, or an absolute URL."},
    )
    tags = fields.List(fields.String(), load_default=list)
    paths = fields.List(fields.String(), load_default=list, metadata={"description": "Like `/pets*`."})


class ConvertedSchema(Schema):
    """A registration body, and what of the document it does not contain."""

    declaration = fields.Dict(required=True)
    notes = fields.List(fields.String(), required=True)
