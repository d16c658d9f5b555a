"""Schemas of declarations and their results."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from schemas.api.state import PageSchema, ReviewSchema
from schemas.fields import Icon, ManagedBy, Name, PluginId, RowId, Timestamp, Version

PLUGIN_TYPES = ("view", "theme", "integration")
MAX_BATCH_SIZE = 1000


class PluginType(fields.String):
    """The type of a plugin."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(PLUGIN_TYPES, error="Must be one of: {choices}."), **kwargs)


class DeclarationSchema(Schema):
    """A plugin as its frontend declares it."""

    class Meta:
        unknown = RAISE

    id = PluginId(required=True)
    name = Name(required=True)
    version = Version(required=True)
    type = PluginType(required=True)
    manifest = fields.Dict(required=True)


class DeclareQuerySchema(Schema):
    """How a declaration is stored."""

    downgrade = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        load_default=False,
        metadata={"description": "Whether an older version may replace the stored one."},
    )


class HandOverSchema(Schema):
    """Who may change a plugin from now on."""

    class Meta:
        unknown = RAISE

    declared_by = RowId(
        required=True,
        allow_none=True,
        metadata={"description": "The id of a named token; null for the owner only."},
    )


class DeclarerSchema(Schema):
    """The token that declared a plugin."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)


class BatchSchema(Schema):
    """Plugins to declare at once. Each is validated separately, so that an invalid one never blocks the others."""

    class Meta:
        unknown = RAISE

    plugins = fields.List(
        fields.Raw(
            allow_none=True, metadata={"description": "A declaration: `{id, name, version, type, manifest}`."}
        ),
        required=True,
        validate=validate.Length(max=MAX_BATCH_SIZE),
    )


class AdviceSchema(Schema):
    """A warning about a valid part of a declaration that is probably not meant."""

    path = fields.String(required=True, metadata={"description": "The field: `manifest.blocks[0].select`."})
    message = fields.String(required=True)
    code = fields.String(
        required=True, metadata={"description": "The name of the rule, as in `flask manifest lint`."}
    )


class RegistrationSchema(Schema):
    """The result of a declaration."""

    id = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    version = fields.String(required=True, allow_none=True)
    type = fields.String(required=True, allow_none=True)
    registered = fields.Boolean(required=True)
    message = fields.String(required=True)
    status = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["registered", "updated", "unchanged", None]),
    )
    review = fields.Nested(ReviewSchema, required=True, allow_none=True)
    warnings = fields.List(fields.Nested(AdviceSchema), required=True)


class BatchResultSchema(RegistrationSchema):
    """The result of one declaration of a batch; `errors` is null if it was stored."""

    errors = fields.Dict(
        keys=fields.String(), values=fields.List(fields.String()), required=True, allow_none=True
    )
    code = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The code of the problem; null if it was stored."},
    )


class BatchResultsSchema(Schema):
    """The results of a batch."""

    registered = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    results = fields.List(fields.Nested(BatchResultSchema), required=True)


class PluginSummarySchema(Schema):
    """A plugin in a list."""

    declared_by = fields.Nested(
        DeclarerSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null if the owner declared it. To a named token it names only that token."},
    )
    id = fields.String(required=True)
    name = fields.String(required=True)
    version = fields.String(required=True)
    type = fields.String(required=True)
    icon = Icon()
    enabled = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "Whether the plugin starts enabled, if the manifest says so."},
    )
    registered_at = Timestamp(required=True)
    updated_at = Timestamp(required=True)
    last_seen_at = Timestamp(required=True)
    managed_by = ManagedBy()


class PluginSchema(PluginSummarySchema):
    """A plugin with its manifest."""

    manifest = fields.Dict(required=True)


class PluginsQuerySchema(PageSchema):
    """Selects plugins."""

    type = PluginType()
