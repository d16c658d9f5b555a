"""Schemas of stored answers."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from schemas.fields import Timestamp


class ArtifactsQuerySchema(Schema):
    """Selects the artifacts to list."""

    include = fields.String(validate=validate.OneOf(["data"]))
    block_type = fields.String()


class WorkspaceArtifactsQuerySchema(Schema):
    """Selects the artifacts of a workspace to list."""

    integration_id = fields.String()
    block_type = fields.String()


class ArtifactSchema(Schema):
    """A stored answer."""

    plugin_id = fields.String(required=True)
    block_id = fields.String(required=True, allow_none=True)
    endpoint_id = fields.String(required=True, allow_none=True)
    parameters = fields.Dict(required=True)
    parameters_hash = fields.String(required=True)
    fetched_at = Timestamp(required=True)
    expires_at = Timestamp(required=True)
    stale_until = Timestamp(required=True)
    size_bytes = fields.Integer(required=True)
    content_type = fields.String(required=True)
    last_error = fields.String(required=True, allow_none=True)
    data = fields.Raw(metadata={"description": "With include=data: the stored answer; null if it is gone."})


class ArtifactWithDataSchema(ArtifactSchema):
    """A stored answer with its data."""

    data = fields.Raw(required=True, metadata={"description": "The stored answer; null if it is gone."})


class PurgedSchema(Schema):
    """The number of purged artifacts."""

    purged = fields.Integer(required=True)
